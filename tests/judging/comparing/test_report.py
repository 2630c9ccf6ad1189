"""Kinds by bytes, distances, the picture, and the pages."""

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.judging.comparing.cells import Comparison, Point
from castalia.judging.comparing.describing import is_table, observed
from castalia.judging.comparing.observed import Subject, Trial
from castalia.judging.comparing.rows import rows
from castalia.judging.comparing.rows.behaviour import distance
from castalia.judging.comparing.writing import write
from castalia.modalities.sound import encode


def made(name: str, makes: str, purposes: list[str]) -> Subject:
    model = Model.model_validate(
        {"name": name, "format": "fake", "engines": ["fake"], "outputs": [makes], "folder": "/nowhere"}
    )
    out = observed(Part.of_text("a few words"))
    trials = [{"purpose": one, "prompt": "say it", "seed": 0, "wanted": "text", "seconds": 1.0} for one in purposes]
    tried = [Trial.model_validate({**one, "outputs": [out], "cpu_seconds": 2.0}) for one in trials]
    return Subject(model=model, engine="fake", trials=tried, no_evaluation="none was made")


def png(colour: tuple[int, int, int]) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (20, 30), colour).save(target, "PNG")
    return target.getvalue()


def gif() -> bytes:
    frames = [Image.new("RGB", (8, 8), (20 * number, 0, 0)) for number in range(5)]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    return target.getvalue()


def tone(pitch: float) -> bytes:
    return encode(0.5 * np.sin(np.arange(8000) * pitch).astype(np.float32), 16_000, "audio/wav")


@pytest.mark.parametrize(
    ("claimed", "data", "kind"),
    [
        ("image", png((0, 0, 0)), "image"),
        ("image", gif(), "video"),
        ("audio", tone(0.1), "audio"),
        ("image", tone(0.1), "audio"),
        ("speech", tone(0.1), "speech"),
        ("table", b"a,b\n1,2\n", "table"),
        ("image", b"no picture at all", "text"),
    ],
)
def test_the_bytes_tell_the_kind_whatever_the_engine_says(claimed: str, data: bytes, kind: str) -> None:
    media_type = "text/csv" if kind == "table" else "application/octet-stream"
    assert observed(Part(type=claimed, data=data, media_type=media_type)).kind == kind


def test_a_text_is_a_table_when_all_of_it_is() -> None:
    assert is_table("```csv\na,b,c\n1,2,3\n4,5,6\n```")
    assert not is_table("Roses are red,\nviolets are blue,\nand so on,")
    assert observed(Part.of_text("| a | b |\n| 1 | 2 |\n| 3 | 4 |")).kind == "table"


def test_distance_is_none_for_the_same_and_grows_with_the_difference() -> None:
    black, grey, white = (observed(Part(type="image", data=png((level, level, level)))) for level in (0, 128, 255))
    assert distance(black, black) == 0.0
    assert distance(black, grey) == pytest.approx(0.5, abs=0.01)
    assert distance(black, white) == 1.0
    low, near, high = (observed(Part(type="audio", data=tone(pitch))) for pitch in (0.1, 0.11, 1.5))
    assert 0.0 < float(distance(low, near) or 0.0) < float(distance(low, high) or 0.0)
    assert distance(observed(Part.of_text("a b c")), observed(Part.of_text("d e f"))) == 1.0
    assert distance(black, low) is None


def comparison() -> Comparison:
    subjects = [made("one", "text", ["request", "sample"]), made("<two>", "image", ["sample"])]
    placed = [
        Point(model="one", makes="text", cost=0.5, quality=0.7, interval=(0.6, 0.8), figures=3, frontier=True),
        Point(model="<two>", makes="image", cost=20.0, quality=0.2, interval=(0.1, 0.4), figures=2),
    ]
    return Comparison(
        seed=0,
        samples=1,
        command="castalia compare one <two>",
        requests={"source": "ours", "asked": 1},
        models={one.name: {"makes": one.makes} for one in subjects},
        rows=rows(subjects),
        points=placed,
        notes=["a note"],
    )


def test_all_files_are_written_and_need_nothing_from_elsewhere(tmp_path: Path) -> None:
    write(comparison(), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "<two>" not in page
    assert "&lt;two&gt;" in page
    kept = json.loads((tmp_path / "comparison.json").read_text())
    assert set(kept["rows"][0]["cells"]["one"]) >= {"value", "unit", "interval", "n", "reason"}
    assert Comparison.model_validate(kept).row("seconds").cells["one"].value == 1.0
    ElementTree.fromstring((tmp_path / "quality-cost.svg").read_text())
    picture = Image.open(tmp_path / "quality-cost.png")
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert {(0x2F, 0x6F, 0xB3), (0xC7, 0x62, 0x2B)} <= colours  # both models are drawn


def test_every_number_of_the_sentences_stands_in_a_cell(tmp_path: Path) -> None:
    found = comparison()
    write(found, tmp_path)
    text = (tmp_path / "report.md").read_text()
    findings = text.split("## Findings")[1].split("## Every figure")[0]
    cells = text.split("## Every figure")[1] + text.split("## What it costs")[0] + text.split("## What it costs")[1]
    for told in re.findall(r"with ([\d.]+ ?\S+)", findings):
        assert told.rstrip(";") in cells
