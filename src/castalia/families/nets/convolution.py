"""Residual convolution blocks in one, two or three dimensions, conditioned on a vector."""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

CONVOLUTIONS: dict[int, type[nn.Conv1d] | type[nn.Conv2d] | type[nn.Conv3d]] = {
    1: nn.Conv1d,
    2: nn.Conv2d,
    3: nn.Conv3d,
}


def convolution(dimensions: int, inputs: int, outputs: int, kernel: int = 3, stride: Sequence[int] = ()) -> nn.Module:
    """A same-padded convolution over that many axes; ``stride`` per axis, 1 where not given."""
    steps = tuple(stride) or (1,) * dimensions
    return CONVOLUTIONS[dimensions](inputs, outputs, kernel, stride=steps, padding=kernel // 2)  # pyright: ignore[reportArgumentType]


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with groups of about eight channels."""
    return nn.GroupNorm(math.gcd(channels, max(1, channels // 8)), channels)


class ResidualBlock(nn.Module):
    """x + f(x, c): norm, SiLU, convolution, twice, with a scale and shift from the condition between them."""

    def __init__(self, dimensions: int, channels: int, context: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.first = nn.Sequential(group_norm(channels), nn.SiLU(), convolution(dimensions, channels, channels))
        self.norm = group_norm(channels)
        self.modulation = nn.Linear(context, 2 * channels) if context else None
        last = convolution(dimensions, channels, channels)
        nn.init.zeros_(last.weight)  # pyright: ignore[reportArgumentType]
        self.second = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), last)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (batch, channels, *space), context (batch, features) -> same shape as x."""
        hidden = self.norm(self.first(x))
        if self.modulation is not None:
            terms = self.modulation(context)[(...,) + (None,) * (x.ndim - 2)]
            scale, shift = terms.chunk(2, dim=1)
            hidden = hidden * (1.0 + scale) + shift
        return x + self.second(hidden)


def resize(x: Tensor, space: Sequence[int]) -> Tensor:
    """x (batch, channels, *space) repeated up to the given spatial lengths (nearest neighbour)."""
    return functional.interpolate(x, size=tuple(space), mode="nearest-exact")


def space_to_depth(x: Tensor, factor: int) -> Tensor:
    """(batch, channels, *space) -> (batch, channels * factor^d, *space / factor): blocks become channels."""
    if factor == 1:
        return x
    dimensions = x.ndim - 2
    for axis in range(dimensions):
        place = 2 + 2 * axis
        x = x.unflatten(place, (x.shape[place] // factor, factor))
    order = [0, 1, *range(3, 3 + 2 * dimensions, 2), *range(2, 2 + 2 * dimensions, 2)]
    return x.permute(order).flatten(1, 1 + dimensions)


def depth_to_space(x: Tensor, factor: int) -> Tensor:
    """The inverse of `space_to_depth`."""
    if factor == 1:
        return x
    dimensions = x.ndim - 2
    x = x.unflatten(1, (-1, *(factor,) * dimensions))
    order = [0, 1]
    for axis in range(dimensions):
        order += [2 + dimensions + axis, 2 + axis]
    x = x.permute(order)
    for axis in range(dimensions):
        x = x.flatten(2 + axis, 3 + axis)
    return x


def resolutions(space: Sequence[int], smallest: int = 4) -> list[tuple[int, ...]]:
    """Spatial lengths level by level: each axis is halved, rounding up, while it is longer than ``smallest``."""
    levels = [tuple(space)]
    while any(length > smallest for length in levels[-1]):
        levels.append(tuple(math.ceil(length / 2) if length > smallest else length for length in levels[-1]))
    return levels


def strides(larger: Sequence[int], smaller: Sequence[int]) -> tuple[int, ...]:
    """The stride per axis that leads from one level to the next."""
    return tuple(1 if one == other else 2 for one, other in zip(larger, smaller, strict=True))


def patch_factor(space: Sequence[int]) -> int:
    """How far blocks become channels before the first convolution: 2, from 24 on 4, from 128 on 8, if lengths allow.

    On a processor a convolution over fewer places and more channels is much the faster for the same quality.
    """
    wanted = 8 if max(space) >= 128 else 4 if max(space) >= 24 else 2
    while any(length % wanted or length // wanted < 4 for length in space) and wanted > 1:
        wanted //= 2
    return wanted
