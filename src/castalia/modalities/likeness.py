"""How like two sets of items are, and how near one item comes to those of a training set. NumPy only.

Items are vectors here: what a modality makes of its pictures, spectrograms or films.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 512
"""Items of each kind that are compared."""

FEWEST = 12
"""With fewer of either kind nothing can be told."""

COMPONENTS = 32
NEIGHBOURS = 5

BLOCK = 2048
"""Rows compared at once: 2048 x 20,000 float32 distances are 164 MB."""


@dataclass(frozen=True)
class Nearest:
    """The training item nearest to another: its row, the distance, and that distance over the usual one.

    The usual distance is the smaller of two: from that training item to its own nearest neighbour, and the
    median of the same over all training items.
    """

    row: int
    distance: float
    ratio: float


def drawn(data: NDArray[np.generic]) -> NDArray[np.float64]:
    """At most 512 of the items, the same ones each time."""
    order = np.random.default_rng(0).permutation(len(data))[:MOST]
    return np.asarray(data[order], dtype=np.float64)


def different(rows: NDArray[np.generic]) -> NDArray[np.intp]:
    """The places of the different ones among n rows (n, ...), of equal ones the first, in order."""
    return np.sort(np.unique(rows.reshape(len(rows), -1), axis=0, return_index=True)[1])


def likeness(real: NDArray[np.float64], synthetic: NDArray[np.float64]) -> dict[str, float]:
    """Figures by name of two sets of vectors (n, features); empty when there are fewer than 12 of either kind.

    ``mmd``: maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012), squared and unbiased, on the first
    32 principal components of the real ones; ``mmd_floor`` is the same between two halves of the real ones, ``mmd``
    near it is as good as can be told. ``density`` and ``coverage`` (Naeem et al. 2020) with 5 neighbours: about 1
    when alike; low coverage means that kinds are missing. ``diversity``: mean distance between synthetic items over
    that between real ones.
    """
    if min(len(real), len(synthetic)) < FEWEST:
        return {}
    points, others = _projected(real, synthetic)
    among, between = _squares(points, points), _squares(points, others)
    width = float(np.median(among[np.triu_indices(len(points), 1)])) or 1.0
    half = len(points) // 2
    radii = np.sort(among, axis=1)[:, min(NEIGHBOURS, len(points) - 1)]
    within = between <= radii[:, None]
    return {
        "mmd": _mmd(points, others, width),
        "mmd_floor": _mmd(points[:half], points[half:], width),
        "density": float(within.sum(axis=0).mean() / NEIGHBOURS),
        "coverage": float(within.any(axis=1).mean()),
        "diversity": _spread(others) / max(_spread(points), 1e-6),
    }


def averaging(length: int, parts: int) -> NDArray[np.float32]:
    """A matrix (parts, length) that averages ``length`` pixels into ``parts`` equal stretches, cut pixels in parts."""
    edges = np.linspace(0.0, length, parts + 1)
    pixel = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights = np.clip(overlap, 0.0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def floors(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each training item's distance to its nearest other (n,)."""
    return nearest(vectors, vectors, same=True)[0]


def nearest_to(
    query: NDArray[np.float32], vectors: NDArray[np.float32], floors: NDArray[np.generic], least: float
) -> Nearest:
    """How near one vector (1, features) comes to those of a training set; usual distances count ``least`` or more."""
    distances, rows = nearest(query, vectors)
    known = np.asarray(floors, dtype=np.float64)
    row, distance = int(rows[0]), float(distances[0])
    usual = min(float(known[row]), float(np.median(known)))
    return Nearest(row, distance, distance / max(usual, least))


def nearest(
    queries: NDArray[np.float32], references: NDArray[np.float32], same: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distance (root mean square) to, and row of, each query's nearest reference; ``same`` leaves out a row itself."""
    norms = np.einsum("nd,nd->n", references, references)
    distances = np.empty(len(queries), dtype=np.float32)
    rows = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        squares = norms[None] - 2.0 * (block @ references.T) + np.einsum("nd,nd->n", block, block)[:, None]
        if same:
            here = np.arange(len(block))
            squares[here, start + here] = np.inf
        best = squares.argmin(axis=1)
        rows[start : start + BLOCK] = best
        # again, exactly: the expansion above loses small distances to rounding
        difference = block - references[best]
        distances[start : start + BLOCK] = np.sqrt(np.mean(difference * difference, axis=1))
    return distances, rows


def _projected(
    real: NDArray[np.float64], synthetic: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = real.mean(axis=0)
    _, _, axes = np.linalg.svd(real - mean, full_matrices=False)
    kept = axes[:COMPONENTS].T
    return (real - mean) @ kept, (synthetic - mean) @ kept


def _squares(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    products = left @ right.T
    return np.clip((left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2.0 * products, 0.0, None)


def _mmd(left: NDArray[np.float64], right: NDArray[np.float64], width: float) -> float:
    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(-_squares(a, b) / width)

    def off_diagonal(values: NDArray[np.float64]) -> float:
        return float((values.sum() - np.trace(values)) / (len(values) * (len(values) - 1)))

    within = off_diagonal(kernel(left, left)) + off_diagonal(kernel(right, right))
    return within - 2.0 * float(kernel(left, right).mean())


def _spread(points: NDArray[np.float64]) -> float:
    distances = np.sqrt(_squares(points, points))
    return float(distances.sum() / (len(points) * (len(points) - 1)))
