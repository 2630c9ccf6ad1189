"""Which items of a training set are held out: told by the seed alone, so that whoever judges a model later can see."""

import numpy as np
from numpy.typing import NDArray

MOST_HELD_OUT = 2000

Places = NDArray[np.intp]


def held_out_items(count: int, seed: int) -> tuple[Places, Places]:
    """Places of the held-out and of the training items among ``count``: a tenth, at most 2,000, drawn by ``seed``."""
    order = np.random.default_rng([seed, 0]).permutation(count)
    share = _share(count)
    return np.sort(order[:share]), np.sort(order[share:])


def held_out_windows(entries: int, window: int) -> tuple[Places, Places]:
    """Where held-out and training windows of a stream begin, side by side: the held-out ones are its end."""
    count = entries // window
    first = entries - max(1, count // 10) * window
    return first + window * np.arange(_share(count)), window * np.arange(first // window)


def _share(count: int) -> int:
    return min(MOST_HELD_OUT, max(1, count // 10))
