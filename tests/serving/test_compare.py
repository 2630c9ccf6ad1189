"""Comparing from names to a report: fake models, a model trained in seconds, kept figures, what cannot be compared."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import BadRequest, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.judging.comparing.cells import Compared
from castalia.judging.evaluation.figures import Evaluated
from castalia.serving.compare import compare
from castalia.serving.comparisons import ComparisonRun, Comparisons
from castalia.serving.evaluate import evaluate, kept
from castalia.serving.house import House
from castalia.serving.planning import plan_training
from castalia.serving.train import train


def add(house: House, name: str, output: str = "text", **fields: object) -> None:
    base = {"name": name, "format": "fake", "engines": ["fake"], "outputs": [output], "folder": house.home}
    house.registry.add(Model.model_validate({**base, **fields}))


def found(house: House, *names: str, **wishes: object) -> Compared:
    events = [*compare(house, names, **wishes)]  # pyright: ignore[reportArgumentType]
    assert all(isinstance(event, Progress) for event in events[:-1])
    assert isinstance(events[-1], Compared)
    return events[-1]


def table(path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = [f"{age},{'yes' if age > 40 else 'no'},{rng.integers(1, 5)}" for age in rng.integers(20, 60, 240)]
    path.write_text("age,member,visits\n" + "\n".join(rows) + "\n")
    return path


def trained(house: House, tmp_path: Path) -> Model:
    plan, _ = plan_training(
        house, table(tmp_path / "members.csv"), name="members", size="tiny", max_steps=40, threads=1
    )
    return next(event.model for event in train(house, plan) if isinstance(event, ModelReady))


def test_a_language_model_beside_a_painter(house: House) -> None:
    add(house, "talker", details={"context_length": 300, "reply": "The capital is Paris."})
    add(house, "painter", "image")
    done = found(house, "talker", "painter", samples=2, seed=3)
    comparison = done.comparison
    assert len([row for row in comparison.rows if row.group == "kind"]) == 11
    came = comparison.row("core objective").cells
    assert came["talker"].value == "text 14 of 14"
    assert came["painter"].value == "image 14 of 14"
    fit = {
        name: {part.name: part.value for part in cell.parts}
        for name, cell in comparison.row("use-case fit").cells.items()
    }
    assert fit["painter"] == {**dict.fromkeys(fit["painter"], 0.0), "image": 1.0}
    assert fit["talker"]["image"] == 0.0
    taken = comparison.row("input handling").cells
    told = {part.name: str(part.value) for part in taken["talker"].parts}
    assert told["prompt of 2006 words"].startswith("refused: context")
    assert taken["talker"].number is not None
    assert taken["talker"].number < 300
    recalled = comparison.row("context depth").cells
    assert recalled["talker"].value == 0.0
    assert recalled["painter"].value is None
    instructions = comparison.row("instruction handling").cells
    assert instructions["talker"].n == 46
    assert "no evaluation of image" in instructions["painter"].reason
    assert kept(house, house.registry.get("talker")) is not None
    repeated = {part.name: part.value for part in comparison.row("output behaviour").cells["painter"].parts}
    assert repeated["same seed, same bytes"] == 1.0
    assert {path.name for path in done.folder.iterdir()} >= {"report.html", "report.md", "comparison.json"}
    # all were asked the same with the same seeds
    assert comparison.models["talker"]["makes"] == "text"
    again = found(house, "painter", "talker", samples=2, seed=3).comparison
    assert again.row("core objective").cells["painter"] == came["painter"]
    assert any("talker: figures of castalia evaluate from" in note for note in again.notes)


def test_a_trained_model_is_evaluated_and_its_card_is_read(house: House, tmp_path: Path) -> None:
    model = trained(house, tmp_path)
    add(house, "rows", "table")
    requests = tmp_path / "wishes.jsonl"
    lines = [
        {"text": "Give me 12 rows", "modality": "table", "task": "lists"},
        {"text": "Write a poem", "task": "poems"},
        {"text": "12 more like these", "attachments": ["gone.csv"]},
        {"text": "Book a flight", "label": "unsupported"},
    ]
    requests.write_text("\n".join(map(json.dumps, lines)))
    comparison = found(house, "members", "rows", requests=requests, samples=2).comparison
    assert comparison.requests == {"source": "wishes.jsonl", "requests": 4, "asked": 2}
    assert any("2 of 4 requests were left out" in note for note in comparison.notes)
    assert any("The chooser told what 1 of 2 requests want" in note for note in comparison.notes)
    fit = comparison.row("use-case fit").cells["members"]
    assert [part.name for part in fit.parts] == ["lists", "poems"]
    data = comparison.row("training data").cells
    assert data["members"].value == 240
    assert data["rows"].value is None
    assert comparison.row("model scope").cells["members"].number > 100  # pyright: ignore[reportOptionalOperand]
    assert comparison.row("evaluation method").cells["members"].number > 5  # pyright: ignore[reportOptionalOperand]
    (point,) = comparison.points
    assert (point.model, point.frontier) == ("members", True)
    assert point.cost > 0
    assert "no evaluation of table" in comparison.left_out["rows"]
    assert comparison.row("disk").cells["members"].value == model.size
    assert comparison.row("memory").cells["members"].number > 1e7  # pyright: ignore[reportOptionalOperand]


def test_kept_figures_are_used_until_fresh_ones_are_wanted(house: House) -> None:
    add(house, "talker")
    add(house, "other")
    first = next(event for event in evaluate(house, "talker", seed=5) if isinstance(event, Evaluated)).evaluation
    method = found(house, "talker", "other", samples=2).comparison.row("evaluation method").cells["talker"]
    assert "seed 5" in method.note
    assert kept(house, house.registry.get("talker")) == first
    method = found(house, "talker", "other", samples=2, fresh=True).comparison.row("evaluation method").cells["talker"]
    assert "seed 0" in method.note


def test_nobody_is_asked_the_same_twice(house: House) -> None:
    for name in ("painter", "drawer", "voice"):
        add(house, name, "speech" if name == "voice" else "image")
    first = found(house, "painter", "voice", samples=2).comparison

    def loaded(*names: str, **wishes: object) -> list[str]:
        events = compare(house, names, **wishes)  # pyright: ignore[reportArgumentType]
        told = [event.message for event in events if isinstance(event, Progress)]
        return [message.partition(":")[0] for message in told if message.endswith(": loading")]

    assert loaded("drawer", "painter", samples=2) == ["drawer"]
    assert loaded("painter", "voice", samples=2, seed=1) == ["painter", "voice"]
    assert loaded("painter", "voice", samples=2, fresh=True) == ["painter", "voice"]
    again = found(house, "painter", "drawer", samples=2).comparison
    assert again.row("output behaviour").cells["painter"] == first.row("output behaviour").cells["painter"]


def test_a_model_that_does_not_load_keeps_its_column(house: House) -> None:
    add(house, "broken", details={"fail_load": "no weights"})
    add(house, "failing", details={"fail": "out of paint"})
    comparison = found(house, "broken", "failing", samples=2).comparison
    cells = comparison.row("core objective").cells
    assert cells["broken"].reason == "it could not be loaded: no weights"
    assert "engine_error 14 x" in cells["failing"].reason
    assert comparison.row("typical limitations").cells["failing"].value is None
    assert comparison.row("training data").cells["broken"].reason.startswith("its files")


def test_what_cannot_be_compared_says_why(house: House, tmp_path: Path) -> None:
    add(house, "talker", aliases=["default"])
    add(house, "painter", "image")
    add(house, "vectors", outputs=[], engines=[])
    empty, wrong, foreign = (tmp_path / name for name in ("empty.jsonl", "wrong.jsonl", "foreign.jsonl"))
    empty.write_text("\n")
    wrong.write_text('{"text": "draw"}\nnot json\n')
    foreign.write_text('{"text": "Book a flight", "modality": "unsupported"}\n')
    for names, wishes, told in [
        (["talker"], {}, "1 model cannot be compared"),
        (["talker", "default"], {}, "talker is named twice"),
        (["talker", "vectors"], {}, "makes nothing"),
        (["talker", "painter"], {"requests": tmp_path / "nowhere.jsonl"}, "cannot be read"),
        (["talker", "painter"], {"requests": empty}, "holds no request"),
        (["talker", "painter"], {"requests": wrong}, "line 2 is not JSON"),
        (["talker", "painter"], {"requests": foreign}, "None of the 1 requests"),
    ]:
        with pytest.raises(BadRequest, match=told):
            found(house, *names, **wishes)  # pyright: ignore[reportArgumentType]
    with pytest.raises(NotFound):
        found(house, "talker", "nobody")
    with pytest.raises(NotFound):
        Comparisons(house).start(ComparisonRun(models=["talker", "nobody"]))
    assert not (house.home / "comparisons").exists()


def test_closing_stops_the_work_and_leaves_nothing(house: House) -> None:
    add(house, "slow", details={"delay": 0.2, "reply": "word " * 400})
    add(house, "painter", "image")
    with closing(compare(house, ["slow", "painter"])) as events:
        next(events)
    assert list((house.home / "comparisons").iterdir()) == []
