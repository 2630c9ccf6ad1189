"""Columns of float64 values (missing is NaN) as features that a family learns, and back.

`Levels` one-hot-encodes a column of few values. `Quantiles` maps a column of many values to a standard normal one by
its own cumulative distribution, x -> ndtri(F(x)): heavy tails and odd shapes disappear, and decoding cannot leave the
seen range. Values that take at least a twentieth of a column (the zeros of capital gains) get a place of their own in
a one-hot state beside the number; other ties are spread uniformly over their step of F, so that the normal is exact
and rounding restores them (the mixed discrete-continuous idea of CTAB-GAN, arXiv:2102.08369; ties as in the
randomised probability integral transform).
"""

import importlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Values = NDArray[np.float64]
Features = NDArray[np.float32]
Places = NDArray[np.int64]

SPIKE = 0.05
"""Share of a column from which one exact value gets its own state: below it a normal score copes."""
MOST_SPIKES = 8
STEPS = 1000
"""Most distinct values that are kept exactly as steps of the distribution."""
REPEATS = 5
"""Mean count of each value from which a column is a set of steps and not a sample of a continuum."""
KNOTS = 500
"""Points of a continuous distribution function: its error is then below 0.002."""


def sample_places(block: NDArray[np.floating], rng: np.random.Generator) -> Places:
    """A place (n,) drawn from each row of probabilities (n, width); a one-hot row gives its own place always."""
    weights = np.clip(np.nan_to_num(block.astype(np.float64)), 0.0, 1e6)
    dead = weights.sum(axis=1) <= 0
    weights[dead] = 1.0
    edges = np.cumsum(weights, axis=1)
    drawn = rng.random(len(block)) * edges[:, -1]
    return np.minimum((edges <= drawn[:, None]).sum(axis=1), block.shape[1] - 1)


def one_hot(places: Places, width: int) -> Features:
    """(n,) places below ``width`` as (n, width)."""
    block = np.zeros((len(places), width), dtype=np.float32)
    block[np.arange(len(places)), places] = 1.0
    return block


class Levels(BaseModel):
    """A column of few values: ``points`` with their ``counts`` in training, and ``missing`` cells.

    The first ``kept`` points have a place each; rarer ones share the next place, from which one is drawn by its
    count. Missing is the last place, if there was any.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["levels"] = "levels"
    points: tuple[float, ...]
    counts: tuple[int, ...]
    kept: int
    missing: int = 0

    @property
    def width(self) -> int:
        """Places of the one-hot."""
        return self.kept + int(len(self.points) > self.kept) + int(self.missing > 0)

    @property
    def masses(self) -> Values:
        """Share (width,) of each place in training."""
        counts = [*self.counts[: self.kept]]
        if len(self.points) > self.kept:
            counts.append(sum(self.counts[self.kept :]))
        if self.missing:
            counts.append(self.missing)
        return np.asarray(counts, dtype=np.float64) / sum(counts)

    def places(self, values: Values) -> Places:
        """The place (n,) of each value; of numbers that were not seen, the nearest one's."""
        points = np.asarray(self.points)
        order = np.argsort(points)
        nearest = np.searchsorted((points[order][1:] + points[order][:-1]) / 2, np.nan_to_num(values))
        places = np.minimum(order[nearest], self.kept)
        return np.where(np.isnan(values), self.width - 1 if self.missing else 0, places).astype(np.int64)

    def values(self, places: Places, rng: np.random.Generator) -> Values:
        """The value (n,) of each place."""
        points = np.append(np.asarray(self.points[: self.kept]), [np.nan, np.nan])
        values = points[places]
        if len(self.points) > self.kept:
            pooled = places == self.kept
            counts = np.asarray(self.counts[self.kept :], dtype=np.float64)
            values[pooled] = rng.choice(self.points[self.kept :], size=int(pooled.sum()), p=counts / counts.sum())
        return values

    def draw(self, count: int, rng: np.random.Generator) -> Values:
        """Values (count,) from the column's own distribution."""
        return self.values(rng.choice(self.width, size=count, p=self.masses).astype(np.int64), rng)


