"""Training data: how much, of what licence, from when, as the card tells."""

from typing import cast

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """Items; below, licence, source and dates."""
    model, card = subject.model, subject.card
    data = cast("dict[str, object]", card.get("data") or {})
    recipe = cast("dict[str, dict[str, object]]", card.get("recipe") or {})
    told = {
        "licence": data.get("licence") or model.licence or "not stated",
        "source": data.get("source") or model.source or "not stated",
        "trained": str(card.get("created", ""))[:10],
        "held out": recipe.get("training", {}).get("held_out_items", ""),
        "warnings": len(cast("list[object]", data.get("warnings") or [])) if data else "",
    }
    parts = [Part(name=name, value=str(value)) for name, value in told.items() if value != ""]
    items = data.get("items")
    if not isinstance(items, int | float):
        return nothing("its files do not say what it learnt from", parts)
    return headline(Part(name="", value=float(items), unit="items"), parts)


ROWS = [RowSpec(90, "training data", "Items, licence and dates, from the card.", cell, without_asking=True)]
