"""Boosted symmetric trees: the expected number, or the log-odds of the categories, of one column given others.

Gradient boosting (Friedman, 2001) with trees that ask the same question everywhere on a level (Prokhorenkova et al.,
CatBoost, 2018), so that a tree of depth d is d questions and 2^d leaves. A leaf's value is shrunk towards zero as if it
held some more rows: a single row moves little. With many categories, questions are found on random projections of
the gradient (Iosipoi and Vakhrushev, SketchBoost, 2022).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SKETCH = 4
"""Most projections of the gradient on which questions are found."""
SUBSAMPLE = 0.5
"""Share of the rows that a tree is grown on."""
WATCHED = 0.1
"""Share of the rows that no tree of a column is grown on: they tell how many trees help."""


@dataclass(frozen=True)
class Care:
    """How carefully a column is learnt."""

    pace: float
    """Its share of the rate."""
    rounds: float
    """Its share of the trees."""
    bins: int
    """Most distinct questions about one feature."""
    prior: float
    """Rows without gradient that every leaf is taken to hold besides its own."""
    bend: float
    """Least curvature of the loss that every leaf is taken to hold besides its own: rare categories need it."""
    patience: int
    """So many trees that together help nothing on the watched rows end it."""


USUAL = Care(pace=1.0, rounds=0.5, bins=64, prior=10.0, bend=1.0, patience=10)
CAREFUL = Care(pace=0.4, rounds=1.0, bins=254, prior=3.0, bend=0.3, patience=40)
"""Of one category or the other: cheap to learn, and often what users of a table predict (docs/experiments.md)."""


@dataclass(frozen=True)
class Boosted:
    """``feature`` and ``threshold`` (rounds, depth), ``values`` (rounds, 2^depth, outputs) and ``base`` (outputs,)."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    values: Floats
    base: Floats


def boost(
    features: NDArray[np.float32],
    target: NDArray[np.float32],
    width: int,
    rounds: int,
    depth: int,
    rate: float,
    seed: int,
) -> Boosted:
    """Trees for ``target`` (n,), a number (``width`` 1) or one of ``width`` categories, given ``features`` (n, p)."""
    care = CAREFUL if width == 2 else USUAL
    draw = np.random.default_rng(seed)
    edges = [_edges(one, care.bins) for one in features.T]
    loss = _Number(target, care) if width == 1 else _Category(target, width, care)
    found = Boosted(
        np.zeros((rounds, depth), dtype=np.int32),
        np.full((rounds, depth), np.inf, dtype=np.float32),
        np.zeros((rounds, 2**depth, width)),
        loss.base,
    )
    if not edges:
        return found
    bins = np.stack([np.searchsorted(edge, one) for edge, one in zip(edges, features.T, strict=True)], axis=1)
    watched = draw.random(len(target)) < WATCHED
    learnt = np.flatnonzero(~watched)
    least, kept = loss.value(watched), 0
    for index in range(max(1, round(care.rounds * rounds))):
        if index - kept >= care.patience:
            break
        inside = draw.choice(learnt, max(1, int(SUBSAMPLE * len(learnt))), replace=False)
        gradient = loss.gradient()[inside]
        sketch = gradient @ draw.standard_normal((width, SKETCH)) if width > SKETCH else gradient
        leaf = np.zeros(len(target), dtype=np.intp)
        for level in range(depth):
            best = _question(bins[inside], sketch, leaf[inside], 2**level, edges, care.prior)
            leaf *= 2
            if best is not None:
                column, place = best
                found.feature[index, level], found.threshold[index, level] = column, edges[column][place]
                leaf += bins[:, column] > place
        found.values[index] = care.pace * rate * loss.leaf_values(gradient, leaf[inside], inside, 2**depth)
        loss.move(found.values[index][leaf])
        value = loss.value(watched)
        if value < least:
            least, kept = value, index + 1
    found.values[kept:] = 0.0
    return found


