"""A U-Net over one, two or three spatial axes, modulated by a vector (Ronneberger et al., 2015; Ho et al., 2020)."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from castalia.families.nets.attention import GridAttention
from castalia.families.nets.convolution import (
    ResidualBlock,
    convolution,
    depth_to_space,
    group_norm,
    resize,
    space_to_depth,
    strides,
)
from castalia.families.nets.maps import ContextMaps

MAPPED = 64
"""Places of the level that the context speaks of one by one: the finest with at most so many, or the last."""


@dataclass(frozen=True)
class UNetSizes:
    """Numbers of a U-Net: ``levels`` are spatial lengths after patching, finest first, ``widths`` their channels,
    ``blocks`` residual blocks a level on the way down and again up; attention where ``attention`` says so."""

    channels: int
    patch: int
    levels: tuple[tuple[int, ...], ...]
    widths: tuple[int, ...]
    attention: tuple[bool, ...]
    blocks: int
    context: int
    dropout: float
    passing: bool = True
    """Whether the input itself, times factors that depend on the context, goes into what comes out."""
    given: int = 0
    """Channels beside those of the item that the input has and the output has not."""
    maps: int = 0
    """Numbers that the context tells of each place of one level, see `ContextMaps`; 0: it only modulates."""

    @property
    def dimensions(self) -> int:
        """Spatial axes."""
        return len(self.levels[0])


class UNet(nn.Module):
    """x (batch, channels + given, *space) and context (batch, context) -> (batch, channels, *space); zero at first.

    Blocks of ``patch`` places a side become channels before the first convolution. Each level's features on the way
    down join those of the same level on the way up. With ``passing`` what comes out is told by the features and, entry
    by entry, by x itself times a factor of the context: noise then need not pass through features that are hardly
    wider than itself. With ``maps`` the context says what lies where, too.
    """

    def __init__(self, sizes: UNetSizes) -> None:
        super().__init__()
        dimensions, widths, last = sizes.dimensions, sizes.widths, len(sizes.widths) - 1
        entries = sizes.channels * sizes.patch**dimensions
        self.channels = sizes.channels
        self.patch, self.levels = sizes.patch, sizes.levels
        self.stem = convolution(dimensions, entries + sizes.given * sizes.patch**dimensions, widths[0])
        self.encoders = nn.ModuleList(Stage(sizes, level) for level in range(last + 1))
        self.downs = nn.ModuleList(
            convolution(dimensions, widths[i], widths[i + 1], stride=strides(sizes.levels[i], sizes.levels[i + 1]))
            for i in range(last)
        )
        self.ups = nn.ModuleList(convolution(dimensions, widths[i + 1], widths[i], kernel=1) for i in range(last))
        self.merges = nn.ModuleList(convolution(dimensions, 2 * width, width, kernel=1) for width in widths)
        self.decoders = nn.ModuleList(Stage(sizes, level) for level in range(last + 1))
        head = convolution(dimensions, widths[0], entries)
        nn.init.zeros_(cast("Tensor", head.weight))
        nn.init.zeros_(cast("Tensor", head.bias))
        self.head = nn.Sequential(group_norm(widths[0]), nn.SiLU(), head)
        self.passing = nn.Linear(sizes.context, entries) if sizes.passing else None
        if self.passing is not None:
            nn.init.zeros_(self.passing.weight)
            nn.init.zeros_(self.passing.bias)
        few = (level for level, places in enumerate(sizes.levels) if math.prod(places) <= MAPPED)
        self.mapped = next(few, last)
        told = (sizes.context, sizes.maps, widths[self.mapped], sizes.levels[self.mapped])
        self.maps = ContextMaps(*told) if sizes.maps else None

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        hidden = self.stem(space_to_depth(x, self.patch))
        kept: list[Tensor] = []
        for level, encoder in enumerate(self.encoders):
            hidden = self.downs[level - 1](hidden) if level else hidden
            if self.maps is not None and level == self.mapped:
                hidden = hidden + self.maps(context)
            hidden = encoder(hidden, context)
            kept.append(hidden)
        for level in reversed(range(len(self.levels))):
            if level < len(self.ups):
                hidden = resize(self.ups[level](hidden), self.levels[level])
            hidden = self.merges[level](torch.cat([hidden, kept[level]], dim=1))
            hidden = self.decoders[level](hidden, context)
        told = self.head(hidden)
        if self.passing is not None:
            entries = space_to_depth(x[:, : self.channels], self.patch)
            told = told + self.passing(context)[(...,) + (None,) * (x.ndim - 2)] * entries
        return depth_to_space(told, self.patch)


class Stage(nn.Module):
    """Residual blocks at one resolution, each followed by attention where the sizes say so."""

    def __init__(self, sizes: UNetSizes, level: int) -> None:
        super().__init__()
        width = sizes.widths[level]
        self.blocks = nn.ModuleList(
            ResidualBlock(sizes.dimensions, width, sizes.context, sizes.dropout) for _ in range(sizes.blocks)
        )
        self.attentions = nn.ModuleList(
            GridAttention(width) for _ in range(sizes.blocks if sizes.attention[level] else 0)
        )

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (batch, channels, *space) -> same shape."""
        for index, block in enumerate(self.blocks):
            x = block(x, context)
            if len(self.attentions):
                x = self.attentions[index](x)
        return x
