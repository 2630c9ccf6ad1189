"""Rows, cells and the whole comparison, as they are printed, written and kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from castalia.judging.comparing.observed import Subject
from castalia.judging.evaluation.bootstrap import of_mean
from castalia.judging.evaluation.figures import Figure

Z = 1.96
"""Standard deviations that hold 95 %."""

Better = Literal["higher", "lower", "none"]


class Cell(BaseModel):
    """One figure of one model. ``value`` is a number or words; None where nothing was measured: ``reason`` says why.

    ``interval`` holds 95 % of what other samples of the same size would give (bootstrap; of shares Wilson's, which does
    not shrink to nothing where all agree); a number without one is exact, or with ``n`` 1 measured once.
    ``basis`` says what it was measured on: only figures of one unit and basis are held against each other.
    ``items`` holds what each request or question adds to the mean, by what was asked and the seed; two cells with the
    same ones are compared pair by pair. It is not printed.
    """

    value: float | str | None
    unit: str = ""
    interval: tuple[float, float] | None = None
    n: int | None = None
    reason: str = ""
    better: Better = "none"
    basis: str = ""
    note: str = ""
    items: dict[str, float] = Field(default_factory=dict[str, float], exclude=True)

    @property
    def number(self) -> float | None:
        """The value where it is a number."""
        return float(self.value) if isinstance(self.value, float | int) else None

    @property
    def ends(self) -> tuple[float, float]:
        """The interval, or the exact value twice. Only for numbers."""
        value = self.number or 0.0
        return self.interval or (value, value)


class Part(Cell):
    """A further figure of a cell, with a name."""

    name: str


class Whole(Cell):
    """A cell with its further figures."""

    parts: list[Part] = Field(default_factory=list[Part])


Way = Literal["pairs", "intervals", "once", "exact"]


class Contrast(BaseModel):
    """Two models held against each other in one figure; ``differ`` is the verdict.

    ``way``: by ``pairs`` of answers to the same requests (permutation test; ``p`` is adjusted after Holm), by whether
    their ``intervals`` lie apart, of what was measured ``once`` by whether it is a tenth apart, of ``exact`` figures by
    whether they are the same. ``difference`` is the first less the second; ``reason`` says why there is no test by
    pairs.
    """

    figure: str
    models: tuple[str, str]
    way: Way
    difference: float
    differ: bool
    pairs: int | None = None
    p: float | None = None
    reason: str = ""


class Row(BaseModel):
    """One row: ``cells`` by the models' names; ``findings`` are sentences that follow from the numbers, and
    ``contrasts`` what they rest on."""

    name: str
    about: str
    group: Literal["kind", "cost"]
    cells: dict[str, Whole]
    findings: list[str] = Field(default_factory=list[str])
    contrasts: list[Contrast] = Field(default_factory=list[Contrast])


class Point(BaseModel):
    """A model in the picture of quality against cost; ``frontier``: no other one is both better and cheaper."""

    model: str
    makes: str
    cost: float
    quality: float
    interval: tuple[float, float]
    figures: int
    frontier: bool = False


class Comparison(BaseModel):
    """All that one comparison found. ``models`` holds a few facts of each; ``left_out`` says who is not in the picture
    of quality against cost, and why."""

    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    command: str = ""
    seed: int
    samples: int
    requests: dict[str, object] = Field(default_factory=dict)
    machine: str = ""
    models: dict[str, dict[str, object]]
    rows: list[Row]
    points: list[Point] = Field(default_factory=list[Point])
    left_out: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list[str])
    seconds: float = 0.0

    def row(self, name: str) -> Row:
        """The row of that name. Raises KeyError."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)


class Compared(BaseModel):
    """The end of a comparison; ``folder`` holds comparison.json, report.html, report.md and the picture."""

    event: Literal["compared"] = "compared"
    comparison: Comparison
    folder: Path


@dataclass(frozen=True)
class RowSpec:
    """How a row is made: a module of `castalia.judging.comparing.rows` holds one or a list in ``ROWS``.

    ``order`` places it. ``cell`` makes one model's cell from what was observed of it.
    """

    order: int
    name: str
    about: str
    cell: Callable[[Subject], Whole]
    group: Literal["kind", "cost"] = "kind"
    without_asking: bool = False
    """Whether files and card alone tell it, so that it stands for a model that does not load, too."""


def nothing(reason: str, parts: Sequence[Part] = ()) -> Whole:
    """``n/a``, and why."""
    return Whole(value=None, reason=reason, parts=list(parts))


def share(
    name: str,
    hits: Sequence[bool],
    keys: Sequence[str] = (),
    *,
    better: Better = "higher",
    note: str = "",
    basis: str = "",
) -> Part:
    """How many of these are true, with Wilson's interval (1927): a bootstrap of two hits in two would be sure of it.

    ``keys`` say what was asked for each.
    """
    if not hits:
        return mean(name, [], "share", better=better)
    n, value = len(hits), sum(hits) / len(hits)
    centre = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))
    ends = (short(max(0.0, min(value, centre - half))), short(min(1.0, max(value, centre + half))))
    return Part(
        name=name, value=short(value), unit="share", interval=ends, n=n, better=better, note=note, basis=basis,
        items=_by_key(keys, hits),
    )  # fmt: skip


def mean(
    name: str,
    values: Sequence[float],
    unit: str,
    keys: Sequence[str] = (),
    *,
    better: Better = "none",
    note: str = "",
    basis: str = "",
) -> Part:
    """The mean of measured values with its bootstrap interval; of one value, that value.

    ``keys`` say what was asked for each.
    """
    if not values:
        return Part(name=name, value=None, unit=unit, reason="nothing of the kind was seen", better=better)
    found = of_mean(np.asarray(values, dtype=np.float64))
    return Part(
        name=name, value=short(found.value), unit=unit, n=len(values), better=better, note=note, basis=basis,
        interval=(short(found.low), short(found.high)), items=_by_key(keys, values),
    )  # fmt: skip


def _by_key(keys: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    """Empty where keys are not told, or where one stands for two values."""
    return dict(zip(keys, map(float, values), strict=True)) if len({*keys}) == len(values) else {}


def of_figure(figure: Figure, basis: str, name: str | None = None) -> Part:
    """A figure of an evaluation as it stands."""
    pieces = [f"{label} {getattr(figure, label):.4g}" for label in ("floor", "baseline")
              if getattr(figure, label) is not None]  # fmt: skip
    return Part(
        name=name or figure.name.replace("_", " "),
        value=figure.value,
        unit=figure.unit,
        interval=figure.interval,
        n=figure.n,
        reason=figure.note if figure.value is None else "",
        better=figure.direction,
        basis=basis,
        note=", ".join(pieces),
        items=figure.items,
    )


def headline(part: Part, parts: Sequence[Part] = (), note: str = "") -> Whole:
    """The cell whose value is that part's; the others stand below it."""
    fields = {name: getattr(part, name) for name in Cell.model_fields}
    return Whole.model_validate({**fields, "note": note or part.note, "parts": list(parts)})


def short(value: float) -> float:
    """To six digits."""
    return float(f"{value:.6g}")
