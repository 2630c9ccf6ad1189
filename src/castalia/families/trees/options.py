"""Options of the family of trees."""

from pydantic import BaseModel, ConfigDict, Field


class TreesOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    leaf: int | None = Field(default=None, ge=5, le=1000, description="Fewest training rows of a leaf.")
    rows: int = Field(default=100_000, ge=100, description="Most rows that are learnt; more are thinned at random.")