class Quantiles(BaseModel):
    """A column of many values.

    ``knots`` are points (u, x) of the quantile function of what is no spike, both rising; equal x over a stretch of u
    is a tie, equal u a jump. ``step`` is the lattice that values lie on, from ``origin``; 0 means none. ``spikes``
    are frequent exact values with their counts, ``count`` the other cells, ``missing`` the empty ones.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["quantiles"] = "quantiles"
    knots_u: tuple[float, ...]
    knots_x: tuple[float, ...]
    count: int
    spikes: tuple[float, ...] = ()
    spike_counts: tuple[int, ...] = ()
    missing: int = 0
    step: float = 0.0
    origin: float = 0.0

    @property
    def states(self) -> int:
        """Width of the one-hot state: the number itself, each spike, missing. 1 means that there is no such segment."""
        return 1 + len(self.spikes) + int(self.missing > 0)

    @property
    def masses(self) -> Values:
        """Share (states,) of each state in training."""
        counts = [self.count, *self.spike_counts, *([self.missing] if self.missing else [])]
        return np.asarray(counts, dtype=np.float64) / sum(counts)

    @property
    def low(self) -> float:
        """The least value seen."""
        return min((self.knots_x[0], *self.spikes))

    @property
    def high(self) -> float:
        """The greatest value seen."""
        return max((self.knots_x[-1], *self.spikes))

    @property
    def tolerance(self) -> float:
        """Values nearer than this are the same: half a step of the lattice, else a millionth of the range."""
        return self.step / 2 if self.step else max(self.high - self.low, 1e-12) * 1e-6

    def state(self, values: Values) -> Places:
        """The state (n,) of each value: 0 the number itself, then the spikes, then missing."""
        places = np.zeros(len(values), dtype=np.int64)
        for place, spike in enumerate(self.spikes, start=1):
            places[np.abs(values - spike) < self.tolerance] = place
        places[np.isnan(values)] = self.states - 1 if self.missing else 0
        return places

    def scores(self, values: Values, rng: np.random.Generator) -> Features:
        """The normal score (n,) of each value, ties spread at random; 0 for spikes and missing cells."""
        below, upto = self._range(values)
        margin = 0.01 + 0.98 * rng.random(len(values))
        scores = _normal(below + margin * (upto - below), self.count)
        scores[self.state(values) > 0] = 0.0
        return np.nan_to_num(scores).astype(np.float32)

    def values(self, states: Places, scores: NDArray[np.floating]) -> Values:
        """The value (n,) of each state and score."""
        special: Any = importlib.import_module("scipy.special")
        u = special.ndtr(np.nan_to_num(scores.astype(np.float64)))
        values = self.rounded(np.interp(u, self.knots_u, self.knots_x))
        for place, spike in enumerate(self.spikes, start=1):
            values[states == place] = spike
        if self.missing:
            values[states == self.states - 1] = np.nan
        return values

    def cdf(self, values: Values) -> tuple[Values, Values]:
        """P(X < x) and P(X <= x) of each value over all cells that are not missing; NaN for NaN."""
        total = self.count + sum(self.spike_counts)
        below, upto = (part * (self.count / total) for part in self._range(values))
        for spike, count in zip(self.spikes, self.spike_counts, strict=True):
            same = np.abs(values - spike) < self.tolerance
            below = below + np.where(~same & (values > spike), count / total, 0.0)
            upto = upto + np.where(same | (values > spike), count / total, 0.0)
        return below, upto

    def ranks(self, values: Values) -> Values:
        """The middle of each value's step of the distribution function, in [0, 1]; NaN for NaN."""
        below, upto = self.cdf(values)
        return (below + upto) / 2

    def condition(self, values: Values) -> Features:
        """The normal score (n,) of each value's rank: spikes at their own place, 0 for missing."""
        scores = _normal(self.ranks(values), self.count + sum(self.spike_counts))
        return np.nan_to_num(scores).astype(np.float32)

    def draw(self, count: int, rng: np.random.Generator) -> Values:
        """Values (count,) from the column's own distribution."""
        states = rng.choice(self.states, size=count, p=self.masses).astype(np.int64)
        values = self.rounded(np.interp(rng.random(count), self.knots_u, self.knots_x))
        for place, spike in enumerate(self.spikes, start=1):
            values[states == place] = spike
        if self.missing:
            values[states == self.states - 1] = np.nan
        return values

    def possible(self, values: Values) -> NDArray[np.bool_]:
        """Which values (n,) the column can take: missing, a spike, or on the lattice within the seen range."""
        possible = np.isnan(values) if self.missing else np.zeros(len(values), dtype=bool)
        for candidate in (self.rounded(values), *self.spikes):
            possible |= np.abs(values - candidate) < self.tolerance / 10
        return possible

    def rounded(self, values: Values) -> Values:
        """The nearest value on the lattice within the range of what is no spike."""
        if not self.step:
            return np.clip(values, self.knots_x[0], self.knots_x[-1])
        lattice = self.origin + np.rint((values - self.origin) / self.step) * self.step
        decimals = next(places for places in range(16) if places == 15 or _is_whole(self.step * 10**places))
        return np.clip(np.round(lattice, decimals), self.knots_x[0], self.knots_x[-1])

    def _range(self, values: Values) -> tuple[Values, Values]:
        """The stretch of u over which the quantile function (spikes left out) takes each value."""
        u, x = np.asarray(self.knots_u), np.asarray(self.knots_x)
        filled = np.clip(np.nan_to_num(values), x[0], x[-1])
        same = self.tolerance / 2 if self.step else 0.0
        left = np.searchsorted(x, filled - same, side="left")
        right = np.searchsorted(x, filled + same, side="right")
        hit = right > left
        between = np.interp(filled, x, u)
        below = np.where(hit, u[np.minimum(left, len(u) - 1)], between)
        upto = np.where(hit, u[np.maximum(right - 1, 0)], between)
        below = np.where(values < x[0], 0.0, np.where(values > x[-1], 1.0, below))
        upto = np.where(values < x[0], 0.0, np.where(values > x[-1], 1.0, upto))
        return np.where(np.isnan(values), np.nan, below), np.where(np.isnan(values), np.nan, upto)


