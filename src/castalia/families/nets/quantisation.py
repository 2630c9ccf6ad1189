"""Finite scalar quantisation: a few numbers, each rounded to a few levels, as one token."""

import math

import torch
from torch import Tensor, nn


class FiniteScalars(nn.Module):
    """z (batch, d, *places) with L_1 .. L_d levels <-> values in [-1, 1] <-> tokens below L_1 * ... * L_d.

    Each number is bent into its range by a hyperbolic tangent and rounded; gradients pass the rounding unchanged.
    """

    halves: Tensor
    widths: Tensor
    offsets: Tensor
    places: Tensor

    def __init__(self, levels: list[int]) -> None:
        super().__init__()
        self.levels = levels
        self.count = math.prod(levels)
        counts = torch.tensor(levels, dtype=torch.float32)
        steps = [math.prod(levels[:index]) for index in range(len(levels))]
        self.register_buffer("halves", counts.div(2).floor(), persistent=False)
        self.register_buffer("widths", (counts - 1) * 1.001 / 2, persistent=False)
        # an even number of levels lies half a step off the centre
        self.register_buffer("offsets", 0.5 * (counts % 2 == 0), persistent=False)
        self.register_buffer("places", torch.tensor(steps), persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """The quantised values, of the shape of z."""
        bent = self._bent(z)
        rounded = bent + (bent.round() - bent).detach()
        return rounded / self._wide(self.halves, z)

    def tokens(self, z: Tensor) -> Tensor:
        """The tokens (batch, *places), int64."""
        digits = self._bent(z).round() + self._wide(self.halves, z)
        return (digits.long() * self._wide(self.places, z)).sum(dim=1)

    def values(self, tokens: Tensor) -> Tensor:
        """The values (batch, d, *places) that tokens (batch, *places) stand for."""
        digits = [tokens // int(step) % levels for step, levels in zip(self.places, self.levels, strict=True)]
        stacked = torch.stack(digits, dim=1).float()
        halves = self._wide(self.halves, stacked)
        return (stacked - halves) / halves

    def _bent(self, z: Tensor) -> Tensor:
        widths, offsets = self._wide(self.widths, z), self._wide(self.offsets, z)
        return torch.tanh(z + torch.atanh(offsets / widths)) * widths - offsets

    @staticmethod
    def _wide(numbers: Tensor, like: Tensor) -> Tensor:
        """One number a channel, shaped to go with (batch, channels, *places)."""
        return numbers.view(1, -1, *(1,) * (like.ndim - 2))