def _edges(values: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """The values x of which "above x" divides the rows, at most ``bins`` of them: half of them evenly by rows, half by
    distinct values, so that what lies beside a very frequent one is told apart too."""
    distinct = np.unique(values)
    if len(distinct) > bins:
        shares = np.linspace(0.0, 1.0, bins // 2 + 1)
        parts = [np.quantile(one, shares, method="lower") for one in (values, distinct)]
        distinct = np.unique(np.concatenate(parts))
    return distinct[:-1]


def _question(
    bins: NDArray[np.intp],
    gradient: Floats,
    leaf: NDArray[np.intp],
    leaves: int,
    edges: list[NDArray[np.float32]],
    prior: float,
) -> tuple[int, int] | None:
    """The feature and edge whose question, asked in all leaves, makes sum |S|^2 / (n + prior) over the halves largest;
    None when no question beats none."""
    width = max(len(edge) for edge in edges) + 1
    count = bins.shape[1]
    cells = ((leaf * count)[:, None] + np.arange(count)) * width + bins
    flat = cells.ravel()
    size = leaves * count * width

    def sums(weights: Floats | None) -> Floats:
        spread = None if weights is None else np.repeat(weights, count)
        return np.bincount(flat, spread, size).reshape(leaves, count, width).astype(np.float64, copy=False)

    below = np.cumsum(sums(None), axis=2)
    total = below[:, :, -1:]
    gain = np.zeros((count, width))
    base = 0.0
    for one in gradient.T:
        left = np.cumsum(sums(one), axis=2)
        whole = left[:, :, -1:]
        halves = left**2 / (below + prior) + (whole - left) ** 2 / (total - below + prior)
        gain += halves.sum(axis=0)
        base += float((whole[:, 0, 0] ** 2 / (total[:, 0, 0] + prior)).sum())
    for column, edge in enumerate(edges):
        gain[column, len(edge) :] = -1.0
    column, place = np.unravel_index(int(gain.argmax()), gain.shape)
    return (int(column), int(place)) if gain[column, place] > base else None


class _Number:
    """Half the squared error around what is predicted so far."""

    def __init__(self, target: NDArray[np.float32], care: Care) -> None:
        self.prior = care.prior
        self.target = target.astype(np.float64)[:, None]
        self.base = self.target.mean(axis=0)
        self.predicted = np.broadcast_to(self.base, self.target.shape).copy()

    def gradient(self) -> Floats:
        return self.target - self.predicted

    def value(self, rows: NDArray[np.bool_]) -> float:
        return float(np.square(self.target[rows] - self.predicted[rows]).sum())

    def leaf_values(self, gradient: Floats, leaf: NDArray[np.intp], _: NDArray[np.intp], leaves: int) -> Floats:
        return (np.bincount(leaf, gradient[:, 0], leaves) / (np.bincount(leaf, minlength=leaves) + self.prior))[:, None]

    def move(self, by: Floats) -> None:
        self.predicted += by


class _Category:
    """Cross-entropy of the softmax of what is predicted so far; a leaf's value is a diagonal Newton step."""

    def __init__(self, target: NDArray[np.float32], width: int, care: Care) -> None:
        self.care = care
        self.codes, self.width = target.astype(np.intp), width
        shares = (np.bincount(self.codes, minlength=width) + 0.01) / (len(target) + 0.01 * width)
        self.base = np.log(shares)
        self.predicted = np.broadcast_to(self.base, (len(target), width)).copy()
        self._chances()

    def _chances(self) -> None:
        self.chances = np.exp(self.predicted - self.predicted.max(axis=1, keepdims=True))
        self.chances /= self.chances.sum(axis=1, keepdims=True)
        self.own = self.chances[np.arange(len(self.codes)), self.codes]

    def gradient(self) -> Floats:
        gradient = -self.chances
        gradient[np.arange(len(self.codes)), self.codes] += 1.0
        return gradient

    def value(self, rows: NDArray[np.bool_]) -> float:
        return float(-np.log(self.own[rows]).sum())

    def leaf_values(self, gradient: Floats, leaf: NDArray[np.intp], inside: NDArray[np.intp], leaves: int) -> Floats:
        curvature = (self.chances * (1.0 - self.chances))[inside]
        flat = (leaf[:, None] * self.width + np.arange(self.width)).ravel()
        size = leaves * self.width
        summed = np.bincount(flat, gradient.ravel(), size).reshape(leaves, self.width)
        bend = np.bincount(flat, curvature.ravel(), size).reshape(leaves, self.width)
        values = summed / (bend + np.maximum(self.care.prior * curvature.mean(axis=0), self.care.bend))
        return (1.0 - 1.0 / self.width) * np.clip(values, -4.0, 4.0)  # all logits move at once

    def move(self, by: Floats) -> None:
        self.predicted += by
        self._chances()
