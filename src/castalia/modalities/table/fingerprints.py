"""What an artifact keeps of its training rows, small: enough to see exact and near copies, not the rows themselves.

``hashes`` uint64 (m,), sorted: one of each distinct row, its numbers on their lattice. ``rows`` uint16 (r, learned
columns): places and ranks of a random sample of rows. ``distances`` float32 (q,), sorted: how far training rows lie
from the nearest other row of the sample, which is what fresh rows of the same source would show. ``repeats`` float32
(1,): share of training rows that have an exact twin.
"""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.table.columns import Column
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.transforms import Levels, Quantiles

MOST_ROWS = 10_000
"""Rows of the sample: 300 kB for 15 columns, and a fifth of a second to compare 256 rows with."""
QUERIES = 512
"""Training rows whose own nearest distance is kept."""
RANKS = 10_000
MISSING = 65_535
FINEST = 1_000_000
"""Steps of a column that a hash tells apart; finer ones are lost in float32."""

Matrix = NDArray[np.float64]
Compact = NDArray[np.uint16]
Hashes = NDArray[np.uint64]


def fingerprint(representation: TableRepresentation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """The arrays described above for encoded training rows (n, features)."""
    values = representation.decode(data)
    hashes = row_hashes(representation.learned, values)
    distinct, counts = np.unique(hashes, return_counts=True)
    chosen = np.random.default_rng(0).permutation(len(values))[:MOST_ROWS]
    rows = compact(representation.learned, values[chosen])
    queries = np.arange(min(QUERIES, len(rows)))
    return {
        "hashes": distinct,
        "rows": rows,
        "distances": np.sort(nearest(rows[queries], rows, representation.learned, skip=queries)),
        "repeats": np.asarray([counts[counts > 1].sum() / len(values)], dtype=np.float32),
    }


def row_hashes(columns: tuple[Column, ...], values: Matrix) -> Hashes:
    """A 64-bit hash (n,) of each row of values (n, learned columns), by splitmix64."""
    hashes = np.zeros(len(values), dtype=np.uint64)
    for place, column in enumerate(columns):
        code = _code(column, values[:, place]).astype(np.uint64)
        hashes = _mix(hashes * np.uint64(0x9E3779B97F4A7C15) + code)
    return hashes


def compact(columns: tuple[Column, ...], values: Matrix) -> Compact:
    """Rows (n, learned columns) as places of categories and ranks of numbers (0 to 10,000)."""
    rows = np.empty(values.shape, dtype=np.uint16)
    for place, column in enumerate(columns):
        mine = values[:, place]
        if isinstance(column.coding, Quantiles):
            ranks = np.rint(np.nan_to_num(column.coding.ranks(mine)) * RANKS)
            rows[:, place] = np.where(np.isnan(mine), MISSING, ranks).astype(np.uint16)
        elif isinstance(column.coding, Levels):
            rows[:, place] = column.coding.places(mine)
    return rows


def nearest(
    queries: Compact, rows: Compact, columns: tuple[Column, ...], skip: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Gower's distance (q,) in [0, 1] from each query to its nearest row: the mean of |rank difference| or 0/1.

    ``skip`` (q,) names a row for each query that does not count: itself.
    """
    best = np.empty(len(queries), dtype=np.float32)
    for start in range(0, len(queries), 64):
        mine = queries[start : start + 64]
        total = np.zeros((len(mine), len(rows)), dtype=np.float32)
        for place, column in enumerate(columns):
            left, right = mine[:, place, None], rows[None, :, place]
            if isinstance(column.coding, Quantiles):
                gap = np.abs(left.astype(np.float32) - right.astype(np.float32)) / RANKS
                total += np.minimum(gap, 1.0)  # one of two missing: far apart; both: the same
            else:
                total += left != right
        if skip is not None:
            total[np.arange(len(mine)), skip[start : start + 64]] = np.inf
        best[start : start + 64] = total.min(axis=1) / max(len(columns), 1)
    return best


def _code(column: Column, values: NDArray[np.float64]) -> NDArray[np.int64]:
    coding = column.coding
    if isinstance(coding, Quantiles):
        span = max(coding.high - coding.low, 1e-12)
        step = coding.step if coding.step and span / coding.step <= FINEST else span / FINEST
        code = np.rint((np.nan_to_num(values) - coding.low) / step).astype(np.int64)
        return np.where(np.isnan(values), np.iinfo(np.int64).max, code)
    assert coding is not None  # noqa: S101 - only learned columns are hashed
    return coding.places(values)


def _mix(state: Hashes) -> Hashes:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
