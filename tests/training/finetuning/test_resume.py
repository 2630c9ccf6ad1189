"""A fine-tuning that is killed and resumed ends with the adapter of one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from castalia.core.errors import DatasetError
from castalia.training.events import Trained
from castalia.training.finetuning.launching import launch
from castalia.training.finetuning.plan import FinetunePlan

STEPS = 6


def plan_of(folder: Path, base_file: Path, tokenizer: Path, **fields: object) -> FinetunePlan:
    """A plan for a short run with its file of examples; the tokenizer lies in the run folder as after its first use."""
    folder.mkdir(parents=True)
    shutil.copytree(tokenizer, folder / "tokenizer")
    source = folder.parent / "examples.jsonl"
    rows = [{"prompt": f"number {n}", "completion": f"it is {n * n}"} for n in range(40)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    values: dict[str, object] = {
        "source": source, "base": "short", "base_file": base_file, "name": "tuned", "max_steps": STEPS, "threads": 1,
        "rank": 4, "batch_tokens": 128, "checkpoint_seconds": 0.0, **fields,
    }  # fmt: skip
    plan = FinetunePlan.model_validate(values)
    plan.write(folder)
    return plan


def adapter_of(plan: FinetunePlan, folder: Path) -> bytes:
    last = list(launch(plan, folder))[-1]
    assert isinstance(last, Trained)
    assert last.figures["steps"] == STEPS
    return (last.artifact / "adapter.gguf").read_bytes()


def test_killed_and_resumed_equals_uninterrupted(
    tmp_path: Path, short_language_model: Path, tokenizer_folder: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    plan = plan_of(whole, short_language_model, tokenizer_folder)
    expected = adapter_of(plan, whole)
    plan = plan_of(killed, short_language_model, tokenizer_folder)
    worker = subprocess.Popen(
        [sys.executable, "-m", "castalia.training.finetuning.worker", str(killed)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert worker.stdout is not None
    for line in worker.stdout:
        message = json.loads(line).get("message", "")
        if message.startswith("step ") and int(message.split()[1]) >= 2:
            os.kill(worker.pid, signal.SIGKILL)
            break
    worker.wait()
    worker.stdout.close()
    assert worker.stdin is not None
    worker.stdin.close()
    assert not (killed / "artifact").exists()
    assert adapter_of(plan, killed) == expected


def test_all_problems_come_before_any_step(tmp_path: Path, short_language_model: Path, tokenizer_folder: Path) -> None:
    folder = tmp_path / "run"
    plan = plan_of(folder, short_language_model, tokenizer_folder, length=64)
    with plan.source.open("a") as file:
        file.write('{"prompt": "x"\n' + json.dumps({"prompt": "word " * 80, "completion": "y"}) + "\n")
    with pytest.raises(DatasetError) as caught:
        list(launch(plan, folder))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["line 41", "line 42"]
    assert "at most 64" in caught.value.problems[1]
    assert not (folder / "checkpoint").exists()
