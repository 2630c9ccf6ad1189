"""Which chart shows a table: its kind, its groups and its numbers, all from the table itself. Nothing is drawn here.

What the request names wins (a kind of chart, a column). Otherwise: numbers over time are a line, numbers by group are
bars, two numbers are points, one number alone is a histogram.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from castalia.core.errors import UnsupportedInput
from castalia.modalities.table.overview import Glance, glance, grouped, main_number
from castalia.modalities.table.reading import Table

Kind = Literal["line", "bar", "pie", "scatter", "histogram"]
BARS = 12
"""Groups shown; the others are put together as one."""
SLICES = 6
POINTS = 2000
KINDS: tuple[tuple[Kind, str], ...] = (
    ("pie", r"\bpie|kreis|torten|tarta|sectores|secteurs|camembert|饼|tròn"),
    ("histogram", r"histogram|直方"),
    ("scatter", r"scatter|streu|dispersi|nuage|散点|phân tán"),
    ("line", r"\bline|linien|l[íi]neas|courbe|折线|曲线|đường|over time|trend"),
    ("bar", r"\bbar|column chart|balken|s[äa]ulen|barras|barres|b[âa]tons|柱|条形|cột"),
)


@dataclass
class Chart:
    """What is to be drawn: ``groups`` and ``values`` of equal length, for points ``x`` and ``values`` (n,).

    ``caption`` says in words what is shown and of how many rows; ``left_out`` counts rows without the number.
    """

    kind: Kind
    title: str
    x_name: str
    y_name: str
    groups: list[str] = field(default_factory=list[str])
    values: list[float] = field(default_factory=list[float])
    x: list[float] = field(default_factory=list[float])
    rows: int = 0
    left_out: int = 0
    columns: list[str] = field(default_factory=list[str])

    @property
    def caption(self) -> str:
        """One sentence."""
        gaps = f", {self.left_out} without a value left out" if self.left_out else ""
        return f"{self.title}: {self.kind} chart of {self.rows} rows{gaps}."


def chart_of(table: Table, name: str, prompt: str) -> Chart:
    """The chart that the request asks for, or the one that suits the table. Raises UnsupportedInput without numbers."""
    if table.rows == 0:
        raise UnsupportedInput(f"{name} has no rows to draw.", hint="Attach a table with rows.")
    columns = glance(table)
    wanted: Kind | None = next((kind for kind, words in KINDS if re.search(words, prompt, re.IGNORECASE)), None)
    named = [column for column in columns if _is_named(column.name, prompt)]
    numbers = [column for column in columns if column.role == "number"]
    number = next((column for column in named if column.role == "number"), main_number(columns))
    by = next((column for column in named if column.role in {"time", "label"}), None)
    if by is None and wanted not in {"histogram", "scatter"}:
        groups = [column for column in columns if column.role in {"time", "label"} and len(set(column.cells)) > 1]
        by = next((column for column in groups if column.role == ("label" if wanted == "pie" else "time")), None)
        by = by or (groups[0] if groups else None)
    if by is not None and wanted not in {"histogram", "scatter"}:
        return _by_group(table, by, number, wanted)
    if len(numbers) > 1 and wanted != "histogram":
        first, second = _pair(numbers, named, number)
        return _points(table, first, second)
    if number is None:
        raise UnsupportedInput(
            f"{name} holds neither numbers nor groups that a chart could show.", hint="Attach a table with numbers."
        )
    return _histogram(table, number)


def _by_group(table: Table, by: Glance, number: Glance | None, wanted: Kind | None) -> Chart:
    groups = grouped(by, number)
    kind: Kind = wanted or ("line" if by.role == "time" and len(groups) > 2 else "bar")
    what = "rows" if number is None else f"{number.name} ({number.combined_by})"
    most = SLICES if kind == "pie" else BARS
    if by.role != "time" and len(groups) > most:
        rest = [value for _, value in groups[most - 1 :]]
        mean = number is not None and number.combined_by == "mean"
        groups = [*groups[: most - 1], (f"{len(rest)} others", float(np.mean(rest) if mean else np.sum(rest)))]
    if kind == "pie" and any(value < 0 for _, value in groups):
        kind = "bar"
    gaps = int(sum(not cell for cell in by.cells.tolist())) if number is None else int(np.isnan(number.values).sum())
    return Chart(
        kind,
        f"{what} by {by.name}",
        by.name,
        what,
        [group for group, _ in groups],
        [value for _, value in groups],
        rows=table.rows,
        left_out=gaps,
        columns=[by.name, *([number.name] if number is not None else [])],
    )


def _pair(numbers: list[Glance], named: list[Glance], main: Glance | None) -> tuple[Glance, Glance]:
    told = [column for column in named if column.role == "number"]
    second = told[1] if len(told) > 1 else main or numbers[-1]
    first = next(column for column in [*told, *numbers] if column is not second)
    return first, second


def _points(table: Table, first: Glance, second: Glance) -> Chart:
    both = ~(np.isnan(first.values) | np.isnan(second.values))
    x, y = first.values[both], second.values[both]
    step = max(1, len(x) // POINTS)
    return Chart(
        "scatter",
        f"{second.name} against {first.name}",
        first.name,
        second.name,
        values=y[::step].tolist(),
        x=x[::step].tolist(),
        rows=table.rows,
        left_out=int((~both).sum()),
        columns=[first.name, second.name],
    )


def _histogram(table: Table, number: Glance) -> Chart:
    values = number.values[~np.isnan(number.values)]
    gaps = len(number.values) - len(values)
    title = f"distribution of {number.name}"
    return Chart(
        "histogram",
        title,
        number.name,
        "rows",
        values=values.tolist(),
        rows=table.rows,
        left_out=gaps,
        columns=[number.name],
    )


def _is_named(name: str, prompt: str) -> bool:
    """Whether the request speaks of a column; its file's name does not count."""
    said = re.sub(r"[\w-]+\.\w{2,5}\b", " ", prompt).casefold()
    words = name.casefold().replace("_", " ")
    if re.search(r"[㐀-鿿]", words):
        return words in said
    return re.search(rf"\b{re.escape(words)}s?\b", said) is not None
