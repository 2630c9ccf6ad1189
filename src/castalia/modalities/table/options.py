"""Options of making tables, and of reading one for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.modalities.sampling import SamplingOptions

ColumnKind = Literal["number", "integer", "category", "boolean", "datetime", "identifier", "text"]


class TableOptions(SamplingOptions):
    """How many rows, which ones, and in which encoding."""

    rows: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Rows to make; unset: as many as the prompt says, else 100."
    )
    where: list[str] = Field(
        default_factory=list,
        max_length=32,
        description="Conditions that every row meets: 'sex=Female', 'age>=30', 'city in Rome, Oslo'.",
    )
    format: Literal["csv", "parquet"] = Field(default="csv", description="Encoding of the table.")


class TableData(BaseModel):
    """How a file becomes a training table."""

    model_config = ConfigDict(extra="forbid")

    drop_columns: list[str] = Field(default_factory=list, description="Columns to leave out.")
    target: str | None = Field(default=None, description="The column that users of the table predict.")
    identifiers: list[str] = Field(
        default_factory=list, description="Columns that only name a row: made afresh, never learned."
    )
    types: dict[str, ColumnKind] = Field(default_factory=dict, description="Kinds of columns that are detected wrong.")
    max_rows: int | None = Field(default=None, ge=20, description="Use at most so many rows, drawn at random.")
    separator: str | None = Field(
        default=None, min_length=1, max_length=1, description="Character between cells; unset: detected."
    )
    encoding: str | None = Field(default=None, description="Text encoding such as utf-8 or latin-1; unset: detected.")
    header: Literal["auto", "yes", "no"] = Field(
        default="auto", description="Whether the first line names the columns."
    )
