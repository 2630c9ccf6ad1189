"""From examples to an adapter that answers beside its base: registry, guard, one process for both."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from castalia.core.config import Settings
from castalia.core.errors import Blocked, Conflict, DatasetError, NotFound, UnsupportedInput
from castalia.core.events import Completed, ModelReady
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.serving.finetune import finetune, latest_unfinished, plan_finetuning, resume
from castalia.serving.following import outcome
from castalia.serving.house import House
from castalia.serving.install import remove
from castalia.serving.pipeline import answer
from castalia.serving.train import resume as resume_training


def examples(folder: Path, *more: dict[str, object]) -> Path:
    path = folder / "examples.jsonl"
    rows = [{"prompt": f"number {n}", "completion": f"it is {n * n}"} for n in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *more]))
    return path


def tuned(house: House, base: Model, folder: Path, name: str) -> Model:
    plan, _ = plan_finetuning(
        house, base.name, examples(folder), name=name, max_steps=3, threads=1, rank=4, batch_tokens=128, rate=0.05
    )
    return outcome(finetune(house, plan), ModelReady).model


def said(house: House, name: str) -> str:
    request = Request.of_text(
        "number 3",
        modality="text",
        model=name,
        engine="llamacpp",
        seed=0,
        options={"temperature": 0.0, "max_tokens": 8},
    )
    with closing(answer(house, request)) as events:
        return next(event.result.text for event in events if isinstance(event, Completed))


def processes(house: House) -> set[int]:
    engines = [slot.engine for slot in house.pool._slots.values()]
    return {engine.pid for engine in engines if isinstance(engine, HostedEngine)}


def test_base_and_adapters_answer_from_one_process(house: House, base: Model, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    bare = said(house, base.name)
    first_process = processes(house)
    first = tuned(house, base, tmp_path, "first")
    assert processes(house) == first_process  # the training has not touched it
    assert first.details["adapter_of"] == "short"
    assert first.engines == ["llamacpp"]
    assert {"adapter.gguf", "card.json", "card.md"} == {file.path for file in first.files}
    styled = said(house, "first")
    assert styled != bare
    # an adapter made while its base was loaded starts the base anew, once; base and adapter share what is there now
    both = processes(house)
    assert both.isdisjoint(first_process)
    assert [said(house, name) for name in (base.name, "first", base.name, "first")] == [bare, styled, bare, styled]
    assert processes(house) == both
    with pytest.raises(Conflict, match="base of first"):
        remove(house, base.name)
    # it is never chosen for anyone who has not asked for it
    choice = house.chooser.choose(Request.of_text("What is number 3?"), house.registry.list(), {})
    assert choice.model == base.name
    remove(house, "first")
    assert said(house, base.name) == bare


def test_an_adapter_whose_base_is_gone_or_changed_says_so(house: House, base: Model, tmp_path: Path) -> None:
    adapter = base.model_copy(
        update={"name": "lost", "details": {"adapter_of": "nowhere", "gguf": "adapter.gguf", "base_sha256": "0"}}
    )
    house.registry.add(adapter)
    with pytest.raises(NotFound, match="adapter of nowhere"):
        said(house, "lost")
    changed = adapter.model_copy(update={"name": "stale", "details": {**adapter.details, "adapter_of": "short"}})
    house.registry.add(changed)
    with pytest.raises(Conflict, match="other weights"):
        said(house, "stale")
    assert said(house, base.name)


def test_personal_data_is_left_out_or_blocks(house: House, base: Model, tmp_path: Path, own_home: Path) -> None:
    private = {"prompt": "Who wrote?", "completion": "Mail anna.brandt@example.com about it."}
    path = examples(tmp_path, private)
    plan, notes = plan_finetuning(house, "short", path, max_steps=1)
    assert plan.leave_out == [41]
    assert "1 of 41 examples hold personal data" in notes[0]
    settings = Settings.model_validate({"home": own_home, "guard": {"training": "block"}})
    with House(settings) as strict, pytest.raises(Blocked, match="1 of 41") as caught:
        plan_finetuning(strict, "short", path, max_steps=1)
    assert "anna" not in caught.value.message
    settings = Settings.model_validate({"home": own_home, "guard": {"training": "allow"}})
    with House(settings) as open_house:
        plan, notes = plan_finetuning(open_house, "short", path, max_steps=1)
    assert plan.leave_out == []
    assert "may repeat" in notes[0]


def test_what_cannot_be_is_said_before_anything_runs(house: House, base: Model, tmp_path: Path) -> None:
    path = examples(tmp_path)
    with pytest.raises(NotFound, match="no model 'nobody'"):
        plan_finetuning(house, "nobody", path)
    with pytest.raises(Conflict, match="'short'"):
        plan_finetuning(house, "short", path, name="short")
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n[]\n")
    with pytest.raises(DatasetError) as caught:
        plan_finetuning(house, "short", broken)
    assert len(caught.value.problems) == 3
    (tmp_path / "table.csv").write_text("a,b\n")
    with pytest.raises(UnsupportedInput, match="no file of examples"):
        plan_finetuning(house, "short", tmp_path / "table.csv")
    house.registry.add(base.model_copy(update={"name": "odd", "format": "castalia"}))
    with pytest.raises(UnsupportedInput, match="format castalia"):
        plan_finetuning(house, "odd", path)


def test_a_run_is_resumed_by_the_command_that_started_it(house: House, base: Model, tmp_path: Path) -> None:
    plan, _ = plan_finetuning(house, "short", examples(tmp_path), max_steps=1)
    house.runs.start("f-1", plan.model_dump(mode="json"))
    house.runs.finish("f-1", "stopped")
    assert latest_unfinished(house) == "f-1"
    with pytest.raises(NotFound, match="fine-tuning") as caught:
        next(resume_training(house, "f-1"))
    assert "castalia finetune --resume f-1" in caught.value.hint
    house.runs.finish("f-1", "done", model="x")
    with pytest.raises(Conflict, match="complete"):
        next(resume(house, "f-1"))
