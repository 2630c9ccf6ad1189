"""The GAN among the peers of the Fashion-MNIST benchmark: R3GAN's loss in plain PyTorch.

The relativistic pairing loss with both zero-centred gradient penalties in every step, residual blocks without
normalisation whose last convolution starts at zero, bilinear resampling, Adam without a first moment (Huang et al.,
The GAN is dead; long live the GAN! A modern GAN baseline, 2024). The weight of the penalties is the paper's for
pictures of this size (Stacked MNIST); the rate is five times its own, for there are hundreds of steps instead of a
hundred thousand. Classes: beside the noise, and as a projection in the critic. Blocks of 2 x 2 pixels are channels: at
28 x 28 a step took three times as long.
"""

import copy
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fashion_measures import NAMES, Stopwatch

BATCH = 64
NOISE = 64
RATE = 1e-3
PENALTY = 1.0
SLOPE = 0.2


class Block(nn.Module):
    """x + conv(act(conv(act(x)))), zero at the start."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width), as it came."""
        hidden = self.first(functional.leaky_relu(x, SLOPE))
        return x + self.last(functional.leaky_relu(hidden, SLOPE))


def resized(x: Tensor, factor: float) -> Tensor:
    """Bilinear, half or twice the size."""
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False, antialias=False)


class Generator(nn.Module):
    """Noise (batch, 64) and classes (batch,) to pictures (batch, 1, 28, 28)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.start = nn.Linear(NOISE + len(NAMES), 2 * width * 49)
        self.deep, self.middle, self.fine = Block(2 * width), Block(2 * width), Block(width)
        self.narrow, self.end = nn.Conv2d(2 * width, width, 1), nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See the class."""
        told = torch.cat([noise, functional.one_hot(classes, len(NAMES)).float()], dim=1)
        x = self.middle(self.deep(self.start(told).unflatten(1, (-1, 7, 7))))
        x = self.fine(resized(self.narrow(x), 2.0))
        return functional.pixel_shuffle(self.end(functional.leaky_relu(x, SLOPE)), 2)


class Critic(nn.Module):
    """Pictures and classes to one number each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.start, self.widen = nn.Conv2d(4, width, 3, padding=1), nn.Conv2d(width, 2 * width, 1)
        self.fine, self.middle, self.deep = Block(width), Block(2 * width), Block(2 * width)
        self.features = nn.Linear(2 * width * 49, 2 * width)
        self.end, self.classes = nn.Linear(2 * width, 1), nn.Embedding(len(NAMES), 2 * width)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """(batch,)"""
        x = self.fine(self.start(functional.pixel_unshuffle(x, 2)))
        x = self.deep(self.middle(self.widen(resized(x, 0.5))))
        told = functional.leaky_relu(self.features(functional.leaky_relu(x, SLOPE).flatten(1)), SLOPE)
        return self.end(told).squeeze(1) + (told * self.classes(classes)).sum(dim=1) / math.sqrt(told.shape[1])


def penalty(told: Tensor, x: Tensor) -> Tensor:
    """Mean squared length of the gradient of ``told`` (batch,) at ``x``."""
    (slope,) = torch.autograd.grad(told.sum(), x, create_graph=True)
    return slope.square().flatten(1).sum(dim=1).mean()


def sizes(width: int) -> int:
    """Numbers of both networks."""
    return sum(one.numel() for net in (Generator(width), Critic(width)) for one in net.parameters())


def gan_peer(
    data: np.ndarray, labels: np.ndarray, seconds: float, parameters: float, wanted: np.ndarray, seed: int
) -> tuple[np.ndarray, dict[str, object]]:
    """Pictures (n, 1, 28, 28) of the wanted classes after so many processor seconds, and what it took."""
    width = min(range(8, 97, 4), key=lambda one: abs(sizes(one) - parameters))
    torch.manual_seed(seed)
    generator, critic = Generator(width), Critic(width)
    average = copy.deepcopy(generator).requires_grad_(False)
    optimisers = [
        torch.optim.Adam(net.parameters(), RATE, betas=(0.0, 0.99), fused=True) for net in (generator, critic)
    ]
    draw, watch, step = np.random.default_rng(seed), Stopwatch(), 0
    while (fraction := watch.seconds / seconds) < 1.0:
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / 50) * (0.01 + 0.495 * (1.0 + math.cos(math.pi * fraction)))
        chosen = draw.integers(0, len(data), BATCH)
        real, classes = torch.from_numpy(data[chosen]), torch.from_numpy(labels[chosen])
        with torch.no_grad():
            made = generator(torch.randn(BATCH, NOISE), classes)
        real.requires_grad_()
        made.requires_grad_()
        of_real, of_made = critic(real, classes), critic(made, classes)
        loss = functional.softplus(of_made - of_real).mean()
        loss = loss + PENALTY / 2.0 * (penalty(of_real, real) + penalty(of_made, made))
        _descend(optimisers[1], loss)
        made = generator(torch.randn(BATCH, NOISE), classes)
        with torch.no_grad():
            of_real = critic(real, classes)
        _descend(optimisers[0], functional.softplus(of_real - critic(made, classes)).mean())
        weight = 1.0 - min(0.9995, (1.0 + step) / (10.0 + step))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
                mean.lerp_(value, weight)
        step += 1
    used, drawing = watch.seconds, Stopwatch()
    noise = torch.randn(len(wanted), NOISE, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        pictures = average(noise, torch.from_numpy(wanted)).clamp(-1.0, 1.0).numpy()
    facts: dict[str, object] = {"parameters": sizes(width), "width": width, "steps": step, "training_seconds": used}
    return pictures, facts | {"rate": RATE, "penalty": PENALTY, "sampling_seconds": drawing.seconds}


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
