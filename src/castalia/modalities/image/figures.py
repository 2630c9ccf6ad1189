"""Quick figures of how like the held-out pictures the generated ones are. Small samples, NumPy only."""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.likeness import drawn, likeness


def training_figures(real: NDArray[np.generic], synthetic: NDArray[np.generic]) -> dict[str, float]:
    """Figures by name, see `castalia.modalities.likeness.likeness`; empty for fewer than 12 pictures of either kind.

    ``sharpness``: mean step between neighbouring pixels over that of real ones; below 1 is blurred.
    """
    left, right = drawn(real), drawn(synthetic)
    figures = likeness(left.reshape(len(left), -1), right.reshape(len(right), -1))
    return figures | {"sharpness": _steps(right) / max(_steps(left), 1e-6)} if figures else {}


def _steps(pictures: NDArray[np.float64]) -> float:
    down = np.abs(np.diff(pictures, axis=2)).mean()
    across = np.abs(np.diff(pictures, axis=3)).mean()
    return float(down + across) / 2.0
