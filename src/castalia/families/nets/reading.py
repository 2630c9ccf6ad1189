"""Reading conditions back from features of an item: log p(c | x), group by group.

As an auxiliary task it makes features heed what a generator is asked for (Odena et al., Conditional Image Synthesis
with Auxiliary Classifier GANs, 2017), and it says how well a made item fits what was wished for.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.representation import Conditions, Segment

HIDDEN = 128


class Reader(nn.Module):
    """Features (batch, features) to log p(c | x) of each group of conditions (batch, groups).

    A category has a probability; real numbers are Gaussian around what is told, with one learned scale a group.
    """

    def __init__(self, conditions: Conditions, features: int) -> None:
        super().__init__()
        self.groups = conditions.groups
        self.net = nn.Sequential(
            nn.Linear(features, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, sum(group.width for group in self.groups))
        )
        self.log_scales = nn.Parameter(torch.zeros(len(self.groups)))

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Nats of each group as if it were known (batch, groups); ``conditions`` (batch, width)."""
        told = self.net(features).float()
        parts = zip(self._parts(told), self._parts(conditions), self.groups, self.log_scales, strict=True)
        return torch.stack([_log_prob(*part) for part in parts], dim=1)

    def loss(self, features: Tensor, conditions: Tensor, known: Tensor) -> Tensor:
        """-log p of what is known, per number of a group and group known, a scalar; zero when nothing is."""
        lengths = [1 if group.kind == "categorical" else group.width for group in self.groups]
        told = self(features, conditions) / torch.tensor(lengths).to(conditions)
        return -(told * known).sum() / known.sum().clamp(min=1)

    def _parts(self, vectors: Tensor) -> Iterator[Tensor]:
        return iter(vectors.split([group.width for group in self.groups], dim=1))


def _log_prob(told: Tensor, wanted: Tensor, group: Segment, log_scale: Tensor) -> Tensor:
    if group.kind == "categorical":
        return (functional.log_softmax(told, dim=1) * wanted).sum(dim=1)
    gap = (wanted - told).square().sum(dim=1) * (-2.0 * log_scale).exp()
    return -0.5 * gap - group.width * (log_scale + 0.5 * math.log(2.0 * math.pi))
