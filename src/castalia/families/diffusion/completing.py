"""Going on from what is given: some entries are settled, the rest is drawn to fit them.

After each step the settled entries are put at a point of their own path, and the whole goes back by that step with
fresh noise and forward again, a few times over, until both parts agree (RePaint, Lugmayr et al., 2022). Without going
back, the rest is drawn nearly as if nothing were known.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from castalia.families.diffusion.paths import Path
from castalia.families.diffusion.solvers import Denoiser, at, euler_step

ROUNDS = 4
"""Times that each step is gone forward."""


@dataclass
class Settled:
    """Given items ``data``, as the network sees them, settled where ``mask``, both (batch, *shape)."""

    path: Path
    data: Tensor
    mask: Tensor
    generator: torch.Generator

    def noise(self) -> Tensor:
        """Fresh noise (batch, *shape), drawn on the CPU."""
        return torch.randn(self.data.shape, generator=self.generator).to(self.data)

    def point(self, time: float, noise: Tensor) -> Tensor:
        """x_t of all the data."""
        a, s = at(self.path, time)
        return a * self.data + s * noise

    def hold(self, time: float, x: Tensor) -> Tensor:
        """x with the settled entries at their own points."""
        return torch.where(self.mask, self.point(time, self.noise()), x)

    def back(self, x: Tensor, then: float, now: float) -> Tensor:
        """x_now of x_then, now < then: x' = (a / a') x with what noise is missing at the earlier time."""
        (earlier_a, earlier_s), (a, s) = at(self.path, now), at(self.path, then)
        ratio = earlier_a / a
        return ratio * x + max(earlier_s**2 - (ratio * s) ** 2, 0.0) ** 0.5 * self.noise()


def complete(settled: Settled, denoise: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
    """x carried from ``times[0]`` to the last as `solve` does by ``euler``, the settled entries with it."""
    for now, then in itertools.pairwise(times):
        rounds = ROUNDS if at(settled.path, now)[0] > 0.0 else 1
        for left in reversed(range(rounds)):
            x = settled.hold(now, x)
            x = euler_step(settled.path, x, denoise(now, x), now, then)
            if left:
                x = settled.back(x, then, now)
    return x
