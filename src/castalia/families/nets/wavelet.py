"""An orthonormal Haar transform over any number of axes.

A Gaussian or Laplace likelihood with one scale per band weighs fine detail by its own, much smaller, spread: a
decoder judged so keeps edges that a single pixel-wise scale lets blur.
"""

import math

import torch
from torch import Tensor

_HALF = math.sqrt(0.5)


def haar_bands(x: Tensor, levels: int) -> list[Tensor]:
    """Split x (batch, channels, *space) into bands, the coarsest last; together they hold as many numbers as x.

    Each level splits every axis longer than one into sums and differences of neighbours (an odd last entry is carried
    over unchanged), so that the sum of squares, and any Gaussian density of unit scale, stays the same.
    """
    bands: list[Tensor] = []
    for _ in range(levels):
        parts = [(x, False)]
        for axis in range(2, x.ndim):
            parts = [piece for one, detail in parts for piece in _split(one, detail, axis)]
        bands += [one for one, detail in parts if detail]
        x = next(one for one, detail in parts if not detail)
    return [*bands, x]


def band_count(shape: tuple[int, ...], levels: int) -> int:
    """How many bands `haar_bands` makes of items of this shape (channels, *space)."""
    return len(haar_bands(torch.zeros(1, *shape), levels))


def level_count(shape: tuple[int, ...]) -> int:
    """So many levels that the coarsest band is still about four long, at most three."""
    longest = max(shape[1:])
    return max(0, min(3, int(math.log2(longest / 4)))) if longest >= 4 else 0


def _split(x: Tensor, detail: bool, axis: int) -> list[tuple[Tensor, bool]]:
    length = x.shape[axis]
    if length < 2:
        return [(x, detail)]
    pairs = length // 2
    even = x.narrow(axis, 0, 2 * pairs).unflatten(axis, (pairs, 2))
    first, second = even.unbind(axis + 1)
    low = (first + second) * _HALF
    if length % 2:
        low = torch.cat([low, x.narrow(axis, length - 1, 1)], dim=axis)
    return [(low, detail), ((first - second) * _HALF, True)]
