"""Instant checks of tables: readable, complete, of the right types and ranges, as asked, like the original, no copy.

A table from one of our models is held against what the model keeps of its training table: the columns and their
distributions (`config.json`) and the prints of its rows (`fingerprints.safetensors`). Any other table gets the checks
that need no original.
"""

import importlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.content import Part
from castalia.core.errors import UnsupportedInput
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.modalities.table.columns import is_missing
from castalia.modalities.table.figures import fit_similarity
from castalia.modalities.table.fingerprints import compact, nearest, row_hashes
from castalia.modalities.table.options import TableOptions
from castalia.modalities.table.prompts import read_order
from castalia.modalities.table.reading import Table, read_table
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.transforms import Levels, Quantiles
from castalia.modalities.table.wishes import all_hold

Matrix = NDArray[np.float64]
Prints = dict[str, NDArray[np.generic]]

REPEATED = 0.05
"""Share of rows that repeat an earlier one, beyond what the training table shows: a collapsed model repeats itself."""
REPEATED_ANYHOW = 0.5
"""The same where no original is known: half of a table of few categories may repeat by nature."""
EMPTY = 0.5
"""Share of empty cells from which a table of unknown origin is mostly not there."""
SHAPE = 0.15
"""How far the mean likeness of columns may fall below that of a real sample of so many rows; a TVAE loses 0.1."""
FEWEST_ROWS = 30
"""Below this, shares and shapes are chance and only told."""
GAP = 0.1
"""How far a column's share of missing cells may lie from the original's."""
COPIED = 0.01
"""Share of exact copies beyond the natural one: copies happen where rows have few possible values."""
NEAR_QUANTILE = 0.05
"""A row nearer to a training row than this share of real rows is suspiciously near."""
NEARER = 0.05
"""Share of suspiciously near rows beyond the natural one."""
FAR_QUANTILE = 0.95
"""A row farther from every training row than this share of real rows combines what does not belong together."""
FARTHER = 0.25
"""Share of such rows beyond the natural one: shuffled columns of census data show 0.6."""
COMPARED = 256
"""Rows whose nearest training row is looked for: a fifth of a second."""
DEVIATIONS = 3
"""Standard errors that every share may deviate by chance."""


