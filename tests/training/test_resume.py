"""Stopping, killing and resuming: nothing is lost, nothing half-written is seen, the result is the same bit for bit."""

import subprocess
import sys
import threading
import time

import psutil
import pytest

from castalia.core import children
from castalia.core.errors import EngineCrashed, NotFound
from castalia.training.launcher import launch, resume
from castalia.training.plan import TrainingPlan


def worker_of(folder):
    """The training process of a run."""
    for child in psutil.Process().children(recursive=True):
        try:
            if {str(folder), "castalia.training.worker"} <= set(child.cmdline()):
                return child
        except psutil.NoSuchProcess:  # it ended meanwhile; a zombie counts among these
            continue
    raise AssertionError("no worker is running")


def step_of(event):
    return int(event.message.split()[1]) if event.event == "progress" and event.message.startswith("step ") else 0


def weights_of(folder):
    return (folder / "artifact" / "weights.safetensors").read_bytes()


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(plan_of, train, tmp_path):
    plan = plan_of(family="vae", max_steps=500, checkpoint_seconds=0.2)
    whole, whole_folder, _ = train(plan, "whole")
    folder = tmp_path / "killed"
    events = launch(plan, folder)
    while step_of(next(events)) < 60:
        pass
    worker_of(folder).kill()
    with pytest.raises(EngineCrashed) as crash:
        list(events)
    assert "castalia train --resume killed" in crash.value.hint
    assert not (folder / "artifact").exists()
    *progress, last = resume(folder)
    assert any(60 < step_of(event) < 500 for event in progress), "it went on instead of starting anew"
    assert last.figures["held_out_loss"] == whole.figures["held_out_loss"]
    assert weights_of(folder) == weights_of(whole_folder)


def test_closing_the_iterator_stops_and_keeps_everything(plan_of, tmp_path):
    plan = plan_of(max_steps=10**6, checkpoint_seconds=1000)
    events = launch(plan, tmp_path / "run")
    reached = next(step for step in map(step_of, events) if step > 50)
    child = worker_of(tmp_path / "run")
    events.close()
    assert not child.is_running()
    again = resume(tmp_path / "run")
    assert next(step for step in map(step_of, again) if step) > reached
    again.close()
    assert not (tmp_path / "run" / "artifact").exists()


PARENT = """
import sys
from pathlib import Path
from castalia.training.launcher import resume
for event in resume(Path(sys.argv[1])):
    print(event.message, flush=True)
"""


def test_a_worker_whose_parent_was_killed_checkpoints_and_leaves(plan_of, tmp_path):
    folder = tmp_path / "run"
    plan_of(max_steps=10**6, checkpoint_seconds=1000).write(folder)
    with subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True) as parent:
        next(line for line in parent.stdout if line.startswith("step"))
        before = (folder / "checkpoint" / "state.safetensors").stat().st_mtime_ns
        child = worker_of(folder)
        parent.kill()
    assert psutil.wait_procs([child], timeout=60)[1] == []
    assert (folder / "checkpoint" / "state.safetensors").stat().st_mtime_ns > before


def test_a_finished_run_resumes_to_its_end_at_once(plan_of, train, tmp_path):
    done, folder, _ = train(plan_of(max_steps=10))
    assert [event.event for event in resume(folder)] == ["trained"]
    again, *_ = train(TrainingPlan.read(folder))
    assert again == done


def test_leftovers_of_a_death_while_writing_do_not_matter(plan_of, train, tmp_path):
    for name in ("artifact.partial", "data.partial"):
        (tmp_path / "run" / name).mkdir(parents=True)
        (tmp_path / "run" / name / "junk").write_text("half-written")
    _, folder, _ = train(plan_of(max_steps=10))
    assert not (folder / "artifact" / "junk").exists()
    assert not list(folder.glob("*.partial"))


def test_training_data_may_vanish_after_the_start(plan_of, train, dots, tmp_path):
    source = tmp_path / "copy.dots"
    source.write_bytes(dots.read_bytes())
    plan = plan_of(source=source, max_steps=50)
    stop = threading.Event()
    stop.set()
    stopped, _, _ = train(plan, stop=stop)
    assert stopped.event == "stopped"
    source.unlink()
    done, _, _ = train(plan)
    assert done.event == "trained"


def test_resuming_nothing_is_an_error(tmp_path):
    with pytest.raises(NotFound):
        resume(tmp_path)


def test_a_worker_that_does_not_answer_is_killed(plan_of, tmp_path, monkeypatch):
    monkeypatch.setattr(children, "PATIENCE", 0.5)
    events = launch(plan_of(max_steps=10**6), tmp_path / "run")
    next(step for step in map(step_of, events) if step)
    child = worker_of(tmp_path / "run")
    child.suspend()
    start = time.monotonic()
    events.close()
    assert time.monotonic() - start < 10
    assert not child.is_running()
