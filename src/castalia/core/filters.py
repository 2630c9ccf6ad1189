"""Conditions on the attributes of files, in OpenAI's form: comparisons, and their combinations with and / or."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

Scalar = StrictStr | StrictBool | StrictInt | StrictFloat


class Comparison(BaseModel):
    """``key`` compared with ``value``. A file without the attribute, or with one of another kind (number, text, truth),
    meets ``ne`` and ``nin`` only."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: str
    value: Scalar | list[Scalar]

    def matches(self, attributes: Mapping[str, object]) -> bool:
        """Whether these attributes meet it."""
        own = attributes.get(self.key)
        among = self.value if isinstance(self.value, list) else [self.value]
        alike = [one for one in among if _kind(one) == _kind(own)]
        match self.type:
            case "eq" | "in":
                return own in alike
            case "ne" | "nin":
                return own not in alike
            case order:
                return len(alike) == 1 and _ordered(order, own, alike[0])


class Compound(BaseModel):
    """All (``and``) or any (``or``) of its filters."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["and", "or"]
    filters: list["Filter"] = Field(min_length=1, max_length=50)

    def matches(self, attributes: Mapping[str, object]) -> bool:
        """Whether these attributes meet it."""
        found = (one.matches(attributes) for one in self.filters)
        return all(found) if self.type == "and" else any(found)


Filter = Annotated[Comparison | Compound, Field(discriminator="type")]


class Search(BaseModel):
    """How documents are searched: at most ``most`` passages with a score in [0, 1] of at least ``threshold``, of files
    that the ``filters`` let through. ``told``: whether the passages are told with the answer."""

    model_config = ConfigDict(extra="forbid")

    most: int | None = Field(default=None, ge=1, le=50)
    threshold: float = Field(default=0.0, ge=0, le=1)
    filters: Filter | None = None
    told: bool = False


def _kind(value: object) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _ordered(order: str, own: object, other: object) -> bool:
    if isinstance(own, bool) or not isinstance(own, str | int | float):
        return False
    low = bool(own < other)  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType] - of one kind
    return {"lt": low, "gte": not low, "lte": low or own == other, "gt": not low and own != other}[order]
