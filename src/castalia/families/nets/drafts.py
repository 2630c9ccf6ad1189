"""What a condition alone says of an item, before any noise is looked at."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

MOST = 4096
"""Numbers of a draft: larger items are drafted at half, a quarter and so on of their resolution."""
WITHHELD = 0.5
"""Share of the items of a training step that get no draft, so that a network also learns without one."""


class Draft(nn.Module):
    """condition (batch, features) -> draft (batch, channels, *space): the mean of the items that go with it.

    A network that hears of a caption only while it tells noise from data needs hundreds of passes until it heeds it. A
    small network that is told the item itself learns in a tenth of that what a caption stands for; its draft is then
    given beside the noisy item. It learns by `loss` alone: no gradient of what is made of the draft comes back.
    """

    def __init__(self, features: int, hidden: int, channels: int, space: Sequence[int]) -> None:
        super().__init__()
        self.space = tuple(space)
        self.coarse = coarse_space(channels, space)
        self.shape = (channels, *self.coarse)
        self.told = nn.Sequential(
            nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, channels * math.prod(self.coarse))
        )

    def forward(self, condition: Tensor) -> Tensor:
        """The draft at its own resolution, (batch, channels, *coarse)."""
        return self.told(condition).unflatten(1, self.shape)

    def loss(self, condition: Tensor, items: Tensor) -> Tensor:
        """Mean squared error (batch,) against ``items`` (batch, channels, *space), averaged over blocks."""
        return (self(condition).float() - self._averaged(items)).square().flatten(1).mean(dim=1)

    @torch.no_grad()
    def given(self, condition: Tensor) -> Tensor:
        """The draft as large as the item, (batch, channels, *space); in training zero for some."""
        draft = functional.interpolate(self(condition).float(), self.space, mode="nearest")
        if self.training:
            kept = torch.rand(len(draft)) >= WITHHELD
            draft = draft * kept.to(draft).view(-1, *(1 for _ in self.shape))
        return draft

    def _averaged(self, items: Tensor) -> Tensor:
        return functional.interpolate(items, self.coarse, mode="area")


def coarse_space(channels: int, space: Sequence[int]) -> tuple[int, ...]:
    """Half of every length, rounded up, until an item has at most `MOST` numbers or a single place."""
    coarse = tuple(space)
    while channels * math.prod(coarse) > MOST and max(coarse) > 1:
        coarse = tuple(-(-length // 2) for length in coarse)
    return coarse
