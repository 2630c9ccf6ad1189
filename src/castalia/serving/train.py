"""Training, from a folder to a served model:

data folder -> dataset -> representation -> family -> artifact -> registry
"""

import shutil
from collections.abc import Generator

from castalia.core.errors import Conflict, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.core.requests import new_id
from castalia.serving.artifacts import model_from_artifact
from castalia.serving.carrying import carried, latest_unfinished_run
from castalia.serving.house import House
from castalia.store.locking import publish_folder
from castalia.training.events import Trained
from castalia.training.launcher import launch
from castalia.training.plan import TrainingPlan


def train(house: House, plan: TrainingPlan, run: str | None = None) -> Generator[Progress | ModelReady]:
    """Run a plan: progress, then ModelReady. Closing the iterator stops it after a checkpoint; `resume` goes on.

    ``run`` is the id that the run gets; a new one when left out.
    """
    run = run or new_id("t")
    house.runs.start(run, plan.model_dump(mode="json"))
    yield Progress(message=f"run {run}")
    yield from _run(house, run, plan)


def resume(house: House, run: str) -> Generator[Progress | ModelReady]:
    """Go on with a stopped, failed or killed run from its last checkpoint. Raises NotFound, Conflict."""
    entry = house.runs.get(run)
    if entry.plan.get("kind") == "finetune":
        raise NotFound(f"The run {run} is a fine-tuning.", hint=f"castalia finetune --resume {run}")
    if entry.state == "done":
        raise Conflict(
            f"The run {run} is complete: its model is {entry.model!r}.", hint="Train anew with another name."
        )
    plan = TrainingPlan.model_validate(entry.plan)
    house.runs.start(run, entry.plan)
    yield Progress(message=f"run {run}, resumed")
    yield from _run(house, run, plan)


def latest_unfinished(house: House) -> str:
    """The newest run that is not done. Raises NotFound."""
    return latest_unfinished_run(house, finetuning=False, start="castalia train FOLDER")


def _run(house: House, run: str, plan: TrainingPlan) -> Generator[Progress | ModelReady]:
    folder = house.home / "runs" / run

    def clear() -> None:
        shutil.rmtree(folder, ignore_errors=True)  # the artifact has moved; checkpoints of a finished run serve nobody

    again = f"castalia train --resume {run}"
    yield from carried(house, run, launch(plan, folder), lambda trained: _register(house, plan, trained), again, clear)


def _register(house: House, plan: TrainingPlan, trained: Trained) -> Model:
    folder = publish_folder(trained.artifact, house.models_folder, plan.name)
    model = model_from_artifact(folder, plan.name, source=str(plan.source))
    house.registry.add(model)
    return model
