"""Whether two models differ on the same questions: a permutation test of the paired differences.

If it made no difference which of two models gave which answer, each pair's difference d_i could as well have the other
sign. p is the share of all 2^n ways to set the signs under which |mean of d| is at least what was seen (Fisher, 1935);
of yes and no that is the exact sign test (McNemar, 1947, two-sided). The percentile bootstrap of the mean difference,
which needs no signs, calls equal models different in 13 of 100 times at six pairs (docs/experiments.md).
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import comb

import numpy as np

LEVEL = 0.05
EXACT = 14
"""Pairs that differ up to which every way to set the signs is counted; beyond, ``DRAWS`` are drawn."""
DRAWS = 9_999
SEED = 0
ROUNDING = 1e-9
"""Sums that differ by less than this share are the same one."""


def common(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """What both were asked, when it is all that either was asked; else nothing: their means are of other things."""
    return sorted(one) if one.keys() == other.keys() else []


def enough(pairs: int, comparisons: int) -> bool:
    """Whether so many pairs could show a difference at all, when they all agree on it."""
    return pairs > 0 and 2.0 ** (1 - pairs) * comparisons <= LEVEL


def permutation_p(differences: Sequence[float]) -> float:
    """Two-sided p in (0, 1] of paired differences (n,) under which either sign is as likely.

    Pairs without a difference say nothing and stay out. Exact up to ``EXACT`` pairs; above by random signs, those that
    were seen included, so that p is never 0 (Phipson and Smyth, 2010).
    """
    told = np.asarray([one for one in differences if one != 0.0], dtype=np.float64)
    count = len(told)
    if not count:
        return 1.0
    seen = abs(float(told.sum())) - ROUNDING * float(np.abs(told).sum())
    if count <= EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=count)))
        return float((np.abs(signs @ told) >= seen).mean())
    if len({*np.abs(told)}) == 1:
        return _sign_p(int((told > 0).sum()), count)
    signs = np.random.default_rng(SEED).integers(0, 2, (DRAWS, count), dtype=np.int8) * 2.0 - 1.0
    return float((1 + (np.abs(signs @ told) >= seen).sum()) / (DRAWS + 1))


def _sign_p(positive: int, count: int) -> float:
    """The same where all differences are of one size: the two-sided binomial test."""
    tail = sum(comb(count, number) for number in range(min(positive, count - positive) + 1))
    return min(1.0, 2 * tail / 2**count)


def holm(values: Sequence[float], comparisons: int) -> list[float]:
    """p values adjusted for so many comparisons (Holm, 1979): at most 5 % of families of equals show any difference."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted = [1.0] * len(values)
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (comparisons - rank) * values[place]))
        adjusted[place] = least
    return adjusted
