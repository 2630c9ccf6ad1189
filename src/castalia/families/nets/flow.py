"""A conditional normalising flow over vectors: a density that can be evaluated and drawn from exactly.

Affine coupling layers (Dinh et al., Real NVP, 2017), each after a learned diagonal scaling, with fixed random
permutations between them. As the prior p(z|c) of a VAE it closes the gap between N(0, I) and the aggregate posterior
that makes plain VAE samples blurry (Chen et al., Variational Lossy Autoencoder, 2017).
"""

import math
from typing import cast

import torch
from torch import Tensor, nn


class Coupling(nn.Module):
    """One half of the vector, given the other half a and the condition c: b' = b exp(s(a, c)) + t(a, c)."""

    def __init__(self, features: int, context: int, hidden: int) -> None:
        super().__init__()
        self.kept = features - features // 2
        self.changed = features // 2
        self.net = nn.Sequential(
            nn.Linear(self.kept + context, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * self.changed),
        )
        nn.init.zeros_(self.net[-1].weight)  # pyright: ignore[reportArgumentType]
        nn.init.zeros_(self.net[-1].bias)  # pyright: ignore[reportArgumentType]

    def terms(self, kept: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Log-scale, kept within (-2, 2), and shift, each (batch, changed)."""
        scale, shift = self.net(torch.cat([kept, context], dim=1)).float().chunk(2, dim=1)
        return 2.0 * torch.tanh(scale / 2.0), shift


class ConditionalFlow(nn.Module):
    """p(z|c) as the image of N(0, I) under an invertible map."""

    orders: Tensor

    def __init__(self, features: int, context: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.features = features
        self.couplings = nn.ModuleList(Coupling(features, context, hidden) for _ in range(layers))
        self.log_scales = nn.Parameter(torch.zeros(layers, features))
        self.shifts = nn.Parameter(torch.zeros(layers, features))
        orders = torch.stack([torch.randperm(features) for _ in range(layers)])
        self.register_buffer("orders", orders)

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        """log p(z|c) in nats (batch,) of z (batch, features)."""
        total = self.log_scales.sum().expand(z.shape[0])
        for index in range(len(self.couplings)):
            coupling = self._coupling(index)
            z = (z * self.log_scales[index].exp() + self.shifts[index])[:, self.orders[index]]
            kept, changed = z[:, : coupling.kept], z[:, coupling.kept :]
            scale, shift = coupling.terms(kept, context)
            z = torch.cat([kept, changed * scale.exp() + shift], dim=1)
            total = total + scale.sum(dim=1)
        return total - 0.5 * (z.square().sum(dim=1) + self.features * math.log(2.0 * math.pi))

    def transform(self, noise: Tensor, context: Tensor) -> Tensor:
        """The z (batch, features) that N(0, I) ``noise`` of the same shape stands for."""
        z = noise
        for index in reversed(range(len(self.couplings))):
            coupling = self._coupling(index)
            kept, changed = z[:, : coupling.kept], z[:, coupling.kept :]
            scale, shift = coupling.terms(kept, context)
            z = torch.cat([kept, (changed - shift) * (-scale).exp()], dim=1)
            z = z[:, self.orders[index].argsort()]
            z = (z - self.shifts[index]) * (-self.log_scales[index]).exp()
        return z

    def _coupling(self, index: int) -> Coupling:
        return cast("Coupling", self.couplings[index])
