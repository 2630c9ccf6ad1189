"""What a family implements: how it is sized, built, trained by one step, judged and sampled.

The trainer owns the loop (order of the data, rate schedule, precision, averages, checkpoints, time); a `Learner` owns
everything that differs between families: its networks, its optimisers and its step. A VAE has one optimiser, a GAN
two, an autoregressive model learns int64 tokens instead of float32 arrays; the trainer sees no difference.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn

from castalia.core.representation import Conditions, Layout

Size = Literal["tiny", "small", "medium", "large"]
"""The one dial: widths, depths, latent sizes and batch follow from it and from the layout."""


@dataclass(frozen=True)
class Batch:
    """Training items: ``data`` (batch, *shape), float32 or int64; ``conditions`` (batch, width) float32 and ``known``
    (batch, groups) bool, or None for data without conditions."""

    data: Tensor
    conditions: Tensor | None = None
    known: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        if device.type == "cpu":
            return self
        moved = [None if one is None else one.to(device) for one in (self.conditions, self.known)]
        return Batch(self.data.to(device), moved[0], moved[1])


@dataclass(frozen=True)
class Step:
    """Where the training stands: ``fraction`` of the budget in [0, 1], ``rate`` as a factor on each base rate.

    ``autocast()`` is the context in which a learner runs its networks forward; it picks the numerical precision.
    """

    index: int
    fraction: float
    rate: float
    autocast: Callable[[], AbstractContextManager[object]] = field(default=nullcontext)


class Diverged(ArithmeticError):
    """A loss or gradient is no longer finite; the trainer goes back to the last good state with a lower rate."""


class Trainable(nn.Module, ABC):
    """Networks and optimisers under training, or the networks alone when serving.

    ``served`` names the submodules that sampling needs: they make up the artifact's weights. ``averaged`` names those
    of which the trainer keeps an exponential moving average. ``optimisers`` is filled by `prepare`.
    """

    served: tuple[str, ...]
    averaged: tuple[str, ...]
    optimisers: dict[str, torch.optim.Optimizer]
    slack: float = 0.0
    """How far above the least held-out loss, as a share of it, that of later weights may be so that they are kept
    instead: more than zero for what learns something that this loss does not tell."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the optimisers: called once, on the final device, before the first step."""

    @abstractmethod
    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """Forward, backward and update of every optimiser, usually by `update`. Returns named losses, ``loss`` first.

        Draws all its noise from torch's global generator. Raises Diverged when a loss or gradient is not finite.
        """

    @abstractmethod
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """The mean loss of unseen items, comparable over the training (same noise each time), lower is better.

        None for a family without such a figure: then nothing stops early and the averaged weights are kept.
        """

    def served_state(self) -> dict[str, Tensor]:
        """The weights that serving needs, by dotted name."""
        prefixes = tuple(f"{name}." for name in self.served)
        return {name: value for name, value in self.state_dict().items() if name.startswith(prefixes)}


class Learner(Trainable):
    """What learns a distribution: a `Trainable` that draws fresh items."""

    @abstractmethod
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,
        given: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """``count`` fresh items (count, *shape). ``generator`` is a CPU generator and the only source of chance.

        ``conditions`` (count, width) and ``known`` (count, groups) as in `castalia.core.representation.Conditions`;
        None means that nothing is known. ``options`` is an instance of the family's sampling options. ``given`` are
        the data and mask (count, *shape) of `castalia.core.contracts.Given`, only for families whose spec says
        ``completes``.
        """


class Compressor(Trainable):
    """What turns continuous items into a shorter code and back, so that another family can learn the code.

    ``layout`` is that of the code: `Tokens`, or `Continuous` of about unit scale.
    """

    layout: Layout

    @abstractmethod
    def calibrate(self, data: Tensor) -> None:
        """After training: bring the code of items like ``data`` (batch, *shape) to unit scale, where that means
        something."""

    @abstractmethod
    def encode(self, data: Tensor) -> Tensor:
        """The code (batch, *code shape) of items (batch, *shape); no chance in it."""

    @abstractmethod
    def decode(self, code: Tensor) -> Tensor:
        """Items (batch, *shape) from their code."""

    @abstractmethod
    def settles(self, mask: Tensor) -> Tensor:
        """Which numbers of the code (batch, *code shape) bool say only what the masked entries of items (batch, *shape)
        bool hold. Only for a continuous code."""


class CompressorMaker(Protocol):
    """The class that a family's spec names as its ``compressor``, without arguments."""

    def derive(
        self, layout: Layout, kind: Literal["latents", "tokens"], size: Size, data: NDArray[np.generic]
    ) -> dict[str, object]:
        """As `Family.derive`: all numbers, JSON-ready, with ``batch`` and ``epochs``. Raises BadRequest."""
        ...

    def build(self, layout: Layout, config: dict[str, object]) -> Compressor:
        """The networks that ``config`` describes, freshly initialised from torch's global generator."""
        ...


class Family(Protocol):
    """A way to learn a distribution: the class that a `castalia.core.specs.FamilySpec` names, without arguments."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """Everything that follows from the dial, the layout and the training items ``data`` (n, *shape), JSON-ready.

        Printed at the start and kept in the artifact as ``family_config``. It holds ``batch`` (int) and ``epochs``
        (float, the most passes that do any good); the rest is the family's own. Raises BadRequest for layouts that
        the family does not learn.
        """
        ...

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """The networks that ``config`` (from `derive`) describes, freshly initialised from torch's global generator."""
        ...


def update(optimiser: torch.optim.Optimizer, loss: Tensor, step: Step, clip: float = 1.0) -> float:
    """One optimiser step on ``loss``: zero, backward, clip the gradient's norm, scale the rate, update.

    Returns the gradient's norm before clipping. Raises Diverged when the loss or the norm is not finite; the weights
    are unchanged then. The base rate is each parameter group's ``base_rate`` (set to its ``lr`` at first use).
    """
    if not torch.isfinite(loss):
        raise Diverged(f"the loss is {loss.item()} at step {step.index}")
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(parameters_of(optimiser), clip)
    if not torch.isfinite(norm):
        raise Diverged(f"the gradient's norm is {norm.item()} at step {step.index}")
    for group in optimiser.param_groups:
        group["lr"] = group.setdefault("base_rate", group["lr"]) * step.rate
    optimiser.step()
    return float(norm)


def parameters_of(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    """Every parameter that an optimiser updates."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def adamw(modules: Iterable[nn.Module], rate: float, weight_decay: float) -> torch.optim.AdamW:
    """Fused AdamW over the modules; matrices and kernels decay, biases, scales and single vectors do not."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    groups = [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=rate, betas=(0.9, 0.99), fused=True)
