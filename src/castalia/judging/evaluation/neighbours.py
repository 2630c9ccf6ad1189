"""Precision, recall, density and coverage from nearest neighbours in feature space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation.distances import squares

Array = NDArray[np.float64]

NEIGHBOURS = 5


@dataclass(frozen=True)
class Manifold:
    """For each item, what the four measures are the means of.

    ``precision`` and ``density`` (made,): whether a made item lies in the ball of a real one, and in how many over k.
    ``recall`` and ``coverage`` (real,): whether a real item lies in the ball of a made one, and whether its own ball
    holds a made one. A ball reaches to an item's k-th neighbour of its own kind. Precision and recall are after
    Kynkäänniemi et al. (2019), density and coverage after Naeem et al. (2020).
    """

    precision: Array
    recall: Array
    density: Array
    coverage: Array


def manifold(real: Array, made: Array, neighbours: int = NEIGHBOURS) -> Manifold:
    """Of rows (n, features) and (m, features). Raises ValueError with fewer than ``neighbours`` + 1 of either."""
    if min(len(real), len(made)) <= neighbours:
        raise ValueError(f"at least {neighbours + 1} items of each kind are needed")
    between = squares(real, made)
    real_radii, made_radii = radii(real, neighbours), radii(made, neighbours)
    inside = between <= real_radii[:, None]
    return Manifold(
        precision=np.asarray(inside.any(axis=0), dtype=np.float64),
        recall=np.asarray((between <= made_radii[None]).any(axis=1), dtype=np.float64),
        density=inside.sum(axis=0) / neighbours,
        coverage=np.asarray(inside.any(axis=1), dtype=np.float64),
    )


def radii(points: Array, neighbours: int) -> Array:
    """Squared distance of each row to its k-th nearest other one (n,)."""
    among = squares(points, points)
    np.fill_diagonal(among, np.inf)
    return np.partition(among, neighbours - 1, axis=1)[:, neighbours - 1]
