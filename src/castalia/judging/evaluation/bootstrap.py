"""Bootstrap intervals: how far a figure would move with other samples of the same size (Efron, 1979)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 200
LEVEL = 0.95

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, and of how many items."""

    value: float
    low: float
    high: float
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends."""
        return (self.low, self.high)


def percentile(value: float, draws: Array, n: int) -> Estimate:
    """The middle 95 % of the draws; it always holds the value itself."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)


def shifted(value: float, draws: Array, n: int, least: float = -np.inf) -> Estimate:
    """The middle 95 % of the draws, moved so that their mean is the value.

    For figures that every resampling biases the same way: repeated items make a set look less diverse and further from
    another one. The move takes that bias out and keeps the spread.
    """
    return percentile(value, np.maximum(least, draws - (draws.mean() - value)), n)


def of_mean(items: NDArray[np.generic], seed: int = 0) -> Estimate:
    """The mean of items (n,)."""
    return of_statistic(lambda rows: float(np.mean(np.asarray(items, dtype=np.float64)[rows])), len(items), seed)


def of_statistic(statistic: Callable[[NDArray[np.intp]], float], n: int, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """Any figure of rows that are told by their places."""
    rng = np.random.default_rng(seed)
    found = np.array([statistic(rng.integers(0, n, n)) for _ in range(draws)])
    return percentile(statistic(np.arange(n)), found, n)
