"""The measures that need nothing but vectors: realism, diversity and originality of made items against real ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.bootstrap import Estimate, of_mean
from castalia.judging.evaluation.distances import frechet_estimate, kid_estimate, median_width, rbf_estimate
from castalia.judging.evaluation.diversity import vendi_ratio
from castalia.judging.evaluation.figures import Axis, Curve, Figure
from castalia.judging.evaluation.neighbours import NEIGHBOURS, manifold
from castalia.judging.evaluation.originality import authpct, c_t_estimate, nearest, nearest_ratio

Array = NDArray[np.float64]

MOST_VARIED = 256
"""Items that the Vendi score looks at: it takes all eigenvalues of their kernel."""

BINS = 24


@dataclass(frozen=True)
class Sets:
    """Vectors of made items, and what they are held against.

    ``training`` (n, d), ``held_out`` (m, d), ``made`` (k, d), ``baseline`` (k, d). ``floor`` (at most k, d) are
    training items from which no encoder has learnt: what a perfect model would make.
    """

    training: Array
    held_out: Array
    made: Array
    baseline: Array
    floor: Array


def figure(
    name: str,
    axis: Axis,
    measured: Estimate,
    floor: float | None,
    baseline: float | None,
    *,
    unit: str,
    direction: Literal["higher", "lower", "none"],
    about: str,
    items: dict[str, float] | None = None,
) -> Figure:
    """A figure from its estimate; numbers are kept to six digits."""
    return Figure(
        name=name,
        axis=axis,
        value=_short(measured.value),
        unit=unit,
        direction=direction,
        n=measured.n,
        interval=(_short(measured.low), _short(measured.high)),
        floor=None if floor is None else _short(floor),
        baseline=None if baseline is None else _short(baseline),
        about=about,
        items=items or {},
    )


def realism(sets: Sets, seed: int) -> list[Figure]:
    """Distances, and whether made items lie among real ones."""
    real = sets.held_out
    width = median_width(some(real, MOST_VARIED, seed))
    compared: list[tuple[str, Callable[[Array], Estimate], str, str]] = [
        ("kid", lambda it: kid_estimate(real, it, seed), "squared distance",
         "Kernel distance with a cubic kernel, unbiased (Bińkowski et al., 2018), on the encoder's features."),
        ("mmd", lambda it: rbf_estimate(real, it, width, seed), "squared distance",
         "Maximum mean discrepancy with a Gaussian kernel, unbiased (Gretton et al., 2012), same features."),
        ("frechet", lambda it: frechet_estimate(real, it, seed), "squared distance",
         "Fréchet distance of normal distributions (Heusel et al., 2017), same features; biased by the counts."),
    ]  # fmt: skip
    found = [
        figure(name, "realism", of(sets.made), of(sets.floor).value, of(sets.baseline).value, unit=unit,
               direction="lower", about=about)
        for name, of, unit, about in compared
    ]  # fmt: skip
    manifolds = [manifold(real, points) for points in (sets.made, sets.floor, sets.baseline)]
    for name, axis, about in _MANIFOLD:
        mine, real_ones, trivial = (getattr(one, name) for one in manifolds)
        found.append(
            figure(name, axis, of_mean(mine, seed), float(real_ones.mean()), float(trivial.mean()),
                   unit="share" if name != "density" else "balls", direction="higher", about=about)
        )  # fmt: skip
    return found


_MANIFOLD: tuple[tuple[str, Axis, str], ...] = (
    ("precision", "realism", f"Made items within reach ({NEIGHBOURS} neighbours) of a real one (Kynkäänniemi, 2019)."),
    ("density", "realism", "Real neighbourhoods around each made item over their number (Naeem et al., 2020)."),
    ("recall", "diversity", "Real items within reach of a made one (Kynkäänniemi et al., 2019)."),
    ("coverage", "diversity", "Real items whose neighbourhood holds a made one (Naeem et al., 2020)."),
)


def diversity(sets: Sets, seed: int) -> list[Figure]:
    """The Vendi score over that of real items."""
    counts = (len(part) for part in (sets.held_out, sets.made, sets.floor, sets.baseline))
    count = min(MOST_VARIED, *counts)
    real = some(sets.held_out, count, seed)
    width = median_width(real)
    mine, floor, trivial = (
        vendi_ratio(real, some(points, count, seed), width, seed) for points in (sets.made, sets.floor, sets.baseline)
    )
    return [
        figure("vendi_ratio", "diversity", mine, floor.value, trivial.value, unit="ratio", direction="higher",
               about="Effective number of different items (Friedman and Dieng, 2023) over that of as many real ones.")
    ]  # fmt: skip


def originality(sets: Sets, seed: int) -> tuple[list[Figure], list[Curve], NDArray[np.int64]]:
    """Whether items are copied; beside the figures the distances to draw, and each made item's training item."""
    training = sets.training
    among = nearest(training, training, same=True)
    held, made, trivial = (nearest(points, training) for points in (sets.held_out, sets.made, sets.baseline))
    half = len(sets.held_out) // 2
    first, second = nearest(sets.held_out[:half], training), nearest(sets.held_out[half:], training)

    def copying(points: Array, near: object) -> Estimate:
        return c_t_estimate(training, sets.held_out, points, held, near, seed)  # pyright: ignore[reportArgumentType]

    figures = [
        figure("authpct", "originality", authpct(made, among, seed), authpct(held, among, seed).value,
               authpct(trivial, among, seed).value, unit="share", direction="higher",
               about="Items further from their nearest training item than that is from its own (Alaa et al., 2022)."),
        figure("c_t", "originality", copying(sets.made, made),
               c_t_estimate(training, sets.held_out[:half], sets.held_out[half:], first, second, seed).value,
               copying(sets.baseline, trivial).value, unit="z-score", direction="none",
               about="Rank test of distances to the training set against held-out ones (Meehan et al., 2020): far "
               "below 0 is copying, far above 0 lies further away than new real items."),
        figure("nearest_ratio", "originality", nearest_ratio(made, held, seed), 1.0,
               nearest_ratio(trivial, held, seed).value, unit="ratio", direction="none",
               about="Median distance to the nearest training item over that of held-out ones; far below 1: copies."),
    ]  # fmt: skip
    top = float(np.quantile(np.concatenate([held.distances, made.distances]), 0.99)) or 1.0
    edges = np.linspace(0.0, top, BINS + 1)
    shares = {
        name: np.histogram(np.minimum(near.distances, top), edges)[0] / len(near.distances)
        for name, near in (("made", made), ("held out", held), ("training", among))
    }
    middles = (edges[1:] + edges[:-1]) / 2
    curve = Curve(
        title="Distance to the nearest training item",
        kind="histogram",
        x="distance",
        y="share of items",
        series={name: [(float(x), float(y)) for x, y in zip(middles, mine, strict=True)]
                for name, mine in shares.items()},
    )  # fmt: skip
    return figures, [curve], made.rows


def shuffled_apart(items: NDArray[np.generic], count: int, seed: int) -> NDArray[np.generic]:
    """The trivial baseline (count, *shape): every number is that of a training item of its own, drawn at random.

    Each pixel or column by itself is as in the data; nothing belongs together.
    """
    rng = np.random.default_rng([seed, 11])
    flat = items.reshape(len(items), -1)
    rows = rng.integers(0, len(items), (count, flat.shape[1]))
    return flat[rows, np.arange(flat.shape[1])[None]].reshape(count, *items.shape[1:])


def some(items: NDArray[np.generic], count: int, seed: int) -> NDArray[Any]:
    """At most ``count`` of the items, drawn at random: their order often tells their kind."""
    return items[np.sort(np.random.default_rng([seed, 7]).permutation(len(items))[:count])]


def _short(value: float) -> float:
    return float(f"{value:.6g}")
