"""Conditions as a vector that networks read, any subset of which may be unknown."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.representation import Conditions, Segment

BLUR = 0.5
"""Noise in training on wide groups of real numbers, relative to their unit scale."""
WIDE = 64
"""Numbers from which such a group is wide: a vector that stands for something, not a few figures."""


class ConditionEncoder(nn.Module):
    """Conditions (batch, width) with their known groups (batch, groups) to an embedding (batch, features).

    In training, wide groups of real numbers (the vector of a caption) get some noise, so that what lies near in
    meaning is read alike: there are few items, and each vector comes often. Without conditions the embedding is empty
    (features 0), so that callers concatenate without asking.

    ``distinct`` embeddings start out as different as the conditions are, and are normalised. Otherwise they start a
    tenth as large as a noise vector of unit scale and nearly alike, and a network beside such noise takes long to heed
    them.
    """

    owners: Tensor
    blur: Tensor

    def __init__(self, conditions: Conditions | None, features: int, distinct: bool = False) -> None:
        super().__init__()
        self.distinct = distinct
        self.groups = conditions.groups if conditions is not None else ()
        self.width = sum(group.width for group in self.groups)
        self.features = features if self.groups else 0
        if self.groups:
            first, last = nn.Linear(self.width + len(self.groups), features), nn.Linear(features, features)
            self.net = nn.Sequential(first, nn.SiLU(), last)
            if distinct:
                self._start_distinct(first, last)
            owners = [index for index, group in enumerate(self.groups) for _ in range(group.width)]
            self.register_buffer("owners", torch.tensor(owners), persistent=False)
            wide = [is_wide(group) for group in self.groups for _ in range(group.width)]
            self.blurred = any(wide)
            self.register_buffer("blur", BLUR * torch.tensor(wide, dtype=torch.float32), persistent=False)

    def forward(self, count: int, conditions: Tensor | None, known: Tensor | None) -> Tensor:
        """The embedding (count, features); ``conditions`` None means that nothing is known."""
        if not self.groups:
            return torch.zeros(count, 0, device=conditions.device if conditions is not None else None)
        parameter = next(self.parameters())
        if conditions is None or known is None:
            conditions = parameter.new_zeros(count, self.width)
            known = torch.zeros(count, len(self.groups), dtype=torch.bool, device=parameter.device)
        if self.training and self.blurred:
            noise = torch.randn(conditions.shape).to(conditions.device)
            conditions = conditions + self.blur * noise
        seen = known.to(parameter.dtype)
        told = self.net(torch.cat([conditions * seen[:, self.owners], seen], dim=1))
        return functional.layer_norm(told, told.shape[1:]) if self.distinct else told

    @torch.no_grad()
    def _start_distinct(self, first: nn.Linear, last: nn.Linear) -> None:
        """Initial weights that make embeddings of different conditions differ by about as much as noise does."""
        spread = [1.0 if group.kind == "categorical" else group.width**-0.5 for group in self.groups]
        entries = [scale for scale, group in zip(spread, self.groups, strict=True) for _ in range(group.width)]
        scales = torch.tensor([*entries, *(1.0 for _ in self.groups)])
        nn.init.normal_(first.weight).mul_(scales / len(self.groups) ** 0.5)
        nn.init.zeros_(first.bias)
        nn.init.normal_(last.weight, std=(2.0 / last.in_features) ** 0.5)


def is_wide(group: Segment) -> bool:
    """Whether a group is the vector of something with a meaning, such as a caption."""
    return group.kind == "real" and group.width >= WIDE


def hide_groups(known: Tensor | None, nothing: float = 0.15) -> Tensor | None:
    """Which of the ``known`` groups (batch, groups) stay known for a training step, drawn anew for each item.

    With probability ``nothing`` none does (more often where there are many groups, since asking for nothing is the
    common case there); else k of the G groups, k drawn with weight 1/k for G > 1, since few are usually asked for.
    """
    if known is None:
        return None
    batch, groups = known.shape
    if groups > 1:
        nothing = max(nothing, 0.4)
    weights = 1.0 / torch.arange(1, groups + 1, dtype=torch.float32)
    kept = torch.multinomial(weights, batch, replacement=True) + 1
    kept = torch.where(torch.rand(batch) < nothing, 0, kept)
    ranks = torch.rand(batch, groups).argsort(dim=1).argsort(dim=1)
    return known & (ranks < kept[:, None]).to(known.device)
