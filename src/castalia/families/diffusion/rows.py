"""Diffusion of rows: real columns as they are, one-hot columns as corners that the flow moves towards.

A categorical column is one-hot, centred and scaled; the network answers with a softmax over its categories, trained by
cross-entropy, and the data expected behind x_t are these probabilities, so that every point on the way stays a mixture
of the corners (Dieleman et al., 2022; Eijkelboom et al., Variational flow matching, 2024).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.representation import Conditions, Segment
from castalia.families.diffusion.learner import Diffusion, DiffusionConfig
from castalia.families.nets.dense import DenseNet
from castalia.families.nets.times import TimeContext


class RowConfig(DiffusionConfig):
    """Derived numbers of the diffusion of rows. ``lows`` and ``highs`` bound each entry that is drawn."""

    segments: list[Segment]
    scale: float
    """Length of a one-hot's side: the larger, the earlier on the way categories are decided."""
    width: int
    blocks: int
    lows: list[float]
    highs: list[float]


class RowNet(nn.Module):
    """What the network tells (batch, features) of x_t (batch, features), times (batch,) and the condition."""

    def __init__(self, features: int, config: RowConfig, embedded: int) -> None:
        super().__init__()
        self.context = TimeContext(embedded, config.context)
        self.body = DenseNet(features, config.width, config.blocks, config.context, config.dropout)

    def forward(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """See the class."""
        return self.body(x_t, self.context(times, condition))


class RowDiffusion(Diffusion):
    """x (batch, features) of real and one-hot columns."""

    real: Tensor
    scales: Tensor
    centres: Tensor
    lows: Tensor
    highs: Tensor

    def __init__(self, conditions: Conditions | None, config: RowConfig) -> None:
        super().__init__(conditions, config)
        self.features = len(config.lows)
        self.categorical = [segment for segment in config.segments if segment.kind == "categorical"]
        self.net = RowNet(self.features, config, self.embedding.features)
        real = torch.ones(self.features, dtype=torch.bool)
        scales, centres = torch.ones(self.features), torch.zeros(self.features)
        for segment in self.categorical:
            place = slice(segment.start, segment.stop)
            real[place], scales[place], centres[place] = False, config.scale, 1.0 / segment.width
        named = {"scales": scales, "centres": centres, "real": real.nonzero()[:, 0]}
        named |= {"lows": torch.tensor(config.lows), "highs": torch.tensor(config.highs)}
        for name, value in named.items():
            self.register_buffer(name, value, persistent=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Diffusion.shape`."""
        return (self.features,)

    def encode(self, x: Tensor) -> Tensor:
        """One-hot entries centred and scaled."""
        return (x - self.centres) * self.scales

    def decode(self, x: Tensor) -> Tensor:
        """Real entries within what was seen, the likeliest category of each one-hot."""
        x = (x / self.scales + self.centres).clamp(self.lows, self.highs)
        for segment in self.categorical:
            place = slice(segment.start, segment.stop)
            x[:, place] = functional.one_hot(x[:, place].argmax(dim=1), segment.width).to(x)
        return x

    def losses(self, x: Tensor, noise: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """Squared errors of real columns and cross-entropies of categorical ones, the mean over all columns."""
        told = self.tell(self.path.mix(x, noise, times), times, condition)
        target = self.path.target(x, noise, times, self.config.prediction)
        total = (told - target)[:, self.real].square().sum(dim=1) * self.path.weight(times, self.config.prediction)
        for segment in self.categorical:
            place = slice(segment.start, segment.stop)
            total = total + functional.cross_entropy(told[:, place], x[:, place].argmax(dim=1), reduction="none")
        return total / (len(self.real) + len(self.categorical))

    def denoise(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """See `Diffusion.denoise`: for one-hot entries the probabilities, centred and scaled."""
        told = self.tell(x_t, times, condition)
        data = self.path.data_of(told, x_t, times, self.config.prediction)
        for segment in self.categorical:
            place = slice(segment.start, segment.stop)
            data[:, place] = (told[:, place].softmax(dim=1) - self.centres[place]) * self.scales[place]
        return data
