"""Paths from noise to data, and what a network may tell about a point on them.

A path mixes data x and noise n at time t from 0 (noise) to 1 (data): x_t = a(t) x + s(t) n. Its velocity is
u = a'(t) x + s'(t) n.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from castalia.families.diffusion.options import Prediction

LEAST_NOISE = 0.45
"""s counts as no less where an error is divided by it: no time counts more than five times as much as the first
(as with Hang et al., 2023)."""


@dataclass(frozen=True)
class Coefficients:
    """a, s and their derivatives at times of any one shape."""

    a: Tensor
    s: Tensor
    da: Tensor
    ds: Tensor


class Path(ABC):
    """A schedule of a and s. ``speed`` is the size of the velocity for unit data: predictions are divided by it."""

    speed: float
    first: float
    """The time at which sampling begins."""

    @abstractmethod
    def at(self, times: Tensor) -> Coefficients:
        """The coefficients at ``times``."""

    @abstractmethod
    def times(self, uniform: Tensor) -> Tensor:
        """Training times from numbers uniform in (0, 1)."""

    def paced(self, share: float) -> float:
        """The time at which so large a share of sampling's steps is behind."""
        return self.first + (1.0 - self.first) * share

    def mix(self, data: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """x_t (batch, *shape) of data and noise (batch, *shape) at times (batch,)."""
        now = self.at(spread(times, data))
        return now.a * data + now.s * noise

    def target(self, data: Tensor, noise: Tensor, times: Tensor, prediction: Prediction) -> Tensor:
        """What the network should tell (batch, *shape)."""
        if prediction != "velocity":
            return noise if prediction == "noise" else data
        now = self.at(spread(times, data))
        return (now.da * data + now.ds * noise) / self.speed

    def weight(self, times: Tensor, prediction: Prediction) -> Tensor:
        """What a squared error counts at times (batch,).

        That of told data counts as the velocity's would: with n = (x_t - a x) / s the velocity holds (a' - s' a / s) x
        (Li and He, 2025), as long as s is not below `LEAST_NOISE`.
        """
        if prediction != "data":
            return torch.ones_like(times)
        now = self.at(times)
        return ((now.da - now.ds * now.a / now.s.clamp(min=LEAST_NOISE)) / self.speed).square()

    def data_of(self, told: Tensor, x_t: Tensor, times: Tensor, prediction: Prediction) -> Tensor:
        """The data that a prediction stands for: x from u = a'x + s'n or from n, where x_t = a x + s n."""
        if prediction == "data":
            return told
        now = self.at(spread(times, x_t))
        if prediction == "noise":
            return (x_t - now.s * told) / now.a.clamp(min=1e-4)
        return (now.ds * x_t - now.s * self.speed * told) / (now.a * now.ds - now.s * now.da)


class FlowPath(Path):
    """Rectified flow: a = t, s = 1 - t (Liu et al., 2023; Lipman et al., 2023), times logit-normal (Esser et al.,
    2024): t = sigmoid(z), z ~ N(-log shift, 1), since the middle of the way is the hard part.

    Where many numbers tell the same (large pictures, films), what is seen is decided in more noise. A ``shift`` above 1
    moves training and sampling there: every time's noise over data, s / a, is that many times larger.
    """

    speed = 1.0
    first = 0.0

    def __init__(self, shift: float = 1.0) -> None:
        self.shift = shift

    def at(self, times: Tensor) -> Coefficients:
        """See `Path.at`."""
        one = torch.ones_like(times)
        return Coefficients(times, 1.0 - times, one, -one)

    def times(self, uniform: Tensor) -> Tensor:
        """See `Path.times`."""
        return torch.sigmoid(torch.special.ndtri(uniform.clamp(1e-5, 1.0 - 1e-5)) - math.log(self.shift))

    def paced(self, share: float) -> float:
        """See `Path.paced`."""
        return share / (share + self.shift * (1.0 - share))


class CosinePath(Path):
    """DDPM with the cosine schedule in its continuous form: a = sin(pi t / 2), s = cos(pi t / 2) (Ho et al., 2020;
    Nichol and Dhariwal, 2021). Its velocity over ``speed`` is minus the v of Salimans and Ho (2022)."""

    speed = math.pi / 2.0
    first = 0.01

    def at(self, times: Tensor) -> Coefficients:
        """See `Path.at`."""
        angles = times * self.speed
        a, s = angles.sin(), angles.cos()
        return Coefficients(a, s, self.speed * s, -self.speed * a)

    def times(self, uniform: Tensor) -> Tensor:
        """See `Path.times`."""
        return uniform.clamp(1e-3, 1.0 - 1e-3)


def path_of(name: str, shift: float = 1.0) -> Path:
    """The path of that name; a cosine path has no ``shift``."""
    return FlowPath(shift) if name == "flow" else CosinePath()


def spread(times: Tensor, like: Tensor) -> Tensor:
    """Times (batch,) or a single one, shaped to multiply ``like`` (batch, *shape)."""
    return times.reshape(-1, *(1,) * (like.ndim - 1))
