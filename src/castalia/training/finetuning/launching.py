"""The parent's side of a fine-tuning; see `castalia.training.launcher`. Knows no torch."""

from collections.abc import Generator
from pathlib import Path

from castalia.training.events import TrainingEvent
from castalia.training.finetuning.plan import RESUME, FinetunePlan
from castalia.training.launcher import events_of


def launch(plan: FinetunePlan, run_folder: Path) -> Generator[TrainingEvent]:
    """Start or resume a fine-tuning in a child process; yields `Progress`, at last one `Trained`.

    Closing the iterator stops the worker, which checkpoints and ends. Raises what the worker raised: DatasetError with
    all problems of the examples, UnsupportedInput, MissingExtra, EngineError.
    """
    plan.write(run_folder)
    return events_of("castalia.training.finetuning.worker", run_folder, RESUME.format(run_folder.name))
