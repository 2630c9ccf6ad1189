"""Whether confidence is what it says: reliability diagrams and expected calibration error."""

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.figures import Curve

BINS = 10


def reliability(title: str, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Curve:
    """Share right by confidence, in ten bins of equal width; empty ones are left out."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    points = [
        (float(confidence[places == place].mean()), float(right[places == place].mean()))
        for place in range(BINS)
        if (places == place).any()
    ]
    return Curve(title=title, kind="calibration", x="confidence", y="share right", series={"judged": points})


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """sum_b n_b / n |accuracy(b) - confidence(b)| over ten bins (Guo et al., 2017)."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error = 0.0
    for place in range(BINS):
        mine = places == place
        if mine.any():
            error += float(mine.mean()) * abs(float(right[mine].mean()) - float(confidence[mine].mean()))
    return error
