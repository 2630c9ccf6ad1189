"""Finding out what each column of a table is."""

import re
from dataclasses import dataclass, field
from math import gcd

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.table import dates, identifiers, numbers
from castalia.modalities.table.columns import Cells, Column, factorize, is_missing
from castalia.modalities.table.options import ColumnKind
from castalia.modalities.table.transforms import Levels, fit_quantiles

Values = NDArray[np.float64]

BOOLEANS = (
    {"true", "false"},
    {"yes", "no"},
    {"t", "f"},
    {"y", "n"},
    {"on", "off"},
    {"0", "1"},
    {"0.0", "1.0"},
    {"ja", "nein"},
    {"oui", "non"},
)
FEW = 20
"""Most distinct numbers that are learned as levels: a one-hot of this width costs little and keeps odd shapes."""
MOST_LEVELS = 100
"""Categories with a place of their own; rarer ones share one."""
MOST_LABELS = 10_000
"""Distinct texts beyond which a column cannot be a category."""
UNIQUE = 0.99
"""Share of distinct cells from which a column may identify rows."""
TEXTUAL = 0.5
"""Share of distinct cells from which a column of strings is free text: half of them are seen once."""
FEWEST_TEXTS = 30
"""A column with fewer distinct strings is a category even in a small table."""
MOST_DIGITS = 9
"""Decimals beyond which numbers lie on no lattice."""


@dataclass
class Detected:
    """A column with its values (n,) if it is learned, and what was remarkable about it.

    ``excerpts`` holds some of its cells when a person's data could stand in them.
    """

    column: Column
    values: Values | None = None
    warnings: list[str] = field(default_factory=list[str])
    excerpts: list[str] = field(default_factory=list[str])


def detect(
    name: str, cells: Cells, *, kind: ColumnKind | None = None, arrow: str | None = None, separator: str = ","
) -> Detected:
    """What this column is; ``kind`` overrules, and is warned about where the cells do not fit it."""
    codes, texts = factorize(cells)
    missing = is_missing(texts)
    counts = np.bincount(codes, minlength=len(texts))
    marker = texts[int(np.argmax(np.where(missing, counts, -1)))] if missing.any() else ""
    present = [text for text, gone in zip(texts, missing, strict=True) if not gone]
    present_counts = counts[~missing]
    base = Column(name=name, kind="constant", missing_marker=marker, arrow=arrow)

    if not present:
        return Detected(base.model_copy(update={"constant": marker}), warnings=[f"{name!r} has no values at all"])
    if len(present) == 1 and not missing.any() and kind is None:
        note = f"{name!r} always says {present[0]!r}: it is repeated, not learned"
        return Detected(base.model_copy(update={"constant": present[0]}), warnings=[note], excerpts=present)
    if kind == "identifier":
        return _identifier(base, present)
    if kind == "text":
        return _text(base, present)

    share = len(present) / int(present_counts.sum())
    found: Detected | None = None
    if kind == "boolean" or (kind is None and {text.lower() for text in present} in BOOLEANS and len(present) == 2):
        return _category(base, cells, present, present_counts, "boolean")
    if kind in {None, "number", "integer"}:
        found = _number(base, cells, present, share, separator, kind)
    if found is None and kind in {None, "datetime"}:
        found = _date(base, cells, present)
    if found is None:
        found = _string(base, cells, present, present_counts, share, kind)
    return found


def _number(
    base: Column, cells: Cells, present: list[str], share: float, separator: str, kind: ColumnKind | None
) -> Detected | None:
    if base.name and re.search("date|datum", base.name, re.IGNORECASE) and dates.find_style(present, base.name)[0]:
        return None
    style = numbers.find_style(present, separator)
    if style is None:
        return None
    column = base.model_copy(update={"kind": "integer" if style.decimals == 0 else "number", "number": style})
    values, strays = column.parse(cells)
    warnings = _strays(base.name, cells, strays)
    seen = values[~np.isnan(values)]
    if kind is None and column.kind == "integer" and share >= UNIQUE and len(seen) >= 20 and not style.suffix:
        steps = np.diff(seen)
        ordered = bool((steps > 0).all()) and float(seen[-1] - seen[0]) < 1.5 * len(seen)
        if ordered or identifiers.names_identifier(base.name):
            return _identifier(base, present)
    points, counts = np.unique(seen, return_counts=True)
    if len(points) <= FEW and counts.mean() >= 5:
        coding = _levels(points, counts, len(values) - len(seen))
        return Detected(column.model_copy(update={"coding": coding}), values, warnings, _long_numbers(present))
    step = _lattice(seen, style.decimals)
    coding = fit_quantiles(values, step, float(seen.min()))
    return Detected(column.model_copy(update={"coding": coding}), values, warnings, _long_numbers(present))


