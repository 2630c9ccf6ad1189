"""Diffusion of signals, pictures and films: a U-Net or a DiT."""

from typing import Literal, cast

import torch
from torch import Tensor, nn

from castalia.core.representation import Conditions, Continuous
from castalia.families.contract import adamw
from castalia.families.diffusion.learner import Diffusion, DiffusionConfig, squared_error
from castalia.families.nets.dit import DiT, DiTSizes
from castalia.families.nets.drafts import Draft
from castalia.families.nets.muon import Muon
from castalia.families.nets.times import TimeContext
from castalia.families.nets.unet import UNet, UNetSizes

SLACK = 0.05
"""See `Trainable.slack`: the held-out loss of captions that never came stands still long before those that did are
drawn as they are meant."""


class GridConfig(DiffusionConfig):
    """Derived numbers of the diffusion of grids; see `UNetSizes` and `DiTSizes`."""

    centre: float
    spread: float
    """Mean and standard deviation of all numbers of the training items."""
    net: Literal["unet", "dit"]
    fold: bool = False
    """Whether the first of three spatial axes counts as channels, so that the network works on a plane."""
    passing: bool = False
    """See `UNetSizes.passing`; models from before it have none."""
    maps: int = 0
    """See `UNetSizes.maps`; models from before them have none."""
    draft: int = 0
    """Hidden units of the network that drafts an item from its condition, see `Draft`; models from before have none."""
    muon: float | None = None
    """Rate of Muon for the body's kernels and matrices; None leaves them to AdamW."""
    patch: int
    levels: list[tuple[int, ...]]
    widths: list[int]
    attention: list[bool]
    blocks: int


class GridNet(nn.Module):
    """What the network tells (batch, channels, *space) of x_t of the same shape, times (batch,) and the condition."""

    def __init__(self, layout: Continuous, config: GridConfig, features: int) -> None:
        super().__init__()
        channels, space, context = layout.shape[0], layout.shape[1:], config.context
        self.draft = Draft(features, config.draft, channels, space) if config.draft else None
        if config.fold:
            channels, space = channels * space[0], space[1:]
        self.fold = config.fold
        self.context = TimeContext(features, context)
        self.body: UNet | DiT
        if config.net == "dit":
            width = config.widths[0]
            self.body = DiT(DiTSizes(channels, space, config.patch, width, config.blocks, context, config.dropout))
        else:
            sizes = UNetSizes(
                channels=channels,
                patch=config.patch,
                levels=tuple(config.levels),
                widths=tuple(config.widths),
                attention=tuple(config.attention),
                blocks=config.blocks,
                context=context,
                dropout=config.dropout,
                passing=config.passing,
                maps=config.maps,
                given=channels if config.draft else 0,
            )
            self.body = UNet(sizes)

    def forward(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """See the class."""
        context = self.context(times, condition)
        seen = x_t if self.draft is None else torch.cat([x_t, self.draft.given(condition)], dim=1)
        if self.fold:
            return self.body(seen.flatten(1, 2), context).unflatten(1, x_t.shape[1:3])
        return self.body(seen, context)


class GridDiffusion(Diffusion):
    """x (batch, channels, *space) with one to three spatial axes."""

    def __init__(self, layout: Continuous, conditions: Conditions | None, config: GridConfig) -> None:
        super().__init__(conditions, config)
        self.layout, self.grid = layout, config
        self.bounds = [(bound - config.centre) / config.spread for bound in (-1.0, 1.0)]
        self.net = GridNet(layout, config, self.embedding.features)
        self.slack = SLACK if config.draft else 0.0

    def prepare(self) -> None:
        """AdamW over everything, or Muon over the body's inner kernels and matrices and AdamW over the rest."""
        rate, decay = self.grid.rate, self.grid.weight_decay
        body = cast("GridNet", self.net).body
        inner = [one for name, one in body.named_parameters() if _is_inner(name, one)]
        if self.grid.muon is None:
            super().prepare()
            return
        kept = {id(one) for one in inner}
        rest = nn.ParameterList(one for one in self.parameters() if id(one) not in kept)
        self.optimisers = {
            "muon": Muon(inner, self.grid.muon, decay=decay),
            "main": adamw([rest], rate, decay),
        }

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Diffusion.shape`."""
        return self.layout.shape

    def losses(self, x: Tensor, noise: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """The mean squared error of what is predicted, see `Path.weight`."""
        told, prediction = self.tell(self.path.mix(x, noise, times), times, condition), self.config.prediction
        error = squared_error(told, self.path.target(x, noise, times, prediction))
        return error * self.path.weight(times, prediction)

    def taught(self, x: Tensor, noise: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """See `Diffusion.taught`: the draft learns beside."""
        losses, draft = self.losses(x, noise, times, condition), cast("GridNet", self.net).draft
        return losses if draft is None else losses + draft.loss(condition, x)

    def denoise(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """See `Diffusion.denoise`; bounded data are expected within their bounds."""
        told = self.tell(x_t, times, condition)
        data = self.path.data_of(told, x_t, times, self.config.prediction)
        return data.clamp(*self.bounds) if self.layout.bounded else data

    def encode(self, x: Tensor) -> Tensor:
        """Items of zero mean and unit spread over all their entries."""
        return (x - self.grid.centre) / self.grid.spread

    def decode(self, x: Tensor) -> Tensor:
        """See `Diffusion.decode`: guidance may leave the bounds."""
        x = x * self.grid.spread + self.grid.centre
        return x.clamp(-1.0, 1.0) if self.layout.bounded else x


def _is_inner(name: str, parameter: nn.Parameter) -> bool:
    """Whether it is a kernel or matrix between features: what enters, leaves or passes by is another matter."""
    return parameter.ndim > 1 and not name.startswith(("stem", "head", "passing", "places", "maps"))
