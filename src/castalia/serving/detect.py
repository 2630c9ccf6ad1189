"""Which modality a training set is."""

from pathlib import Path
from typing import Literal, cast, get_args, get_origin

from pydantic import BaseModel

from castalia.core.contracts import Modality
from castalia.core.errors import DatasetError, NotFound
from castalia.core.plugins import modalities
from castalia.serving.resolving import validated

SURE_ENOUGH = 0.3
"""Below this no modality claims the data; the built-in ones answer 0 for foreign data and above 0.5 for their own."""


def load_modality(name: str) -> Modality:
    """The implementation of a modality. Raises NotFound, MissingExtra, or BadRequest when it cannot be trained."""
    return cast(Modality, modalities().implementation(name)())


def detect_modality(source: Path) -> str:
    """The name of the modality that recognises ``source`` best.

    Raises NotFound when there is nothing, DatasetError when no modality knows it.
    """
    if not source.exists():
        raise NotFound(f"There is no file or folder {source}.", hint="Check the path.")
    specs = modalities().specs()
    trainable = [name for name, spec in specs.items() if spec.implementation]
    usable = [name for name in trainable if not modalities().missing(name)]
    if not usable:
        load_modality(trainable[0])  # says which extra is missing
    scores = {name: load_modality(name).recognises(source) for name in usable}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < SURE_ENOUGH:
        raise DatasetError(
            f"{source} is not recognised as training data.",
            problems=[f"no {' or '.join(usable)} data found in it"],
            hint=f"Name the kind yourself, for example --modality {usable[0]}.",
        )
    return best


def listed(kind: type[BaseModel], values: dict[str, object]) -> dict[str, object]:
    """The values as the options take them, where a command line has only words.

    A single word for an option that takes a list is a list of one (``drop_columns=sex``), and digits are a number for
    one that takes certain numbers (``grid=4``).
    """
    return {name: _as_taken(kind, name, value) for name, value in values.items()}


def _as_taken(kind: type[BaseModel], name: str, value: object) -> object:
    field = kind.model_fields.get(name)
    if field is None or not isinstance(value, str):
        return value
    if get_origin(field.annotation) is list:
        return [value]
    kinds = (field.annotation, *get_args(field.annotation))
    choices = [one for given in kinds if get_origin(given) is Literal for one in get_args(given)]
    return next((one for one in choices if isinstance(one, int) and str(one) == value.strip()), value)


def data_options(modality: Modality, values: dict[str, object]) -> BaseModel:
    """The modality's data options from plain values. Raises BadRequest for a wrong one."""
    kind = modality.data_options()
    return kind.model_validate(validated(kind, values))
