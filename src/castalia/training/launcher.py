"""The parent's side of a training: starts the worker process, passes its events on, stops it. Knows no torch."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from castalia.core.children import lines_of
from castalia.core.errors import EngineCrashed, rebuild
from castalia.training.events import Failed, Stopped, TrainingEvent, worker_events
from castalia.training.plan import TrainingPlan

LOG = "worker.log"


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
    return events_of("castalia.training.worker", run_folder, f"castalia train --resume {run_folder.name}")


def events_of(module: str, run_folder: Path, resume_command: str) -> Generator[TrainingEvent]:
    """The events of a worker, run as ``python -m module run_folder``; see `launch`."""
    lines = lines_of(module, run_folder, run_folder / LOG)
    with closing(lines):
        while True:
            try:
                line = next(lines)
            except StopIteration as end:
                raise EngineCrashed(
                    f"The training process died (exit status {end.value}); its last words are in {run_folder / LOG}.",
                    hint=resume_command,
                ) from None
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
