"""One column: what kind it is, how its cells are read as values and written again.

Values are float64: the number, seconds since 1970, or the place of a category in ``labels``; NaN is missing. All
parsing works on a column's distinct cells only.
"""

import importlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from castalia.modalities.table.dates import DateStyle, parse_iso
from castalia.modalities.table.identifiers import IdentifierPattern
from castalia.modalities.table.numbers import NumberStyle
from castalia.modalities.table.options import ColumnKind
from castalia.modalities.table.transforms import Levels, Quantiles

Cells = NDArray[np.object_]
Values = NDArray[np.float64]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "?", "-", "--", "#n/a", "nat", "<na>"})
"""Cells that say that there is nothing, in lower case."""


class Column(BaseModel):
    """One column of the table and everything that is needed to make it again.

    ``coding`` is set for columns that are learned: ``number``, ``integer``, ``category``, ``boolean``, ``datetime``.
    A ``constant`` column repeats ``constant``; an ``identifier`` is made afresh by ``pattern``; ``text`` is left out.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: ColumnKind | Literal["constant"]
    labels: tuple[str, ...] = ()
    missing_marker: str = ""
    arrow: str | None = None
    number: NumberStyle | None = None
    date: DateStyle | None = None
    pattern: IdentifierPattern | None = None
    constant: str = ""
    coding: Levels | Quantiles | None = Field(default=None, discriminator="kind")

    @property
    def written(self) -> bool:
        """Whether the column is in the tables that are made."""
        return self.kind != "text"

    @property
    def is_ordered(self) -> bool:
        """Whether its values can be less or more."""
        return self.number is not None or self.date is not None

    def parse(self, cells: Cells, plain: bool = False) -> tuple[Values, NDArray[np.bool_]]:
        """Values (n,), and where (n,) a cell is neither missing nor readable in this column.

        ``plain`` reads cells as typed files give them (1234.5, ISO dates, true) and not in this column's style.
        """
        codes, texts = factorize(cells)
        missing = is_missing(texts)
        values = self._parse_plain(texts) if plain else self.parse_texts(texts)
        values[missing] = np.nan
        return values[codes], (np.isnan(values) & ~missing)[codes]

    def parse_texts(self, texts: list[str]) -> Values:
        """The value of each distinct cell, NaN where it is not one of this column."""
        if self.number is not None:
            return np.asarray([self.number.parse(text) for text in texts], dtype=np.float64)
        if self.date is not None:
            return self.date.parse(texts)
        place = {label: float(index) for index, label in enumerate(self.labels)}
        return np.asarray([place.get(text, np.nan) for text in texts], dtype=np.float64)

    def format(self, values: Values) -> Cells:
        """The cells (n,) that say these values in this column's way."""
        cells = np.full(len(values), self.missing_marker, dtype=object)
        there = ~np.isnan(values)
        if self.labels:
            cells[there] = np.asarray(self.labels, dtype=object)[values[there].astype(np.int64)]
            return cells
        distinct, codes = np.unique(values[there], return_inverse=True)
        texts = np.empty(len(distinct), dtype=object)
        if self.number is not None:
            texts[:] = self.number.format(distinct)
        elif self.date is not None and len(distinct):
            texts[:] = self.date.format_values(distinct)
        cells[there] = texts[codes]
        return cells

    def _parse_plain(self, texts: list[str]) -> Values:
        if self.number is not None:
            style = NumberStyle()
            return np.asarray([style.parse(text) for text in texts], dtype=np.float64)
        if self.date is not None and self.date.has_date:
            return parse_iso(texts)
        place = {label.lower(): float(index) for index, label in enumerate(self.labels)}
        lowered = self.kind == "boolean"
        return np.asarray([place.get(text.lower(), np.nan) for text in texts]) if lowered else self.parse_texts(texts)


def is_missing(texts: list[str]) -> NDArray[np.bool_]:
    """Which of these distinct cells say that there is nothing."""
    return np.asarray([text.lower() in MISSING for text in texts], dtype=bool)


def factorize(cells: Cells) -> tuple[NDArray[np.int64], list[str]]:
    """Codes (n,) and the distinct cells that they stand for, in order of appearance."""
    pandas: Any = importlib.import_module("pandas")
    codes, texts = pandas.factorize(cells)
    return np.asarray(codes, dtype=np.int64), [str(text) for text in texts]
