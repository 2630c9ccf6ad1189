"""How varied a set is: Vendi score and entropy of classes."""

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.bootstrap import Estimate, percentile, shifted
from castalia.judging.evaluation.distances import gaussian

Array = NDArray[np.float64]

VENDI_DRAWS = 60


def vendi(kernel: Array) -> float:
    """exp(-sum_i l_i log l_i) of the eigenvalues l of K / n, K (n, n) of unit diagonal (Friedman and Dieng, 2023,
    definition 3.1): the effective number of different items, 1 to n."""
    values = np.linalg.eigvalsh(kernel / len(kernel))
    positive = values[values > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def vendi_ratio(real: Array, made: Array, width: float, seed: int = 0) -> Estimate:
    """Vendi score of made over that of equally many real items, one Gaussian kernel for both; 1 is as varied."""
    count = min(len(real), len(made))
    rng = np.random.default_rng(seed)
    kernels = [gaussian(part[:count], part[:count], width) for part in (made, real)]

    def ratio(*rows: NDArray[np.intp]) -> float:
        scores = [vendi(kernel[np.ix_(row, row)]) for kernel, row in zip(kernels, rows, strict=True)]
        return scores[0] / scores[1]

    draws = [ratio(rng.integers(0, count, count), rng.integers(0, count, count)) for _ in range(VENDI_DRAWS)]
    everything = np.arange(count)
    return shifted(ratio(everything, everything), np.array(draws), count, least=0.0)


def class_entropy(labels: NDArray[np.int64], classes: int, seed: int = 0) -> Estimate:
    """Entropy of the shares of classes over its most, log(classes): 1 when all are equally frequent."""
    rng = np.random.default_rng(seed)

    def entropy(chosen: NDArray[np.int64]) -> float:
        shares = np.bincount(chosen, minlength=classes) / len(chosen)
        seen = shares[shares > 0]
        return float(-(seen * np.log(seen)).sum() / np.log(max(2, classes)))

    draws = [entropy(labels[rng.integers(0, len(labels), len(labels))]) for _ in range(200)]
    return percentile(entropy(labels), np.array(draws), len(labels))
