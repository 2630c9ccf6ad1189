"""How like two tables are: shapes of columns, trends of pairs, and whether a classifier tells them apart.

Shapes and trends follow the definitions of SDMetrics' quality report (its documentation, "Column Shapes" and "Column
Pair Trends"), computed here; all are in [0, 1]. An exact copy scores 1, so they never stand alone: originality is
judged beside them.
"""

import importlib
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.table.columns import Column
from castalia.modalities.table.transforms import Levels, Quantiles

Values = NDArray[np.float64]
Matrix = NDArray[np.float64]

BINS = 10
"""Equal-width bins of a number beside a category."""
MOST_PAIRS = 200
MOST_CLASSIFIED = 2000
"""Rows of each table that the classifier sees: two seconds."""


def likeness(columns: tuple[Column, ...], real: Matrix, synthetic: Matrix) -> dict[str, float]:
    """Figures of synthetic against real values (n, learned columns), all in [0, 1].

    ``column_shape_similarity`` and ``pair_trend_similarity``: 1 is alike; ``table_quality`` is their mean.
    ``two_sample_auc``: 0.5 means that a classifier cannot tell the tables apart, 1 that it always can.
    """
    shapes = [shape_similarity(column, real[:, place], synthetic[:, place]) for place, column in enumerate(columns)]
    figures = {"column_shape_similarity": float(np.mean(shapes))}
    pairs = list(itertools.combinations(range(len(columns)), 2))
    if len(pairs) > MOST_PAIRS:
        chosen = np.sort(np.random.default_rng(0).permutation(len(pairs))[:MOST_PAIRS])
        pairs = [pairs[place] for place in chosen]
    if pairs:
        trends = [_trend(columns, real, synthetic, left, right) for left, right in pairs]
        figures["pair_trend_similarity"] = float(np.mean(trends))
        figures["table_quality"] = (figures["column_shape_similarity"] + figures["pair_trend_similarity"]) / 2
    figures["two_sample_auc"] = two_sample_auc(columns, real, synthetic)
    return figures


def shape_similarity(column: Column, real: Values, synthetic: Values) -> float:
    """1 - Kolmogorov-Smirnov distance of numbers and dates, 1 - total variation of categories."""
    if not column.is_ordered:
        real_share, synthetic_share = _shares(_places(column, real)), _shares(_places(column, synthetic))
        return 1 - _variation(real_share, synthetic_share)
    left, right = np.sort(real[~np.isnan(real)]), np.sort(synthetic[~np.isnan(synthetic)])
    if not len(left) or not len(right):
        return float(len(left) == len(right))
    points = np.concatenate([left, right])
    gap = np.searchsorted(left, points, side="right") / len(left) - np.searchsorted(right, points, side="right") / len(
        right
    )
    return 1 - float(np.abs(gap).max())


def fit_similarity(column: Column, values: Values) -> tuple[float, float]:
    """Likeness in [0, 1] of values to the distribution that the column's coding keeps, and what so many real rows
    show.

    The second figure is the expectation under sampling noise: E[KS] is about 0.87 / sqrt(n), and the expected total
    variation is the sum over places of half the mean absolute deviation of a binomial share.
    """
    coding = column.coding
    if isinstance(coding, Levels):
        masses = coding.masses
        shares = np.bincount(coding.places(values), minlength=coding.width) / max(len(values), 1)
        noise = np.sqrt(2 * masses * (1 - masses) / (np.pi * max(len(values), 1))).sum() / 2
        return 1 - float(np.abs(shares - masses).sum() / 2), 1 - float(noise)
    assert isinstance(coding, Quantiles)  # noqa: S101 - only learned columns are measured
    seen = np.sort(values[~np.isnan(values)])
    if not len(seen):
        return 0.0, 1.0
    below, upto = coding.cdf(seen)
    count = len(seen)
    above = np.searchsorted(seen, seen + coding.tolerance, side="right") / count - upto
    under = np.searchsorted(seen, seen - coding.tolerance, side="left") / count - below
    return 1 - float(max(np.abs(above).max(), np.abs(under).max())), 1 - 0.87 / count**0.5


