"""Model scope: how large it is, what it takes and makes, what it can be asked for."""

from typing import cast

from castalia.core.models import Model
from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """Parameters; below, everything else that registry and card tell."""
    model = subject.model
    parts = [
        Part(name="family", value=model.family or "not told"),
        Part(name="takes", value=", ".join(model.inputs)),
        Part(name="makes", value=", ".join(model.outputs)),
        Part(name="runs on", value=", ".join(model.engines), note=f"measured on {subject.engine}"),
        *_askable(model, subject.card),
    ]
    count = parameters(model)
    if count is None:
        return nothing("its files name no number of parameters", parts)
    return headline(Part(name="", value=count, unit="parameters"), parts)


def parameters(model: Model) -> float | None:
    """The number of learnt numbers, where the registry knows it."""
    told = model.figures.get("parameters", model.details.get("parameters"))
    return float(told) if isinstance(told, int | float) else None


def _askable(model: Model, card: dict[str, object]) -> list[Part]:
    parts: list[Part] = []
    for name, thing in (("classes", "classes"), ("columns", "columns"), ("keys", "keys")):
        known = model.details.get(name)
        if isinstance(known, dict | list) and known:
            named = list(cast("list[object]", known))
            count = len(named)
            first = [str(one).split(",", maxsplit=1)[0] for one in named][:6]
            note = ", ".join(first) + (", ..." if count > len(first) else "")
            parts.append(Part(name=thing, value=float(count), n=count, note=note))
    conditions = card.get("conditions")
    if isinstance(conditions, list) and conditions:
        parts.append(Part(name="conditions", value=", ".join(str(one) for one in cast("list[object]", conditions))))
    return parts


ROWS = [RowSpec(20, "model scope", "Size, kinds in and out, what it can be asked for.", cell, without_asking=True)]
