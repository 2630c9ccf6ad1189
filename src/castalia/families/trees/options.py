"""Options of the family of trees."""

from pydantic import BaseModel, ConfigDict, Field


class TreesOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    leaf: int | None = Field(default=None, ge=5, le=1000, description="Fewest rows of which a difference is drawn.")
    rounds: int | None = Field(
        default=None, ge=1, le=2000, description="Most boosted trees of a column of two categories; others: half."
    )
    depth: int = Field(default=6, ge=1, le=8, description="Questions that a boosted tree asks.")
    rate: float = Field(default=0.25, gt=0, le=1, description="How far each boosted tree goes.")
    rows: int = Field(default=100_000, ge=100, description="Most rows that are learnt; more are thinned at random.")
