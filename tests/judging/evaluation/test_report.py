"""The report: one HTML file that fetches nothing, pictures that are XML, data that can be read again."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from castalia.judging.evaluation.drawing import curve_svg, figures_svg, standing
from castalia.judging.evaluation.figures import Curve, Evaluation, Example, Figure, Picture
from castalia.judging.evaluation.writing import write

EVIL = "<script>alert('x')</script>"


def figure(name: str, value: float | None, **fields: object) -> Figure:
    base = {"name": name, "axis": "realism", "value": value, "unit": "share", "direction": "higher", "n": 10}
    return Figure.model_validate({**base, **fields})


def evaluation() -> Evaluation:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return Evaluation(
        model=EVIL,
        modality="image",
        seed=3,
        samples=10,
        figures=[
            figure("precision", 0.8, interval=(0.7, 0.9), floor=1.0, baseline=0.2, about=EVIL),
            figure("nothing", None, note="It could not be told."),
        ],
        curves=[
            Curve(title="Loss", x="step", y="loss", series={"held out": [(0, 2), (1, 1.5)], "loss": [(0, 3), (1, 1)]}),
            Curve(title="Sure?", kind="calibration", x="confidence", y="right", series={"judged": [(0.5, 0.4)]}),
            Curve(title="Near", kind="histogram", x="d", y="share", series={"made": [(0, 0.5), (1, 0.5)], "no": []}),
        ],
        pictures=[Picture(title="Made", media_type="image/png", data=base64.b64encode(buffer.getvalue()).decode())],
        examples=[Example(title=EVIL, lines={"answer": EVIL}, passed=False)],
    )


class Links(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]


def test_the_page_fetches_nothing_and_escapes_everything(tmp_path: Path) -> None:
    write(evaluation(), tmp_path)
    page = (tmp_path / "report.html").read_text()
    links = Links()
    links.feed(page)
    assert links.found
    assert all(link.startswith("data:") for link in links.found)
    assert links.scripts == 1, "our own"
    assert "@import" not in page
    assert EVIL not in page
    for told in ("precision", "0.7 to 0.9", "It could not be told.", "n/a"):
        assert told in page


def test_all_files_are_written_and_can_be_read_again(tmp_path: Path) -> None:
    kept = write(evaluation(), tmp_path)
    assert kept.pictures == []
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "01-figures.svg", "02-loss.svg", "03-sure.svg", "04-near.svg", "05-made.png", "evaluation.json", "report.html",
    ]  # fmt: skip
    again = Evaluation.model_validate_json((tmp_path / "evaluation.json").read_text())
    assert again.figure("precision").interval == (0.7, 0.9)
    with pytest.raises(KeyError):
        again.figure("absent")
    assert json.loads((tmp_path / "evaluation.json").read_text())["figures"][1]["value"] is None
    for path in tmp_path.glob("*.svg"):
        ElementTree.fromstring(path.read_text())
    with Image.open(tmp_path / "05-made.png") as picture:
        assert picture.size == (8, 8)


def test_curves_stay_in_their_frame() -> None:
    for curve in evaluation().curves:
        drawn = curve_svg(curve)
        numbers = [float(one) for path in re.findall(r" d='([^']*)'", drawn) for one in re.findall(r"-?\d+\.\d", path)]
        assert numbers
        assert all(0 <= one <= 560 for one in numbers)
    assert "polyline" not in curve_svg(Curve(title="Empty", x="", y="", series={}))


def test_a_figure_stands_between_baseline_and_floor() -> None:
    one = figure("kid", 0.3, floor=0.1, baseline=0.5)
    assert standing(one, one.value) == pytest.approx(0.5)
    assert standing(figure("kid", 0.3), 0.3) is None
    assert standing(figure("kid", 0.3, floor=1.0, baseline=1.0), 0.3) is None
    assert "kid" in figures_svg([one])
