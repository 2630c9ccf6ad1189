"""From a person's wishes to a complete training plan: what the data is, which family learns it, for how long."""

import re
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from castalia.core.contracts import Modality, Survey
from castalia.core.errors import Blocked, Conflict, DatasetError, NotFound
from castalia.core.plugins import families, modalities, resolve
from castalia.core.specs import FamilySpec, ModalitySpec
from castalia.serving.detect import data_options, detect_modality, listed, load_modality
from castalia.serving.house import House
from castalia.serving.resolving import validated
from castalia.serving.starting import find_base
from castalia.store.registry import check_name
from castalia.training.plan import Compress, TrainingPlan, meeting

AUTO = "auto"
MINUTES = {"tiny": 1.0, "small": 3.0, "medium": 10.0, "large": 30.0}
"""Time budget by size, when none is given: what that size needs on two processor cores to be worth its parameters."""
PATIENT = 8.0
"""Minutes from which pictures, sounds and films are worth a diffusion model: before that its samples are unfinished,
while a VAE's are merely soft (docs/experiments.md)."""
QUICK = 2.0
"""Minutes up to which tables are for trees: they need seconds, and other families are unfinished by then
(docs/benchmarks.md)."""
LEAVING_OUT = ("drop_columns", "leave_out")
"""Data options that name what is left out of a training: columns of a table, files of text."""


def plan_training(
    house: House,
    source: str | Path,
    *,
    name: str | None = None,
    modality: str | None = None,
    family: str | None = None,
    start_from: str | None = None,
    **fields: object,
) -> tuple[TrainingPlan, list[str]]:
    """A complete plan, and notes about the choice and the data; every fatal problem is told at once, before any step.

    ``family`` None or ``auto`` picks one. ``start_from`` names a model whose weights the training goes on from: what it
    is decides modality, family, size and code, and ``family_options`` change how it is trained. ``fields`` are those of
    TrainingPlan (size, minutes, max_steps, seed, data_options, ...). Raises NotFound, DatasetError with all problems,
    Blocked when personal data may not be trained on, BadRequest for wrong values.
    """
    path = Path(source).expanduser().resolve()
    if not path.exists():
        raise NotFound(f"There is no file or folder {path}.", hint="Check the path.")
    base = None if start_from is None else find_base(house, start_from)
    if base is not None:
        modality, family = base.agreed("modality", modality), base.agreed("family", family)
        fields |= base.fields
    modality = detect_modality(path) if modality is None else modality
    spec = modalities().spec(modality)
    name = check_name(name) if name else free_name(house, path)
    if any(model.name == name for model in house.registry.list()):
        raise Conflict(f"A model named {name!r} is there already.", hint="Choose another --name, or castalia rm it.")
    if fields.get("minutes") is None and fields.get("max_steps") is None:
        fields["minutes"] = MINUTES[str(fields.get("size", "small"))]
    notes: list[str] = []
    if family in {None, AUTO}:
        family, reason = pick_family(spec, cast("float | None", fields.get("minutes")))
        notes.append(f"family {family}: {reason}")
    learner = _family(str(family))
    fields["compress"] = meeting(learner, spec, cast("Compress", fields.pop("compress", "auto"))).compress
    wishes = _dictionary(fields.get("family_options"))
    complete = validated(cast("type[BaseModel]", resolve(learner.options)), wishes)
    fields["family_options"] = {option: complete[option] for option in wishes}
    if base is not None:
        base.check(learner, wishes)

    implementation = load_modality(modality)
    values = listed(implementation.data_options(), _dictionary(fields.pop("data_options", None)))
    survey = _surveyed(implementation, path, values)
    told, values = _without_personal_data(house, implementation, path, survey, values)
    data = {"source": path, "name": name, "modality": modality, "family": family, "data_options": values, **fields}
    data["assets"] = house.assets()
    plan = TrainingPlan.model_validate(validated(TrainingPlan, data))
    return plan, [*notes, *survey.warnings, *told]


def pick_family(spec: ModalitySpec, minutes: float | None) -> tuple[str, str]:
    """The family that suits a modality and a budget in minutes (None: by steps), and why."""
    usual = spec.default_family
    if spec.name == "table" and "trees" in families().specs() and minutes is not None and minutes <= QUICK:
        return "trees", f"it learns a table in seconds; other families need more than {QUICK:g} minutes"
    grids = usual == "vae" and spec.name != "table"
    if grids and "diffusion" in families().specs() and minutes is not None and minutes >= PATIENT:
        return "diffusion", f"{minutes:g} minutes are enough for it; on Fashion-MNIST ten gave the best figures here"
    if grids:
        return "vae", f"it has something to show within {PATIENT:g} minutes, where others are unfinished"
    if usual is not None:
        return usual, f"it does best on {spec.name}"
    able = [name for name, one in families().specs().items() if set(one.representations) & set(spec.representations)]
    if not able:
        raise NotFound(f"No family learns {spec.name}.", hint=f"It offers: {', '.join(spec.representations)}.")
    return able[0], f"it is the first that learns {spec.name}"


def free_name(house: House, source: Path) -> str:
    """A model name from a file's or folder's name that no model has yet."""
    stem = re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-") or "model"
    taken = {name for model in house.registry.list() for name in (model.name, *model.aliases)}
    candidates = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _family(name: str) -> FamilySpec:
    families().implementation(name)  # says now, not in the worker, which extra is missing
    return families().spec(name)


def _surveyed(modality: Modality, path: Path, values: dict[str, object]) -> Survey:
    survey = modality.survey(path, data_options(modality, values))
    if survey.problems:
        raise DatasetError(
            f"{path} cannot be trained on: {len(survey.problems)} problem(s).",
            problems=[*survey.problems, *survey.warnings],
            hint="Mend these and train again.",
        )
    return survey


def _without_personal_data(
    house: House, modality: Modality, path: Path, survey: Survey, values: dict[str, object]
) -> tuple[list[str], dict[str, object]]:
    """What the guard found, and the data options that leave out what must not be learnt."""
    found = house.guard.training(survey.excerpts)
    if not found.drop_columns:
        return found.warnings, values
    option = next((name for name in LEAVING_OUT if name in modality.data_options().model_fields), None)
    if option is None:
        raise Blocked(
            f"The training data holds personal data and cannot be learnt without it: {'; '.join(found.warnings)}.",
            hint="Take it out of the data, or set guard.training to allow.",
        )
    dropped = values.get(option)
    earlier = [str(name) for name in cast("list[object]", dropped)] if isinstance(dropped, list) else []
    values = {**values, option: sorted({*earlier, *found.drop_columns})}
    if option == "leave_out":
        left = modality.survey(path, data_options(modality, values))
        if left.problems:
            raise DatasetError(
                f"{path} cannot be trained on without its personal data.",
                problems=[*found.warnings, *left.problems],
                hint="Take the personal data out of the files, or set guard.training to allow.",
            )
    return found.warnings, values


def _dictionary(value: object) -> dict[str, object]:
    return dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}
