"""A transformer over patches of a grid, modulated by a vector: DiT with adaLN-Zero (Peebles and Xie, 2023)."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.families.nets.attention import Attention
from castalia.families.nets.convolution import depth_to_space, space_to_depth


@dataclass(frozen=True)
class DiTSizes:
    """Numbers of a DiT: ``space`` before patching, ``width`` of each of ``blocks`` layers."""

    channels: int
    space: tuple[int, ...]
    patch: int
    width: int
    blocks: int
    context: int
    dropout: float


class DiT(nn.Module):
    """x (batch, channels, *space) and context (batch, context) -> same shape as x; zero at first."""

    def __init__(self, sizes: DiTSizes) -> None:
        super().__init__()
        self.patch = sizes.patch
        self.grid = tuple(length // sizes.patch for length in sizes.space)
        entries = sizes.channels * sizes.patch ** len(sizes.space)
        self.stem = nn.Linear(entries, sizes.width)
        self.places = nn.Parameter(0.02 * torch.randn(math.prod(self.grid), sizes.width))
        self.layers = nn.ModuleList(
            TransformerLayer(sizes.width, sizes.context, sizes.dropout) for _ in range(sizes.blocks)
        )
        self.modulation = nn.Linear(sizes.context, 2 * sizes.width)
        self.head = nn.Linear(sizes.width, entries)
        for layer in (self.modulation, self.head):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        hidden = self.stem(space_to_depth(x, self.patch).flatten(2).transpose(1, 2)) + self.places
        for layer in self.layers:
            hidden = layer(hidden, context)
        scale, shift = self.modulation(context)[:, None].chunk(2, dim=2)
        out = self.head(_normalised(hidden) * (1.0 + scale) + shift)
        return depth_to_space(out.transpose(1, 2).unflatten(2, self.grid), self.patch)


class TransformerLayer(nn.Module):
    """Attention and a feed-forward network, each scaled, shifted and gated by the context; the identity at first."""

    def __init__(self, width: int, context: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width)
        nn.init.xavier_uniform_(self.attention.output.weight)
        self.enter = nn.Linear(width, 4 * width)
        self.leave = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.modulation = nn.Linear(context, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (batch, tokens, width) -> same shape."""
        terms = cast("Tensor", self.modulation(context))[:, None].chunk(6, dim=2)
        x = x + terms[2] * self.dropout(self.attention(_normalised(x) * (1.0 + terms[0]) + terms[1]))
        hidden = functional.gelu(self.enter(_normalised(x) * (1.0 + terms[3]) + terms[4]), approximate="tanh")
        return x + terms[5] * self.dropout(self.leave(hidden))


def _normalised(x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:])
