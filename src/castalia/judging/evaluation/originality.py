"""Whether items are new or copied from the training set: authenticity, C_T, distance over the usual one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.bootstrap import Estimate, of_mean, of_statistic

Array = NDArray[np.float64]

BLOCK = 1024
CELLS = 8
FEWEST_IN_CELL = 8
"""Cells with fewer held-out or made items say nothing."""


@dataclass(frozen=True)
class Near:
    """Of each query: distance to its nearest training item, and that item's row."""

    distances: Array
    rows: NDArray[np.int64]


def nearest(queries: Array, training: Array, same: bool = False) -> Near:
    """Euclidean distances in blocks; ``same``: the queries are the training items, none is its own neighbour."""
    norms = np.einsum("nd,nd->n", training, training)
    distances, rows = np.empty(len(queries)), np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        squared = norms[None] - 2.0 * block @ training.T + np.einsum("nd,nd->n", block, block)[:, None]
        if same:
            here = np.arange(len(block))
            squared[here, start + here] = np.inf
        best = squared.argmin(axis=1)
        rows[start : start + BLOCK] = best
        distances[start : start + BLOCK] = np.linalg.norm(block - training[best], axis=1)
    return Near(distances, rows)


def authentic(made: Near, among: Near) -> NDArray[np.bool_]:
    """Whether each made item is further from its training item than that is from its own nearest (Alaa et al., 2022).

    ``among`` is `nearest` of the training set to itself. The mean is AuthPct."""
    return made.distances > among.distances[made.rows]


def authpct(made: Near, among: Near, seed: int = 0) -> Estimate:
    """The share of authentic items."""
    return of_mean(authentic(made, among), seed)


def nearest_ratio(made: Near, held_out: Near, seed: int = 0) -> Estimate:
    """Median distance of made items to the training set over that of held-out items: 1 is as far as new real ones."""
    usual = float(np.median(held_out.distances)) or 1e-12
    return of_statistic(lambda rows: float(np.median(made.distances[rows])) / usual, len(made.distances), seed)


def rank_z(held_out: Array, made: Array) -> float:
    """Mann and Whitney's U of distances as a z-score (Meehan et al., 2020): negative when made items lie nearer."""
    n, m = len(held_out), len(made)
    ranked = np.sort(held_out)
    below = np.searchsorted(ranked, made, side="left").sum()
    equal = (np.searchsorted(ranked, made, side="right") - np.searchsorted(ranked, made, side="left")).sum()
    u = float(below + 0.5 * equal)
    return (u - n * m / 2.0) / float(np.sqrt(n * m * (n + m + 1) / 12.0))


def c_t(held_out: Array, made: Array, held_cells: NDArray[np.int64], made_cells: NDArray[np.int64]) -> float:
    """C_T (Meehan et al., 2020, definition 4.1): the z-scores of all cells, weighted by their held-out items.

    Far below 0 is copying, far above 0 means that items lie further from the data than new real ones. NaN when no cell
    holds enough of both.
    """
    weights: list[int] = []
    scores: list[float] = []
    for cell in np.unique(held_cells):
        held, mine = held_out[held_cells == cell], made[made_cells == cell]
        if min(len(held), len(mine)) >= FEWEST_IN_CELL:
            weights.append(len(held))
            scores.append(rank_z(held, mine))
    return float(np.average(scores, weights=weights)) if scores else float("nan")


def c_t_estimate(
    training: Array, held_out: Array, made: Array, held_near: Near, made_near: Near, seed: int = 0
) -> Estimate:
    """`c_t` over up to 8 cells, k-means of the training set, with its interval over made items."""
    centres = centres_of(training, min(CELLS, max(1, len(held_out) // (2 * FEWEST_IN_CELL))), seed)
    cells = nearest(held_out, centres).rows
    mine = nearest(made, centres).rows

    def score(rows: NDArray[np.intp]) -> float:
        found = c_t(held_near.distances, made_near.distances[rows], cells, mine[rows])
        if np.isnan(found):  # no cell holds enough of both: then all of it is one cell
            return rank_z(held_near.distances, made_near.distances[rows])
        return found

    return of_statistic(score, len(made), seed)


def centres_of(points: Array, count: int, seed: int, rounds: int = 12) -> Array:
    """Lloyd's k-means (count, features), begun at rows drawn far apart (k-means++)."""
    rng = np.random.default_rng(seed)
    some = points[rng.permutation(len(points))[:4096]]
    centres = some[:1]
    for _ in range(count - 1):
        gaps = nearest(some, centres).distances ** 2
        total = gaps.sum()
        if total <= 0:
            break
        centres = np.concatenate([centres, some[rng.choice(len(some), p=gaps / total)][None]])
    for _ in range(rounds):
        mine = nearest(some, centres).rows
        centres = np.stack([some[mine == cell].mean(0) if (mine == cell).any() else centres[cell]
                            for cell in range(len(centres))])  # fmt: skip
    return centres
