"""An exponential moving average of weights, and the better of it and the raw ones."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import Tensor

from castalia.families.contract import Trainable

MOST = 0.9995


class Average:
    """m <- d m + (1 - d) w over all floating-point state of the averaged submodules.

    The decay d = min(0.9995, (1 + t) / (10 + t)) lets the average follow quickly in the first steps.
    """

    def __init__(self, learner: Trainable) -> None:
        prefixes = tuple(f"{name}." for name in learner.averaged)
        self.learner = learner
        self.values: dict[str, Tensor] = {
            name: value.detach().clone()
            for name, value in learner.state_dict().items()
            if name.startswith(prefixes) and value.is_floating_point()
        }

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step ``step`` (from 0)."""
        if not self.values:
            return
        decay = min(MOST, (1.0 + step) / (10.0 + step))
        state = self.learner.state_dict()
        raw = [state[name] for name in self.values]
        torch._foreach_lerp_(list(self.values.values()), raw, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage, reportPrivateUsage]

    @contextmanager
    def in_place(self) -> Generator[None]:
        """The learner holds the averaged weights inside, its own again afterwards."""
        state = self.learner.state_dict()
        raw = {name: state[name].detach().clone() for name in self.values}
        _copy(self.values, state)
        try:
            yield
        finally:
            _copy(raw, state)


@torch.no_grad()
def _copy(values: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    for name, value in values.items():
        state[name].copy_(value)