def _date(base: Column, cells: Cells, present: list[str]) -> Detected | None:
    style, note = dates.find_style(present, base.name)
    if style is None:
        return None
    column = base.model_copy(update={"kind": "datetime", "date": style})
    values, strays = column.parse(cells)
    seen = values[~np.isnan(values)]
    points, counts = np.unique(seen, return_counts=True)
    warnings = [*([f"{base.name!r}: {note}"] if note else []), *_strays(base.name, cells, strays)]
    if len(points) <= FEW and counts.mean() >= 5:
        coding = _levels(points, counts, len(values) - len(seen))
    else:
        coding = fit_quantiles(values, _lattice(seen, 0) or 1e-6, float(seen.min()))
    return Detected(column.model_copy(update={"coding": coding}), values, warnings)


def _string(
    base: Column,
    cells: Cells,
    present: list[str],
    counts: NDArray[np.int64],
    share: float,
    kind: ColumnKind | None,
) -> Detected:
    if kind is None and share >= UNIQUE and len(present) >= 20:
        pattern = identifiers.find_pattern(present)
        if pattern is not None:
            return _identifier(base, present)
    if kind is None and len(present) > FEWEST_TEXTS and (share > TEXTUAL or len(present) > MOST_LABELS):
        return _text(base, present)
    found = _category(base, cells, present, counts, "category")
    if kind not in {None, "category"}:
        found.warnings.append(f"{base.name!r} cannot be read as {kind}: it is learned as a category")
    readable = sum(bool(numbers.PLAIN.match(text)) for text in present)
    if kind is None and len(present) > FEW and 0.5 <= readable / len(present) < numbers.ENOUGH:
        other = next(text for text in present if not numbers.PLAIN.match(text))
        found.warnings.append(f"{base.name!r} mixes numbers with text such as {other!r}: it is learned as a category")
    return found


def _category(base: Column, cells: Cells, present: list[str], counts: NDArray[np.int64], kind: ColumnKind) -> Detected:
    order = np.argsort(-counts, kind="stable")
    column = base.model_copy(update={"kind": kind, "labels": tuple(present[place] for place in order)})
    values, _ = column.parse(cells)
    kept = len(order) if len(order) <= MOST_LEVELS + 1 else MOST_LEVELS
    coding = Levels(
        points=tuple(float(place) for place in range(len(order))),
        counts=tuple(counts[order].tolist()),
        kept=kept,
        missing=int(np.isnan(values).sum()),
    )
    warnings: list[str] = []
    if kept < len(order):
        rare = int(counts[order][kept:].sum())
        pooled = f"the rarest {len(order) - kept} ({rare} rows) are pooled"
        warnings.append(f"{base.name!r} has {len(order)} categories: {pooled}")
    return Detected(column.model_copy(update={"coding": coding}), values, warnings, present[:200])


def _identifier(base: Column, present: list[str]) -> Detected:
    pattern = identifiers.find_pattern(present) or identifiers.running(base.name)
    column = base.model_copy(update={"kind": "identifier", "pattern": pattern})
    note = f"{base.name!r} identifies rows: fresh ones are made, it is not learned"
    return Detected(column, warnings=[note], excerpts=present[:200])


def _text(base: Column, present: list[str]) -> Detected:
    column = base.model_copy(update={"kind": "text"})
    note = f"{base.name!r} holds free text: it is left out (a type of category for it would learn it all the same)"
    return Detected(column, warnings=[note], excerpts=present[:200])


def _levels(points: Values, counts: NDArray[np.int64], missing: int) -> Levels:
    return Levels(points=tuple(points.tolist()), counts=tuple(counts.tolist()), kept=len(points), missing=missing)


def _lattice(seen: Values, decimals: int | None) -> float:
    """The greatest step of which all differences are multiples, 0 for computed floats: salaries may go by 500."""
    if decimals is None or decimals > MOST_DIGITS:
        return 0.0
    scaled = np.rint((seen - seen.min()) * 10**decimals)
    if not np.allclose(scaled, (seen - seen.min()) * 10**decimals, atol=1e-3) or scaled.max() > 2**53:
        return 0.0
    step = 0
    for value in np.unique(scaled).astype(np.int64).tolist():
        step = gcd(step, value)
        if step == 1:
            break
    return step / 10**decimals


def _strays(name: str, cells: Cells, strays: NDArray[np.bool_]) -> list[str]:
    if not strays.any():
        return []
    example = str(cells[int(np.argmax(strays))])
    return [f"{name!r} mixes types: {int(strays.sum())} cells such as {example!r} are read as missing"]


def _long_numbers(present: list[str]) -> list[str]:
    """Numbers long enough for a telephone, card or national number."""
    return [text for text in present if sum(char.isdigit() for char in text) >= 8 and "." not in text][:200]
