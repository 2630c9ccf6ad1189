"""Classes of a training set as the condition ``label``, and which of them a request asks for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Array
from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Segment
from castalia.modalities.wording import find_label, names_of, read_wish


def label_conditions(classes: Sequence[str]) -> Conditions | None:
    """One categorical group of all classes, or None where there are none."""
    if not classes:
        return None
    return Conditions(groups=(Segment(name="label", kind="categorical", start=0, width=len(classes)),))


def encode_labels(labels: Sequence[str | None], classes: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
    """One-hot conditions (n, classes) and which are known (n, 1).

    A label is a class or its first name; any other is unknown.
    """
    places = {names_of(label)[0]: place for place, label in enumerate(classes)}
    places |= {label: place for place, label in enumerate(classes)}
    conditions = np.zeros((len(labels), len(classes)), dtype=np.float32)
    known = np.zeros((len(labels), 1), dtype=np.bool_)
    for row, label in enumerate(labels):
        if label in places:
            conditions[row, places[label]] = 1.0
            known[row, 0] = True
    return conditions, known


def wanted_labels(
    label: str | None, prompt: str, classes: tuple[str, ...], things: frozenset[str]
) -> tuple[list[str], dict[str, object]]:
    """The classes that the option or the prompt names, by their first names, and a ``note`` where it names none.

    Raises BadRequest for an option that is no class.
    """
    if label is not None:
        if not classes:
            raise BadRequest(
                f"This model has no classes, so it cannot make {label!r} on demand.",
                hint="Leave out label, or train on a folder with one sub-folder for each class.",
            )
        found = find_label(label, classes)
        if found is None:
            raise BadRequest(f"This model has no class {label!r}.", hint=f"Its classes: {_told(classes)}.")
        return [names_of(found)[0]], {}
    labels = [names_of(found)[0] for found in read_wish(prompt, classes, things).labels]
    if labels or not classes:
        return labels, {}
    return [], {"note": f"The prompt names none of the model's classes ({_told(classes)}): any may appear."}


def _told(classes: Sequence[str]) -> str:
    return ", ".join(names_of(label)[0] for label in classes)