Coding = Levels | Quantiles


def fit_quantiles(values: Values, step: float, origin: float) -> Quantiles:
    """The coding of a column of many values; ``step`` and ``origin`` describe the lattice that they lie on."""
    seen = values[~np.isnan(values)]
    points, counts = np.unique(seen, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_SPIKES]
    spikes = sorted(int(place) for place in order if counts[place] >= max(SPIKE * len(seen), 10))
    if len(points) - len(spikes) < 2:
        spikes = spikes[: len(points) - 2]
    rest = np.setdiff1d(np.arange(len(points)), spikes)
    knots_u, knots_x = _knots(points[rest], counts[rest])
    return Quantiles(
        knots_u=tuple(knots_u.tolist()),
        knots_x=tuple(knots_x.tolist()),
        count=int(counts[rest].sum()),
        spikes=tuple(points[spikes].tolist()),
        spike_counts=tuple(counts[spikes].tolist()),
        missing=len(values) - len(seen),
        step=step,
        origin=origin,
    )


def _knots(points: Values, counts: Places) -> tuple[Values, Values]:
    """Points (u, x) of the quantile function of values with their counts."""
    upto = np.cumsum(counts) / counts.sum()
    below = np.concatenate([[0.0], upto[:-1]])
    if len(points) <= STEPS and counts.mean() >= REPEATS:
        return np.stack([below, upto], axis=1).ravel(), np.repeat(points, 2)
    middle = (below + upto) / 2
    tied = counts >= max(REPEATS, counts.sum() / KNOTS)
    chosen = np.unique(np.linspace(0, len(points) - 1, min(KNOTS, len(points))).astype(int))
    plain = np.setdiff1d(chosen, np.flatnonzero(tied))
    knots_u = np.concatenate([middle[plain], below[tied], upto[tied]])
    knots_x = np.concatenate([points[plain], points[tied], points[tied]])
    order = np.lexsort((knots_x, knots_u))
    return knots_u[order], knots_x[order]


def _normal(u: Values, count: int) -> Values:
    """The normal score of u, kept within what ``count`` values can tell."""
    special: Any = importlib.import_module("scipy.special")
    edge = 0.5 / max(count, 1)
    return special.ndtri(np.clip(u, edge, 1 - edge))


def _is_whole(number: float) -> bool:
    return number >= 1 - 1e-9 and abs(number - round(number)) < 1e-9 * number
