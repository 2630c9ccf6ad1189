"""Quick figures of how like the held-out pictures the generated ones are. Small samples, NumPy only."""

import numpy as np
from numpy.typing import NDArray

MOST = 512
"""Pictures of each kind that are compared."""

COMPONENTS = 32
NEIGHBOURS = 5


def training_figures(real: NDArray[np.generic], synthetic: NDArray[np.generic]) -> dict[str, float]:
    """Figures by name; empty when there are fewer than 12 pictures of either kind.

    ``mmd``: maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012), squared and unbiased, on the first
    32 principal components of the real pixels; ``mmd_floor`` is the same between two halves of the real ones, ``mmd``
    near it is as good as can be told. ``density`` and ``coverage`` (Naeem et al. 2020) with 5 neighbours: about 1
    when alike; low coverage means that kinds are missing. ``diversity``: mean distance between
    generated pictures over that between real ones. ``sharpness``: mean step between neighbouring pixels over that of
    real ones; below 1 is blurred.
    """
    generator = np.random.default_rng(0)
    left, right = _drawn(real, generator), _drawn(synthetic, generator)
    if min(len(left), len(right)) < 12:
        return {}
    sharpness = _steps(right) / max(_steps(left), 1e-6)
    points, drawn = _projected(left.reshape(len(left), -1), right.reshape(len(right), -1))

    among, between = _squares(points, points), _squares(points, drawn)
    width = float(np.median(among[np.triu_indices(len(points), 1)])) or 1.0
    half = len(points) // 2
    radii = np.sort(among, axis=1)[:, min(NEIGHBOURS, len(points) - 1)]
    within = between <= radii[:, None]
    spread = _spread(points)
    return {
        "mmd": _mmd(points, drawn, width),
        "mmd_floor": _mmd(points[:half], points[half:], width),
        "density": float(within.sum(axis=0).mean() / NEIGHBOURS),
        "coverage": float(within.any(axis=1).mean()),
        "diversity": _spread(drawn) / max(spread, 1e-6),
        "sharpness": sharpness,
    }


def _drawn(data: NDArray[np.generic], generator: np.random.Generator) -> NDArray[np.float64]:
    order = generator.permutation(len(data))[:MOST]
    return np.asarray(data[order], dtype=np.float64)


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


def _steps(pictures: NDArray[np.float64]) -> float:
    down = np.abs(np.diff(pictures, axis=2)).mean()
    across = np.abs(np.diff(pictures, axis=3)).mean()
    return float(down + across) / 2.0
