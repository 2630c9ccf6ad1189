"""A table at a glance: what each column is, totals, and the lines by which a language model is told of it.

Plain numpy: it needs no extra, and it reads every kind of table that `castalia.modalities.table.reading` does.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.table.numbers import find_style
from castalia.modalities.table.reading import Table

Role = Literal["number", "time", "label", "identifier", "other"]
LABELS = 40
"""Different texts up to which a column names groups."""
TIME = re.compile(
    r"[12]\d{3}(?:[-/](?:0?[1-9]|1[0-2])(?:[-/]\d{1,2})?)(?:[ T]\d{1,2}:\d\d.*)?$|[12]\d{3}-?[QW]\d{1,2}$"
)
YEAR_NAME = re.compile(r"^(?:years?|jahre?|año|ann[ée]e|anno|年份?|năm)$", re.IGNORECASE)
IDENTIFIER_NAME = re.compile(r"^(?:id|no|nr|nummer|number|index|key|code|#)$|_id$|[a-z]Id$|编号|mã số", re.IGNORECASE)
MEASURED_ONCE = re.compile(
    r"price|rate|percent|%|share|score|temperature|average|mean|ratio|age\b|margin|preis|anteil|quote|alter|precio|tasa"
    r"|edad|prix|taux|part\b|价格|单价|率|温度|年龄|giá|tỷ lệ|tuổi|nhiệt độ",
    re.IGNORECASE,
)
"""Names of quantities that are averaged: their sum means nothing."""
MONEY = re.compile(
    r"revenue|sales|total|amount|turnover|umsatz|betrag|erl[öo]s|ventas|importe|ingresos|montant|chiffre|ventes|recette"
    r"|销售|金额|收入|营收|doanh thu|doanh số|số tiền|value|wert|valor|valeur",
    re.IGNORECASE,
)
"""Names of what a table is mostly about."""


@dataclass
class Glance:
    """A column: its role, its cells, and its numbers (rows,), NaN where a cell holds none."""

    name: str
    role: Role
    cells: NDArray[np.object_]
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def combined_by(self) -> Literal["sum", "mean"]:
        """How several of its numbers become one."""
        return "mean" if MEASURED_ONCE.search(self.name) else "sum"


def glance(table: Table) -> list[Glance]:
    """Every column with its role."""
    return [_glance(name, cells, table.separator) for name, cells in zip(table.names, table.columns, strict=True)]


def main_number(columns: list[Glance]) -> Glance | None:
    """The number that the table is about: one with a telling name, else the last."""
    numbers = [column for column in columns if column.role == "number"]
    told = [column for column in numbers if MONEY.search(column.name)]
    return (told or numbers or [None])[-1]


def grouped(by: Glance, number: Glance | None) -> list[tuple[str, float]]:
    """Each group of a column with its combined number, the number of its rows without one; times in order, other
    groups by falling size. Rows without a group or a number do not count."""
    found: dict[str, list[float]] = {}
    for place, cell in enumerate(by.cells.tolist()):
        value = 1.0 if number is None else float(number.values[place])
        if cell and not np.isnan(value):
            found.setdefault(str(cell), []).append(value)
    mean = number is not None and number.combined_by == "mean"
    totals = [(name, float(np.mean(values) if mean else np.sum(values))) for name, values in found.items()]
    return sorted(totals) if by.role == "time" else sorted(totals, key=lambda pair: -pair[1])


def told(table: Table, name: str, most: int) -> str:
    """The table in plain sentences of at most ``most`` characters: its size, its numbers, its groups, its course.

    Rows are shown only where there is nothing to count: a small language model goes on with rows instead of answering.
    """
    columns = glance(table)
    number = main_number(columns)
    lines = [f"{name} has {table.rows} rows. Its columns are {', '.join(table.names)}."]
    grouping = [column for column in columns if column.role in {"label", "time"}]
    for column in sorted(columns, key=lambda column: column is not number):
        values = column.values[~np.isnan(column.values)] if column.role == "number" else np.empty(0)
        if len(values):
            lines.append(_in_all(column, values, spread=not grouping))
    what = "The number of rows" if number is None else f"The {_COMBINED[number.combined_by]} {number.name}"
    lines += [_by_group(column, grouped(column, number), what) for column in grouping]
    if len(lines) == 1:
        lines += [
            f"A row: {', '.join(str(column[row]) for column in table.columns)}." for row in range(min(5, table.rows))
        ]
    kept = lines[0][:most]
    for line in lines[1:]:
        if len(kept) + 1 + len(line) <= most:
            kept += f"\n{line}"
    return kept


_COMBINED = {"sum": "total", "mean": "average"}


def _in_all(column: Glance, values: NDArray[np.float64], *, spread: bool) -> str:
    low, high, mean = (shown(float(value)) for value in (values.min(), values.max(), values.mean()))
    whole = f"total {column.name} is {shown(float(values.sum()))}" if column.combined_by == "sum" else ""
    said = f"The {whole}, on average {mean} a row" if whole else f"The average {column.name} is {mean}"
    return f"{said}; the lowest is {low}, the highest {high}." if spread else f"{said}."


def _by_group(column: Glance, groups: list[tuple[str, float]], what: str) -> str:
    if column.role == "label" or len(groups) < 4:
        listed = ", ".join(f"{shown(value)} for {group}" for group, value in groups[:8])
        more = f", and {len(groups) - 8} more" if len(groups) > 8 else ""
        return f"{what} by {column.name} is {listed}{more}."
    (first, begun), (last, ended) = groups[0], groups[-1]
    (best, most), (worst, least) = (pick(groups, key=lambda pair: pair[1]) for pick in (max, min))
    return (
        f"{what} went from {shown(begun)} in {first} to {shown(ended)} in {last}. It was highest in {best} with"
        f" {shown(most)} and lowest in {worst} with {shown(least)}."
    )


def shown(value: float) -> str:
    """``1234567.0`` is ``1,234,567``; small numbers keep three digits."""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _glance(name: str, cells: NDArray[np.object_], separator: str) -> Glance:
    present = [str(cell) for cell in cells.tolist() if cell]
    different = list(dict.fromkeys(present))
    if not present:
        return Glance(name, "other", cells)
    if all(TIME.match(text) for text in different[:200]):
        return Glance(name, "time", cells)
    style = find_style(different, separator)
    if style is None:
        grouping = len(different) <= LABELS and (len(different) < len(present) or len(different) <= 12)
        return Glance(name, "label" if grouping else "other", cells)
    values = np.array([style.parse(str(cell)) if cell else np.nan for cell in cells.tolist()], dtype=np.float64)
    whole = bool(np.all(values[~np.isnan(values)] % 1 == 0))
    if whole and YEAR_NAME.match(name) and bool(np.all((values > 1000) & (values < 3000))):
        return Glance(name, "time", cells)
    if whole and IDENTIFIER_NAME.search(name) and len(different) == len(present):
        return Glance(name, "identifier", cells)
    return Glance(name, "number", cells, values)
