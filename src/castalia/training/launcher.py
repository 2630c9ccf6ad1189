"""The parent's side of a training: starts the worker process, passes its events on, stops it. Knows no torch."""

import contextlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO, cast

from pydantic import ValidationError

from castalia.core.errors import EngineCrashed, rebuild
from castalia.training.events import Failed, Stopped, TrainingEvent, worker_events
from castalia.training.plan import TrainingPlan

LOG = "worker.log"
PATIENCE = 60.0
"""Seconds that a worker told to stop gets to write its checkpoint."""


def launch(plan: TrainingPlan, run_folder: Path) -> Generator[TrainingEvent]:
    """Start a training in a child process; yields `Progress`, at last one `Trained`.

    Closing the iterator stops the worker, which checkpoints and ends; so does the death of this process. Raises what
    the worker raised (DatasetError, MissingExtra, ...) and EngineCrashed, with the resume command, when it died.
    """
    plan.write(run_folder)
    return resume(run_folder)


def resume(run_folder: Path) -> Generator[TrainingEvent]:
    """Go on with the run in that folder from its last checkpoint, with the events of `launch`.

    A run that is complete yields its `Trained` at once. Raises NotFound for a folder without a run.
    """
    TrainingPlan.read(run_folder)
    return _events(run_folder)


def _events(run_folder: Path) -> Generator[TrainingEvent]:
    with (run_folder / LOG).open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "castalia.training.worker", str(run_folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches us alone; we then stop the worker properly
        )
    try:
        yield from _read(worker, run_folder)
    finally:
        _stop(worker)


def _read(worker: "subprocess.Popen[bytes]", run_folder: Path) -> Generator[TrainingEvent]:
    for line in cast("IO[bytes]", worker.stdout):
        try:
            event = worker_events.validate_json(line)
        except ValidationError:
            continue  # a last line cut off by the worker's death
        if isinstance(event, Failed):
            raise rebuild(event.error)
        if isinstance(event, Stopped):
            return
        yield event
        if event.event == "trained":
            return
    raise EngineCrashed(
        f"The training process died (exit status {worker.wait()}); its last words are in {run_folder / LOG}.",
        hint=f"castalia train --resume {run_folder.name}",
    )


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    """Ask the worker to checkpoint and end; kill it when it does not."""
    stdin, stdout = cast("IO[bytes]", worker.stdin), cast("IO[bytes]", worker.stdout)
    with contextlib.suppress(BrokenPipeError):
        stdin.write(b"stop\n")
        stdin.close()
    try:
        stdout.close()
        worker.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
