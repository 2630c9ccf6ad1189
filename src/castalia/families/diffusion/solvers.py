"""Solvers of the ordinary differential equation from noise to data.

Each goes through given times with a model D(t, x) of the data behind x at t. With n = (x - a D) / s the velocity is
dx/dt = a' D + s' n; in lambda = log(a / s) the equation is linear but for D:
x(t') = (s'/s) x + s' int e^lambda D dlambda, of which all steps here are approximations.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from castalia.families.diffusion.options import SolverName
from castalia.families.diffusion.paths import Path, shifted

Denoiser = Callable[[float, Tensor], Tensor]
"""D(t, x): the data (batch, *shape) that is expected behind x (batch, *shape)."""


def solve(solver: SolverName, path: Path, denoise: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
    """x carried from ``times[0]`` through all of them to the last; at t = 1 that is data.

    ``euler`` takes D as constant over a step (DDIM, Song et al., 2021; on the straight path the plain Euler step),
    ``heun`` averages the velocities at both ends (Karras et al., 2022), ``dpm`` is DPM-Solver++(2M) (Lu et al., 2022),
    which extrapolates D from the last two steps. The orders are 1, 2 and 2; a step that ends at t = 1 has order 1.
    """
    before: tuple[float, Tensor] | None = None
    for now, then in itertools.pairwise(times):
        data = denoise(now, x)
        estimate = data
        if solver == "dpm" and before is not None:
            estimate = data + _extrapolation(path, before[0], now, then) * (data - before[1])
        moved = euler_step(path, x, estimate, now, then)
        if solver == "heun" and then < 1.0:
            velocities = _velocity(path, x, data, now) + _velocity(path, moved, denoise(then, moved), then)
            moved = x + (then - now) / 2.0 * velocities
        x, before = moved, (now, data)
    return x


def sampling_times(first: float, steps: int, shift: float = 1.0) -> list[float]:
    """Times from ``first`` to 1, in equal steps but for the shift, see `shifted`."""
    return [first + (1.0 - first) * shifted(index / steps, shift) for index in range(steps)] + [1.0]


def euler_step(path: Path, x: Tensor, data: Tensor, now: float, then: float) -> Tensor:
    """(s'/s) x + (a' - a s'/s) D: exact where D stands still."""
    one, other = at(path, now), at(path, then)
    ratio = other[1] / one[1]
    return ratio * x + (other[0] - one[0] * ratio) * data


def _velocity(path: Path, x: Tensor, data: Tensor, now: float) -> Tensor:
    coefficients = path.at(torch.tensor(now, dtype=torch.float64))
    a, s, da, ds = (float(one) for one in (coefficients.a, coefficients.s, coefficients.da, coefficients.ds))
    return da * data + ds * (x - a * data) / s


def _extrapolation(path: Path, before: float, now: float, then: float) -> float:
    """h / (2 h_before) in steps of lambda; 0 where one of them has no end."""
    lambdas = [_log_ratio(*at(path, time)) for time in (before, now, then)]
    if not all(math.isfinite(one) for one in lambdas):
        return 0.0
    return (lambdas[2] - lambdas[1]) / (2.0 * (lambdas[1] - lambdas[0]))


def _log_ratio(a: float, s: float) -> float:
    return math.log(a / s) if a > 1e-12 and s > 1e-12 else math.inf


def at(path: Path, time: float) -> tuple[float, float]:
    """a and s at one time, exactly 1 and 0 at the end."""
    if time >= 1.0:
        return 1.0, 0.0
    coefficients = path.at(torch.tensor(time, dtype=torch.float64))
    return float(coefficients.a), float(coefficients.s)
