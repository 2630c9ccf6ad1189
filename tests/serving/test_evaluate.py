"""From a model's name to figures in the registry and on its card; stopping; what cannot be evaluated."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from castalia.core.errors import BadRequest, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.judging.evaluation.figures import Evaluated, Evaluation
from castalia.serving.evaluate import describe, evaluate
from castalia.serving.house import House
from castalia.serving.planning import plan_training
from castalia.serving.train import train


def add(house: House, name: str, **fields: object) -> None:
    base = {"name": name, "format": "fake", "engines": ["fake"], "outputs": ["text"], "folder": house.home}
    house.registry.add(Model.model_validate({**base, **fields}))


def found(house: House, name: str, **wishes: object) -> Evaluation:
    events = [*evaluate(house, name, **wishes)]  # pyright: ignore[reportArgumentType]
    assert all(isinstance(event, Progress) for event in events[:-1])
    assert isinstance(events[-1], Evaluated)
    return events[-1].evaluation


def digits(folder: Path) -> Path:
    """Two kinds of 8 x 8 pictures: a bright half above or below, with noise."""
    rng = np.random.default_rng(0)
    for number in range(240):
        picture = rng.integers(0, 90, (8, 8))
        kind = number % 2
        picture[4 * kind : 4 * kind + 4] += 120
        path = folder / ("above", "below")[kind] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.astype(np.uint8)).save(path)
    return folder


def test_a_trained_model_gets_figures_on_its_card_and_in_the_registry(house: House, tmp_path: Path) -> None:
    plan, _ = plan_training(house, digits(tmp_path / "halves"), name="halves", size="tiny", max_steps=60, threads=1)
    model = next(event.model for event in train(house, plan) if isinstance(event, ModelReady))
    one = found(house, "halves", samples=48, seed=5)
    names = {figure.name for figure in one.figures}
    assert {"kid", "frechet", "coverage", "vendi_ratio", "authpct", "c_t", "class_obeyed"} <= names
    assert all(figure.value is not None and figure.interval and figure.n for figure in one.figures)
    assert all(figure.floor is not None and figure.baseline is not None for figure in one.figures)
    assert one.data["held_out_items"] == 24
    assert len(str(one.encoder["sha256"])) == 64
    kept = house.registry.get("halves")
    assert kept.figures["evaluation.kid"] == one.figure("kid").value
    assert set(model.figures) < set(kept.figures)
    card = json.loads((kept.folder / "card.json").read_text())
    assert card["evaluation"]["samples"] == 48
    assert "| kid |" in (kept.folder / "card.md").read_text()
    told = {file.path: file.sha256 for file in kept.files}
    assert told["card.json"] != {file.path: file.sha256 for file in model.files}["card.json"]
    (folder,) = (house.home / "evaluations").iterdir()
    assert {"report.html", "evaluation.json", "01-figures.svg"} <= {path.name for path in folder.iterdir()}
    # the same seed, the same figures; the newest report is the one that the registry names
    again = found(house, "halves", samples=48, seed=5)
    assert [figure.value for figure in again.figures] == [figure.value for figure in one.figures]
    assert (kept.folder / "card.md").read_text().count("## Evaluation") == 1
    with pytest.raises(BadRequest, match="There is no"):
        found(house, "halves", data=tmp_path / "nowhere")


def test_closing_stops_the_work_and_leaves_nothing(house: House) -> None:
    add(house, "slow", details={"delay": 0.2, "reply": "word " * 400})
    with closing(evaluate(house, "slow")) as events:
        next(events)
    assert list((house.home / "evaluations").iterdir()) == []
    assert "evaluation" not in house.registry.get("slow").details


def test_what_cannot_be_evaluated_says_why(house: House) -> None:
    add(house, "vectors", outputs=[], engines=[])
    add(house, "painter", outputs=["image"])
    add(house, "talker")
    with pytest.raises(BadRequest, match="makes nothing"):
        found(house, "vectors")
    with pytest.raises(BadRequest, match="no evaluation of image"):
        found(house, "painter")
    with pytest.raises(BadRequest, match="does not run on"):
        found(house, "talker", engine="openvino")
    with pytest.raises(NotFound):
        found(house, "nobody")
    assert list((house.home / "evaluations").iterdir()) == []


def test_a_figure_in_one_line() -> None:
    line = describe(
        {"value": 0.12345, "unit": "share", "interval": (0.1, 0.2), "floor": 1, "baseline": None, "n": 9,
         "direction": "higher", "note": ""}
    )  # fmt: skip
    assert line == "0.1235 share, [0.1, 0.2], floor 1, n 9, higher is better"