@dataclass(frozen=True)
class Original:
    """What a model keeps of its training table."""

    representation: TableRepresentation
    prints: Prints


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures of one table.

    Always ``readable``, ``whole_lines``, ``rows``, ``repeated_rows``; with the original ``columns``, ``types``,
    ``ranges``, ``conditions`` and ``set_by_hand`` where there are any, ``missing``, ``column_shapes``, ``copies``,
    ``near_copies``, ``far_rows``; without it ``empty_cells``.
    """
    original = _original(context)
    separator = None if original is None else original.representation.separator
    try:
        table = read_table(output.read(), "the table", separator, header="yes")
    except (UnsupportedInput, OSError) as error:
        note = f"It cannot be read: {error}"
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    measures = [Measure(name="readable", value=1, direction="higher", threshold=1), _whole_lines(table)]
    if original is None:
        return [*measures, *_without_original(table, context)]
    return [*measures, *_with_original(table, original, output, context)]


def _without_original(table: Table, context: CheckContext) -> list[Measure]:
    asked = context.request.options.get("rows")
    empty = [int(is_missing([str(cell) for cell in cells]).sum()) for cells in table.columns]
    rows = list(zip(*(cells.tolist() for cells in table.columns), strict=True))
    repeated = 1 - len(set(rows)) / max(len(rows), 1)
    return [
        _rows(table.rows, asked if isinstance(asked, int) else None),
        _share("empty_cells", sum(empty) / max(table.rows * len(table.names), 1), EMPTY, "of the cells are empty"),
        _share("repeated_rows", repeated, REPEATED_ANYHOW, "of the rows repeat an earlier one"),
    ]


def _with_original(table: Table, original: Original, output: Part, context: CheckContext) -> list[Measure]:
    view = original.representation
    options = TableOptions.model_validate(context.request.options)
    order = read_order(context.request.prompt, options, view.learned)
    measures = [_rows(table.rows, order.rows), _columns(table, view)]
    if not table.rows or any(column.name not in table.names for column in view.learned):
        return measures
    places = {name: place for place, name in enumerate(table.names)}
    read = [column.parse(table.columns[places[column.name]], plain=bool(table.types)) for column in view.learned]
    values = np.stack([one for one, _ in read], axis=1)
    wrong = np.stack([bad for _, bad in read], axis=1)
    measures += [_types(table, view, wrong), _ranges(view, values)]
    hashes = row_hashes(view.learned, values)
    if order.wishes:
        broken = 1 - float(all_hold(order.wishes, values, view.learned).mean())
        said = " and ".join(wish.text for wish in order.wishes)
        measures.append(_share("conditions", broken, 0, f"of the rows do not meet {said}"))
        by_hand = output.info.get("set")
        if isinstance(by_hand, int):
            share = by_hand / table.rows
            measures.append(_share("set_by_hand", share, 0, "of the rows had asked values put in: they may not fit"))
    natural = float(original.prints["repeats"][0]) if original.prints else 0.0
    repeated = 1 - len(np.unique(hashes)) / len(hashes)
    limit = natural + REPEATED + _chance(natural, table.rows)
    measures.append(_share("repeated_rows", repeated, limit, "of the rows repeat an earlier one", natural))
    # conditions change distributions, as they should
    measures += [_missing(view, values, bool(order.wishes)), _shapes(view, values, bool(order.wishes))]
    if original.prints:
        measures += [_copies(hashes, original.prints), *_distances(view, values, original.prints)]
    return measures


def _whole_lines(table: Table) -> Measure:
    share = len(table.skipped) / max(table.rows + len(table.skipped), 1)
    return _share("whole_lines", 1 - share, 1, "of the lines have as many cells as the header", higher=True)


def _rows(count: int, asked: int | None) -> Measure:
    wrong = count == 0 or (asked is not None and count != asked)
    note = f"{count} rows came out" + (f", {asked} were asked for." if asked is not None else ".")
    status = "block" if count == 0 else "flag" if wrong else "pass"
    return Measure(name="rows", value=count, unit="rows", direction="none", threshold=asked, status=status, note=note)


def _columns(table: Table, view: TableRepresentation) -> Measure:
    names = [column.name for column in view.written]
    missing = [name for name in names if name not in table.names]
    foreign = [name for name in table.names if name not in names]
    found = [*(f"{name!r} is missing" for name in missing), *(f"{name!r} is foreign" for name in foreign)]
    if not found and names != table.names:
        found = ["the order of the columns has changed"]
    note = f"{'; '.join(found[:5])}." if found else ""
    status = "flag" if found else "pass"
    return Measure(name="columns", value=len(found), direction="lower", threshold=0, status=status, note=note)


def _types(table: Table, view: TableRepresentation, wrong: NDArray[np.bool_]) -> Measure:
    note = ""
    if wrong.any():
        place = int(wrong.sum(axis=0).argmax())
        column = view.learned[place]
        cell = str(table.columns[table.names.index(column.name)][int(wrong[:, place].argmax())])
        note = f"of the cells are not of their column's kind, such as {cell!r} in {column.name!r} ({column.kind})"
    return _share("types", float(wrong.mean()), 0, note)


def _ranges(view: TableRepresentation, values: Matrix) -> Measure:
    outside = np.zeros(values.shape, dtype=bool)
    for place, column in enumerate(view.learned):
        coding = column.coding
        with np.errstate(invalid="ignore"):
            if isinstance(coding, Quantiles):
                low, high = coding.low - coding.tolerance, coding.high + coding.tolerance
            else:
                low, high = (min(coding.points), max(coding.points)) if coding is not None else (0.0, 0.0)
            outside[:, place] = (values[:, place] < low) | (values[:, place] > high)
    names = [column.name for place, column in enumerate(view.learned) if outside[:, place].any()]
    return _share(
        "ranges", float(outside.mean()), 0, f"of the cells lie outside the training range: {', '.join(names)}"
    )


def _missing(view: TableRepresentation, values: Matrix, told_only: bool) -> Measure:
    shares = np.isnan(values).mean(axis=0)
    usual = np.asarray([_usual_missing(column.coding) for column in view.learned])
    gaps = np.abs(shares - usual)
    place = int(gaps.argmax())
    limit = GAP + _chance(float(usual[place]), len(values))
    name = view.learned[place].name
    note = f"{name!r} is empty in {shares[place]:.0%} of the rows, in {usual[place]:.0%} of the training table"
    measure = _share("missing", float(gaps[place]), limit, note, sentence=True)
    return measure.model_copy(update={"status": "pass"}) if told_only else measure


def _shapes(view: TableRepresentation, values: Matrix, told_only: bool) -> Measure:
    found = [fit_similarity(column, values[:, place]) for place, column in enumerate(view.learned)]
    likeness = float(np.mean([one for one, _ in found]))
    floor = float(np.mean([expected for _, expected in found]))
    worst = min(range(len(found)), key=lambda place: found[place][0] - found[place][1])
    limit = round(floor - SHAPE, 4)
    few = len(values) < FEWEST_ROWS
    why = " Not judged: conditions change it." if told_only else " Not judged: too few rows." if few else ""
    return Measure(
        name="column_shapes",
        value=round(likeness, 4),
        unit="likeness",
        direction="higher",
        threshold=limit,
        status="flag" if likeness < limit and not why else "pass",
        note=f"Real rows would reach {floor:.2f}; least alike is {view.learned[worst].name!r}.{why}",
        n=len(values),
        floor=round(floor, 4),
    )


def _copies(hashes: NDArray[np.uint64], prints: Prints) -> Measure:
    copied = float(np.isin(hashes, prints["hashes"]).mean())
    natural = float(prints["repeats"][0])
    limit = natural + COPIED + 1 / len(hashes) + _chance(natural, len(hashes))
    return _share("copies", copied, limit, "of the rows are training rows word for word", natural)


def _distances(view: TableRepresentation, values: Matrix, prints: Prints) -> list[Measure]:
    chosen = values[np.random.default_rng(0).permutation(len(values))[:COMPARED]]
    rows = cast("NDArray[np.uint16]", prints["rows"])
    real = prints["distances"].astype(np.float64)
    distances = nearest(compact(view.learned, chosen), rows, view.learned)
    near, far = (float(bound) for bound in np.quantile(real, [NEAR_QUANTILE, FAR_QUANTILE]))
    usual_near, usual_far = float((real <= near).mean()), float((real > far).mean())
    near_limit = usual_near + NEARER + _chance(usual_near, len(chosen))
    far_limit = usual_far + FARTHER + _chance(usual_far, len(chosen))
    near_note = "of the rows lie nearer to a training row than all but a few real rows do"
    far_note = "of the rows are unlike every training row: their cells do not belong together"
    return [
        _share("near_copies", float((distances <= near).mean()), near_limit, near_note, usual_near),
        _share("far_rows", float((distances > far).mean()), far_limit, far_note, usual_far),
    ]


def _share(
    name: str,
    value: float,
    limit: float,
    note: str,
    floor: float | None = None,
    *,
    higher: bool = False,
    sentence: bool = False,
) -> Measure:
    bad = value < limit if higher else value > limit
    text = note if sentence else f"{value:.1%} {note}"
    return Measure(
        name=name,
        value=round(value, 4),
        unit="share",
        direction="higher" if higher else "lower",
        threshold=round(limit, 4),
        status="flag" if bad else "pass",
        note=f"{text}." if bad else "",
        floor=None if floor is None else round(floor, 4),
    )


def _usual_missing(coding: Levels | Quantiles | None) -> float:
    return float(coding.masses[-1]) if coding is not None and coding.missing else 0.0


def _chance(share: float, count: int) -> float:
    """How far a share may lie above its expectation in ``count`` draws."""
    return DEVIATIONS * float(np.sqrt(max(share * (1 - share), 0.0) / max(count, 1)))


def _original(context: CheckContext) -> Original | None:
    if context.model is None or context.model.format != "castalia":
        return None
    path = context.model.folder / "config.json"
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else None


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Original | None:
    del changed  # part of the key: a model may be trained again under its name
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if config["modality"] != "table":
        return None
    numpy_files: Any = importlib.import_module("safetensors.numpy")
    prints = path.parent / "fingerprints.safetensors"
    return Original(
        TableRepresentation.restore(config["representation"]),
        numpy_files.load_file(prints) if prints.is_file() else {},
    )
