"""Training, from a folder to a served model:

data folder -> dataset -> representation -> family -> artifact -> registry
"""

import re
import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from castalia.core.errors import Blocked, CastaliaError, Conflict, DatasetError, Interrupted, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.core.plugins import families, modalities, resolve
from castalia.core.requests import new_id
from castalia.serving.artifacts import model_from_artifact
from castalia.serving.detect import data_options, detect_modality, load_modality
from castalia.serving.house import House
from castalia.serving.resolving import validated
from castalia.store.locking import publish_folder
from castalia.store.registry import check_name
from castalia.training.events import Trained
from castalia.training.launcher import launch
from castalia.training.plan import Compress, TrainingPlan, meeting

MINUTES = {"tiny": 1.0, "small": 3.0, "medium": 10.0, "large": 30.0}
"""Time budget by size, when none is given: what that size needs on two processor cores to be worth its parameters."""


LEAVING_OUT = ("drop_columns", "leave_out")
"""Data options that name what is left out of a training: columns of a table, files of text."""


def plan_training(
    house: House,
    source: str | Path,
    *,
    name: str | None = None,
    modality: str | None = None,
    family: str | None = None,
    **fields: object,
) -> tuple[TrainingPlan, list[str]]:
    """A complete plan and the warnings about the data; every fatal problem is reported at once, before any step.

    ``fields`` are those of TrainingPlan (size, minutes, max_steps, seed, data_options, ...). Raises NotFound,
    DatasetError with all problems, Blocked when personal data may not be trained on, BadRequest for wrong values.
    """
    path = Path(source).expanduser().resolve()
    modality = detect_modality(path) if modality is None else modality
    if not path.exists():
        raise NotFound(f"There is no file or folder {path}.", hint="Check the path.")
    spec = modalities().spec(modality)
    implementation = load_modality(modality)
    name = check_name(name) if name else free_name(house, path)
    if any(model.name == name for model in house.registry.list()):
        raise Conflict(f"A model named {name!r} is there already.", hint="Choose another --name, or castalia rm it.")
    family = family or spec.default_family or ""
    families().implementation(family)  # says now, not in the worker, which extra is missing

    met = meeting(families().spec(family), spec, cast("Compress", fields.pop("compress", "auto")))
    wishes = _dictionary(fields.get("family_options"))
    complete = validated(cast("type[BaseModel]", resolve(families().spec(family).options)), wishes)
    fields["family_options"] = {name: complete[name] for name in wishes}
    values = _dictionary(fields.pop("data_options", None))
    survey = implementation.survey(path, data_options(implementation, values))
    if survey.problems:
        raise DatasetError(
            f"{path} cannot be trained on: {len(survey.problems)} problem(s).",
            problems=[*survey.problems, *survey.warnings],
            hint="Mend these and train again.",
        )
    found = house.guard.training(survey.excerpts)
    if found.drop_columns:
        option = next((name for name in LEAVING_OUT if name in implementation.data_options().model_fields), None)
        if option is None:
            raise Blocked(
                f"The training data holds personal data and cannot be learnt without it: {'; '.join(found.warnings)}.",
                hint="Take it out of the data, or set guard.training to allow.",
            )
        dropped = values.get(option)
        earlier = [str(name) for name in dropped] if isinstance(dropped, list) else []  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        values[option] = sorted({*earlier, *found.drop_columns})
        if option == "leave_out":
            left = implementation.survey(path, data_options(implementation, values))
            if left.problems:
                raise DatasetError(
                    f"{path} cannot be trained on without its personal data.",
                    problems=[*found.warnings, *left.problems],
                    hint="Take the personal data out of the files, or set guard.training to allow.",
                )
    if fields.get("minutes") is None and fields.get("max_steps") is None:
        fields["minutes"] = MINUTES[str(fields.get("size", "small"))]
    fields["compress"] = met.compress
    data = {"source": path, "name": name, "modality": modality, "family": family, "data_options": values, **fields}
    plan = TrainingPlan.model_validate(validated(TrainingPlan, data))
    return plan, [*survey.warnings, *found.warnings]


def _dictionary(value: object) -> dict[str, object]:
    return dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}


def train(house: House, plan: TrainingPlan) -> Generator[Progress | ModelReady]:
    """Run a plan: progress, then ModelReady. Closing the iterator stops it after a checkpoint; `resume` goes on."""
    run = new_id("t")
    house.runs.start(run, plan.model_dump(mode="json"))
    yield Progress(message=f"run {run}")
    yield from _run(house, run, plan)


def resume(house: House, run: str) -> Generator[Progress | ModelReady]:
    """Go on with a stopped, failed or killed run from its last checkpoint. Raises NotFound, Conflict."""
    entry = house.runs.get(run)
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
    for run in house.runs.list():
        if run.state != "done":
            return run.id
    raise NotFound("There is no unfinished run.", hint="Start one: castalia train FOLDER")


def _run(house: House, run: str, plan: TrainingPlan) -> Generator[Progress | ModelReady]:
    folder = house.home / "runs" / run
    trained: Trained | None = None
    try:
        with closing(launch(plan, folder)) as events:
            for event in events:
                if isinstance(event, Trained):
                    trained = event
                else:
                    yield event
        if trained is None:
            raise Interrupted(f"The run {run} was stopped.", hint=f"Go on with: castalia train --resume {run}")
        model = _register(house, plan, trained)
    except (GeneratorExit, KeyboardInterrupt, Interrupted):
        house.runs.finish(run, "stopped")
        raise
    except CastaliaError as error:
        house.runs.finish(run, "failed", error=error)
        raise
    house.runs.finish(run, "done", model=model.name)
    shutil.rmtree(folder, ignore_errors=True)  # the artifact has moved; checkpoints of a finished run serve nobody
    yield ModelReady(model=model, run=run)


def _register(house: House, plan: TrainingPlan, trained: Trained) -> Model:
    folder = publish_folder(trained.artifact, house.models_folder, plan.name)
    model = model_from_artifact(folder, plan.name, source=str(plan.source))
    house.registry.add(model)
    return model


def free_name(house: House, source: Path) -> str:
    """A model name from a file's or folder's name that no model has yet."""
    stem = re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-") or "model"
    taken = {name for model in house.registry.list() for name in (model.name, *model.aliases)}
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)
