"""Convolution encoder and decoder between items with one to three spatial axes and a vector."""

import math
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from castalia.families.nets.convolution import (
    ResidualBlock,
    convolution,
    depth_to_space,
    group_norm,
    resize,
    space_to_depth,
    strides,
)


@dataclass(frozen=True)
class GridSizes:
    """Numbers of a grid network: ``levels`` are spatial lengths after patching, finest first, ``widths`` their
    channels, ``blocks`` residual blocks a level, ``latent`` the vector's length."""

    channels: int
    patch: int
    levels: tuple[tuple[int, ...], ...]
    widths: tuple[int, ...]
    blocks: int
    latent: int
    dropout: float
    fine: int = 0
    """Channels at full resolution before the last convolution of a decoder; 0: blocks are told by themselves."""

    @property
    def dimensions(self) -> int:
        """Spatial axes."""
        return len(self.levels[0])

    @property
    def bottom(self) -> int:
        """Entries of the coarsest features."""
        return self.widths[-1] * math.prod(self.levels[-1])


class GridDown(nn.Module):
    """x (batch, channels, *space) and c (batch, context) -> coarsest features (batch, widths[-1], *levels[-1])."""

    def __init__(self, sizes: GridSizes, context: int) -> None:
        super().__init__()
        dimensions, widths = sizes.dimensions, sizes.widths
        self.patch = sizes.patch
        self.stem = convolution(dimensions, sizes.channels * sizes.patch**dimensions, widths[0])
        self.stages = nn.ModuleList(_stage(sizes, width, context) for width in widths)
        self.downs = nn.ModuleList(
            convolution(dimensions, widths[i], widths[i + 1], stride=strides(sizes.levels[i], sizes.levels[i + 1]))
            for i in range(len(widths) - 1)
        )

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        hidden = self.stem(space_to_depth(x, self.patch))
        for index, stage in enumerate(self.stages):
            hidden = _run_stage(stage, self.downs[index - 1](hidden) if index else hidden, context)
        return hidden


class GridEncoder(nn.Module):
    """x (batch, channels, *space) and c (batch, context) -> (batch, outputs)."""

    def __init__(self, sizes: GridSizes, context: int, outputs: int) -> None:
        super().__init__()
        width = sizes.widths[-1]
        self.down = GridDown(sizes, context)
        self.head = nn.Sequential(group_norm(width), nn.SiLU(), nn.Flatten(), nn.Linear(sizes.bottom, outputs))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        return self.head(self.down(x, context))


class GridUp(nn.Module):
    """Coarsest features (batch, widths[-1], *levels[-1]) and c (batch, context) -> x (batch, channels, *space), in
    [-1, 1] when ``bounded``."""

    def __init__(self, sizes: GridSizes, context: int, bounded: bool) -> None:
        super().__init__()
        dimensions, widths = sizes.dimensions, sizes.widths
        self.patch, self.levels, self.bounded = sizes.patch, sizes.levels, bounded
        self.stages = nn.ModuleList(_stage(sizes, width, context) for width in widths)
        self.ups = nn.ModuleList(
            convolution(dimensions, widths[i + 1], widths[i], kernel=1) for i in range(len(widths) - 1)
        )
        outputs = (sizes.fine or sizes.channels) * sizes.patch**dimensions
        self.head = nn.Sequential(group_norm(widths[0]), nn.SiLU(), convolution(dimensions, widths[0], outputs))
        self.fine = (
            nn.Sequential(nn.SiLU(), convolution(dimensions, sizes.fine, sizes.channels)) if sizes.fine else None
        )

    def forward(self, hidden: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        hidden = _run_stage(self.stages[-1], hidden, context)
        for level in reversed(range(len(self.levels) - 1)):
            hidden = resize(self.ups[level](hidden), self.levels[level])
            hidden = _run_stage(self.stages[level], hidden, context)
        x = depth_to_space(self.head(hidden), self.patch)
        if self.fine is not None:
            x = self.fine(x)
        # in float32: near its bounds bfloat16's tanh is one exactly, and what stands on white would learn nothing
        return x.float().tanh() if self.bounded else x


class GridDecoder(nn.Module):
    """z (batch, latent) and c (batch, context) -> x (batch, channels, *space), in [-1, 1] when ``bounded``."""

    def __init__(self, sizes: GridSizes, context: int, bounded: bool) -> None:
        super().__init__()
        inner = sizes.latent + context
        self.start = nn.Sequential(
            nn.Linear(inner, sizes.bottom), nn.Unflatten(1, (sizes.widths[-1], *sizes.levels[-1]))
        )
        self.up = GridUp(sizes, inner, bounded)

    def forward(self, inner: Tensor) -> Tensor:
        """x from z and c side by side (batch, latent + context)."""
        return self.up(self.start(inner), inner)


def _stage(sizes: GridSizes, width: int, context: int) -> nn.ModuleList:
    return nn.ModuleList(ResidualBlock(sizes.dimensions, width, context, sizes.dropout) for _ in range(sizes.blocks))


def _run_stage(stage: nn.Module, hidden: Tensor, context: Tensor) -> Tensor:
    for block in cast("nn.ModuleList", stage):
        hidden = block(hidden, context)
    return hidden
