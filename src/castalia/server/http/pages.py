"""Lists in OpenAI's shape, page by page."""

from dataclasses import dataclass
from typing import Literal

from castalia.core.errors import NotFound

Item = dict[str, object]


@dataclass
class Page:
    """Which part of a list: ``limit`` items behind the one with the id ``after``."""

    after: str | None = None
    limit: int = 20
    order: Literal["asc", "desc"] = "desc"


def page(items: list[Item], wanted: Page) -> Item:
    """That part of the items, which come oldest first. Raises NotFound when ``after`` is none of them."""
    ordered = items if wanted.order == "asc" else items[::-1]
    start = 0
    if wanted.after is not None:
        places = [place for place, item in enumerate(ordered) if item["id"] == wanted.after]
        if not places:
            raise NotFound(f"There is no item {wanted.after!r} in this list.", hint="after is the last id of a page.")
        start = places[0] + 1
    data = ordered[start : start + max(1, min(wanted.limit, 100))]
    ends = [data[place]["id"] if data else "" for place in (0, -1)]
    more = start + len(data) < len(ordered)
    return {"object": "list", "data": data, "first_id": ends[0], "last_id": ends[1], "has_more": more}
