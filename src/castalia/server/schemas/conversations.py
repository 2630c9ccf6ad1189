"""The bodies of /v1/conversations."""

from typing import Annotated

from pydantic import Field, StringConstraints

from castalia.server.schemas.extras import Strict
from castalia.server.schemas.responses import InputItem

MOST_ITEMS = 20
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], Annotated[str, StringConstraints(max_length=512)]],
    Field(max_length=16),
]
"""Up to 16 pairs of texts."""


class ConversationBody(Strict):
    """A conversation to begin."""

    items: list[InputItem] | None = Field(default=None, max_length=MOST_ITEMS)
    metadata: Metadata | None = None


class ConversationUpdate(Strict):
    """Other metadata."""

    metadata: Metadata | None


class ItemsBody(Strict):
    """Items to add at the end."""

    items: list[InputItem] = Field(min_length=1, max_length=MOST_ITEMS)
