"""How far apart two sets of feature vectors are: Fréchet distance, KID, MMD with a Gaussian kernel."""

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.bootstrap import DRAWS, Estimate, percentile, shifted

Array = NDArray[np.float64]

FRECHET_DRAWS = 60


def frechet(left: Array, right: Array) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of normal distributions fitted to rows (n, features).

    Fréchet (1957) and Dowson and Landau (1982), as used by Heusel et al. (2017). Biased: it falls with the
    number of rows, so only equal counts compare.
    """
    return frechet_of_moments(left.mean(axis=0), _covariance(left), right.mean(axis=0), _covariance(right))


def frechet_of_moments(mean1: Array, cov1: Array, mean2: Array, cov2: Array) -> float:
    """The same of means (d,) and covariances (d, d)."""
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    between = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov2 @ root), 0.0, None)).sum()
    gap = mean1 - mean2
    return float(max(0.0, gap @ gap + np.trace(cov1) + np.trace(cov2) - 2.0 * between))


def frechet_estimate(reference: Array, made: Array, seed: int = 0) -> Estimate:
    """`frechet` with its interval, both sets drawn again."""
    rng = np.random.default_rng(seed)
    draws = [
        frechet(reference[rng.integers(0, len(reference), len(reference))], made[rng.integers(0, len(made), len(made))])
        for _ in range(FRECHET_DRAWS)
    ]
    return shifted(frechet(reference, made), np.array(draws), len(made), least=0.0)


def squares(left: Array, right: Array) -> Array:
    """Squared distances (n, m) between rows."""
    products = left @ right.T
    return np.clip((left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2.0 * products, 0.0, None)


def polynomial(left: Array, right: Array) -> Array:
    """The kernel of KID, k(x, y) = (x.y / d + 1)^3 (Bińkowski et al., 2018)."""
    return (left @ right.T / left.shape[1] + 1.0) ** 3


def gaussian(left: Array, right: Array, width: float) -> Array:
    """k(x, y) = exp(-|x - y|^2 / width)."""
    return np.exp(-squares(left, right) / width)


def median_width(points: Array) -> float:
    """The median squared distance between different rows: the usual width of a Gaussian kernel."""
    among = squares(points, points)[np.triu_indices(len(points), 1)]
    return float(np.median(among)) or 1.0


def mmd2(
    within1: Array, within2: Array, between: Array, weights1: Array | None = None, weights2: Array | None = None
) -> float:
    """Squared maximum mean discrepancy from kernel matrices, unbiased (Gretton et al., 2012).

    ``weights`` count how often a row was drawn; a row is never compared with itself.
    """
    one = np.ones(len(within1)) if weights1 is None else weights1
    two = np.ones(len(within2)) if weights2 is None else weights2
    return _off_diagonal(within1, one) + _off_diagonal(within2, two) - 2.0 * _mean(between, one, two)


def kid_estimate(reference: Array, made: Array, seed: int = 0) -> Estimate:
    """Kernel Inception Distance's estimator on these features; 0 for equal distributions, at any number of rows."""
    kernels = (polynomial(reference, reference), polynomial(made, made), polynomial(reference, made))
    return _mmd_estimate(*kernels, seed)


def rbf_estimate(reference: Array, made: Array, width: float, seed: int = 0) -> Estimate:
    """MMD squared with a Gaussian kernel."""
    kernels = (gaussian(reference, reference, width), gaussian(made, made, width), gaussian(reference, made, width))
    return _mmd_estimate(*kernels, seed)


def _mmd_estimate(within1: Array, within2: Array, between: Array, seed: int) -> Estimate:
    rng = np.random.default_rng(seed)
    found = [
        mmd2(within1, within2, between, _drawn(rng, len(within1)), _drawn(rng, len(within2))) for _ in range(DRAWS)
    ]
    return percentile(mmd2(within1, within2, between), np.array(found), len(within2))


def _drawn(rng: np.random.Generator, count: int) -> Array:
    return np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)


def _off_diagonal(kernel: Array, weights: Array) -> float:
    pairs = float(weights @ kernel @ weights - (weights**2) @ np.diag(kernel))
    return pairs / float(weights.sum() ** 2 - (weights**2).sum())


def _mean(kernel: Array, left: Array, right: Array) -> float:
    return float(left @ kernel @ right / (left.sum() * right.sum()))


def _covariance(rows: Array) -> Array:
    return np.atleast_2d(np.cov(rows, rowvar=False))
