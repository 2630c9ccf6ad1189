"""Lists in OpenAI's shape, page by page."""

from dataclasses import dataclass
from typing import Literal

from castalia.core.errors import NotFound

Item = dict[str, object]


@dataclass
class Page:
    """Which part of a list: ``limit`` items behind the one with the id ``after``, or in front of ``before``."""

    after: str | None = None
    before: str | None = None
    limit: int = 20
    order: Literal["asc", "desc"] = "desc"


def page(items: list[Item], wanted: Page) -> Item:
    """That part of the items, which come oldest first. Raises NotFound when ``after`` or ``before`` is none of them."""
    ordered = items if wanted.order == "asc" else items[::-1]
    limit = max(1, min(wanted.limit, 100))
    start = 0 if wanted.after is None else _place(ordered, wanted.after) + 1
    if wanted.before is not None:
        ordered = ordered[: _place(ordered, wanted.before)]
        start = max(start, len(ordered) - limit)
    data = ordered[start : start + limit]
    ends = [data[place]["id"] if data else "" for place in (0, -1)]
    more = start + len(data) < len(ordered)
    return {"object": "list", "data": data, "first_id": ends[0], "last_id": ends[1], "has_more": more}


def _place(items: list[Item], id: str) -> int:
    for place, item in enumerate(items):
        if item["id"] == id:
            return place
    raise NotFound(f"There is no item {id!r} in this list.", hint="after and before are ids of a page.")
