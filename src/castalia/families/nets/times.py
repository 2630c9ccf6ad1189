"""A time and a condition as one vector that modulates every layer of a network."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FREQUENCIES = 32


class TimeContext(nn.Module):
    """Times t (batch,) in [0, 1] and conditions c (batch, features) -> context (batch, width).

    The time enters as cosines and sines of frequencies from a quarter turn to 100 turns (Vaswani et al., 2017; Ho et
    al., 2020). Condition and context are normalised, so that the modulation heeds them from the first step on.
    """

    frequencies: Tensor

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        turns = torch.logspace(math.log10(0.25), 2.0, FREQUENCIES)
        self.register_buffer("frequencies", 2.0 * math.pi * turns, persistent=False)
        self.time = nn.Linear(2 * FREQUENCIES, width)
        self.condition = nn.Linear(features, width) if features else None
        self.output = nn.Linear(width, width)
        if self.condition is not None:
            nn.init.normal_(self.condition.weight, std=features**-0.5)

    def forward(self, times: Tensor, condition: Tensor) -> Tensor:
        """See the class."""
        angles = times[:, None] * self.frequencies
        hidden = self.time(torch.cat([angles.cos(), angles.sin()], dim=1))
        if self.condition is not None:
            hidden = hidden + self.condition(functional.layer_norm(condition, condition.shape[1:]))
        context = self.output(functional.silu(hidden))
        return functional.layer_norm(context, context.shape[1:])