def two_sample_auc(columns: tuple[Column, ...], real: Matrix, synthetic: Matrix) -> float:
    """Area under the ROC curve of `two_sample_scores`; 0.5 is indistinguishable, never below."""
    metrics: Any = importlib.import_module("sklearn.metrics")
    auc = float(metrics.roc_auc_score(*two_sample_scores(columns, real, synthetic)))
    return max(auc, 1 - auc)


def two_sample_scores(
    columns: tuple[Column, ...], real: Matrix, synthetic: Matrix
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of equally many rows of each: 1 for synthetic ones, and how synthetic gradient-boosted trees that were fitted to
    the other half of the rows take each for, in [0, 1]."""
    ensemble: Any = importlib.import_module("sklearn.ensemble")
    threads: Any = importlib.import_module("threadpoolctl")
    rng = np.random.default_rng(0)
    count = min(len(real), len(synthetic), MOST_CLASSIFIED)
    rows = np.concatenate(
        [real[rng.permutation(len(real))[:count]], synthetic[rng.permutation(len(synthetic))[:count]]]
    )
    label = np.repeat([0, 1], count)
    for place, column in enumerate(columns):
        if not column.is_ordered:
            rows[:, place] = np.minimum(_places(column, rows[:, place]), 250)
    named = [place for place, column in enumerate(columns) if not column.is_ordered]
    fold = np.tile([0, 1], count)
    scores = np.zeros(len(rows))
    for held in (0, 1):
        trees = ensemble.HistGradientBoostingClassifier(
            max_iter=60, early_stopping=False, categorical_features=named or None, random_state=0
        )
        # one thread: for so few rows, threads that wait for each other on a busy machine take fifty times as long
        with threads.threadpool_limits(1):
            trees.fit(rows[fold != held], label[fold != held])
            scores[fold == held] = trees.predict_proba(rows[fold == held])[:, 1]
    return label, scores


def _trend(columns: tuple[Column, ...], real: Matrix, synthetic: Matrix, left: int, right: int) -> float:
    """Likeness of one pair: of correlations between numbers, of contingency tables otherwise."""
    if columns[left].is_ordered and columns[right].is_ordered:
        gap = _correlation(real[:, left], real[:, right]) - _correlation(synthetic[:, left], synthetic[:, right])
        return 1 - abs(gap) / 2
    joint: list[dict[float, float]] = []
    edges = {place: _edges(real[:, place]) for place in (left, right) if columns[place].is_ordered}
    for values in (real, synthetic):
        codes = [
            np.digitize(values[:, place], edges[place]) if place in edges else _places(columns[place], values[:, place])
            for place in (left, right)
        ]
        joint.append(_shares(codes[0] * 100_000 + codes[1]))
    return 1 - _variation(joint[0], joint[1])


def _correlation(left: Values, right: Values) -> float:
    both = ~np.isnan(left) & ~np.isnan(right)
    left, right = left[both], right[both]
    if len(left) < 2 or left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _edges(values: Values) -> Values:
    seen = values[~np.isnan(values)]
    return np.linspace(seen.min(), seen.max(), BINS + 1)[1:-1] if len(seen) else np.zeros(0)


def _places(column: Column, values: Values) -> NDArray[np.int64]:
    return column.coding.places(values) if isinstance(column.coding, Levels) else np.zeros(len(values), dtype=np.int64)


def _shares(codes: NDArray[np.int64]) -> dict[float, float]:
    points, counts = np.unique(codes, return_counts=True)
    return dict(zip(points.tolist(), (counts / max(len(codes), 1)).tolist(), strict=True))


def _variation(left: dict[float, float], right: dict[float, float]) -> float:
    return sum(abs(left.get(key, 0.0) - right.get(key, 0.0)) for key in {*left, *right}) / 2
