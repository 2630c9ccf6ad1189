"""Critics: an item and its conditions to one logit, higher the more real it looks. Without normalisation of any kind.

Norms over a batch would tie items together, which the gradient penalties forbid; norms over an item hide its contrast.
Conditions enter by projection (Miyato and Koyama, 2018): D(x, c) = f(x) . (w + e(c)), e(c) being a learned embedding.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.families.nets.convolution import convolution, space_to_depth, strides
from castalia.families.nets.grids import GridSizes

SLOPE = 0.2


class CriticBlock(nn.Module):
    """x + f(x): leaky ReLU, convolution, twice; f starts at zero."""

    def __init__(self, dimensions: int, channels: int) -> None:
        super().__init__()
        self.first = convolution(dimensions, channels, channels)
        self.second = convolution(dimensions, channels, channels)
        nn.init.zeros_(self.second.weight)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        """x (batch, channels, *space) -> the same shape."""
        hidden = self.first(functional.leaky_relu(x, SLOPE))
        return x + self.second(functional.leaky_relu(hidden, SLOPE))


class Projection(nn.Module):
    """Features (batch, features) and a condition embedding (batch, context) to logits (batch,)."""

    def __init__(self, features: int, context: int) -> None:
        super().__init__()
        self.plain = nn.Linear(features, 1)
        self.conditional = nn.Linear(context, features, bias=False) if context else None

    def forward(self, hidden: Tensor, context: Tensor) -> Tensor:
        """See the module."""
        logits = self.plain(hidden)[:, 0]
        if self.conditional is None:
            return logits
        return logits + (hidden * self.conditional(context)).sum(dim=1) / math.sqrt(hidden.shape[1])


class GridCritic(nn.Module):
    """x (batch, channels, *space) and c (batch, context) -> logits (batch,)."""

    def __init__(self, sizes: GridSizes, context: int) -> None:
        super().__init__()
        dimensions, widths = sizes.dimensions, sizes.widths
        self.patch = sizes.patch
        self.stem = convolution(dimensions, sizes.channels * sizes.patch**dimensions, widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(*(CriticBlock(dimensions, width) for _ in range(sizes.blocks))) for width in widths
        )
        self.downs = nn.ModuleList(
            convolution(dimensions, widths[i], widths[i + 1], stride=strides(sizes.levels[i], sizes.levels[i + 1]))
            for i in range(len(widths) - 1)
        )
        self.width = 2 * widths[-1]
        self.head = nn.Sequential(
            nn.LeakyReLU(SLOPE), nn.Flatten(), nn.Linear(sizes.bottom, self.width), nn.LeakyReLU(SLOPE)
        )
        self.projection = Projection(self.width, context)

    def judge(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The logits (batch,) and the features that they are made from (batch, width), which do not know c."""
        hidden = self.stem(space_to_depth(x, self.patch))
        for index, stage in enumerate(self.stages):
            hidden = stage(self.downs[index - 1](hidden) if index else hidden)
        features = self.head(hidden)
        return self.projection(features, context), features

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        return self.judge(x, context)[0]


class Waves(nn.Module):
    """Numbers (batch, columns) with sines and cosines of them at learned frequencies (Gorishniy et al., 2022).

    A dense network alone takes long to see that a column has many narrow peaks.
    """

    def __init__(self, columns: int, waves: int = 8) -> None:
        super().__init__()
        start = 2.0 * math.pi * 2.0 ** torch.linspace(-2.0, 1.5, waves)
        self.frequencies = nn.Parameter(start.repeat(columns, 1))
        self.width = columns * (1 + 2 * waves)

    def forward(self, numbers: Tensor) -> Tensor:
        """(batch, columns) -> (batch, width)."""
        angles = (numbers[:, :, None] * self.frequencies).flatten(1)
        return torch.cat([numbers, angles.sin(), angles.cos()], dim=1)


class RowCritic(nn.Module):
    """x (batch, choices + numbers) and c (batch, context) -> logits (batch,)."""

    def __init__(self, choices: int, numbers: int, hidden: int, blocks: int, context: int) -> None:
        super().__init__()
        self.choices = choices
        self.waves = Waves(numbers)
        self.first = nn.Linear(choices + self.waves.width + context, hidden)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)]) for _ in range(blocks)
        )
        self.projection = Projection(hidden, context)

    def judge(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The logits (batch,) and the features that they are made from (batch, hidden)."""
        numbers = self.waves(x[:, self.choices :])
        hidden = self.first(torch.cat([x[:, : self.choices], numbers, context], dim=1))
        for block in self.blocks:
            enter, leave = cast("nn.ModuleList", block)
            inner = enter(functional.leaky_relu(hidden, SLOPE))
            hidden = hidden + leave(functional.leaky_relu(inner, SLOPE))
        features = functional.leaky_relu(hidden, SLOPE)
        return self.projection(features, context), features

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        return self.judge(x, context)[0]
