"""How this machine computes a step fastest: threads, precision, memory format. Decided once, by a short measurement."""

import copy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace

import torch

from castalia.core.machine import usable_cores
from castalia.families.contract import Batch, Diverged, Step, Trainable

GAIN = 0.93
"""Another way of computing must take at most this share of the time to be worth it."""
LONG = 300.0
"""Seconds of a training on CUDA from which compiling its networks is tried. On processors it never is: it gains a tenth
at most, and in torch 2.13 an autoencoder of pictures that was compiled there learnt nothing (docs/experiments.md)."""
FILMS = 5
"""Axes of a batch of films. On processors they are learnt in float32: on an AMD EPYC with AVX-512 the gradients of
kernels over three axes came out of torch 2.13 in bfloat16 as numbers that were never written, infinite or none."""


@dataclass(frozen=True)
class Execution:
    """Threads, precision and memory format of one training, and whether its networks are compiled (`torch.compile`);
    kept in its checkpoint so that a resumed run agrees."""

    device: str = "cpu"
    threads: int = 1
    bfloat16: bool = False
    channels_last: bool = False
    compiled: bool = False

    def apply(self, learner: Trainable) -> Trainable:
        """Move the learner to the device and into the memory format, have its networks compiled where it says so; sets
        the thread count of this process. Copies of the learner made later, to average or to draw, are not compiled."""
        torch.set_num_threads(self.threads)
        learner = learner.to(self.device)
        if self.channels_last:
            learner = learner.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if self.compiled:
            for network in learner.children():
                network.compile()
        return learner

    def batch(self, batch: Batch) -> Batch:
        """A batch on the device, in the memory format."""
        batch = batch.to(torch.device(self.device))
        if not self.channels_last:
            return batch
        return replace(batch, data=batch.data.contiguous(memory_format=torch.channels_last))

    def autocast(self) -> AbstractContextManager[object]:
        """The context of forward passes."""
        return torch.autocast(self.device, dtype=torch.bfloat16) if self.bfloat16 else nullcontext()

    def told(self) -> str:
        """In words, for people."""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        kind = "bfloat16" if self.bfloat16 else "float32"
        more = [", channels last" if self.channels_last else "", ", compiled" if self.compiled else ""]
        return f"computing on {self.device} with {threads} in {kind}{''.join(more)}"

    def as_dict(self) -> dict[str, object]:
        """Plain data for checkpoint and card."""
        return asdict(self)


def fixed(threads: int) -> Execution:
    """What runs without a time budget use: float32, nothing measured, the same on every occasion."""
    return Execution(device=_device(), threads=threads or usable_cores())


def measured(make: Callable[[], Trainable], batch: Batch, threads: int, seconds: float, whole: float) -> Execution:
    """The fastest way for this learner and batch, found within about ``seconds`` (and what a compiler takes, for
    trainings of ``whole`` seconds that are `LONG`).

    ``make`` gives a fresh copy of the learner without optimisers. The global random state is left as it was.
    """
    state = torch.get_rng_state()
    best = fixed(threads)
    trials: list[Callable[[Execution], Execution]] = []
    if not threads and best.device == "cpu" and best.threads > 1:
        trials.append(lambda one: replace(one, threads=1))
    if batch.data.ndim == 4:
        trials.append(lambda one: replace(one, channels_last=True))
    if _fast_bfloat16(best.device) and (best.device == "cuda" or batch.data.ndim < FILMS):
        trials.append(lambda one: replace(one, bfloat16=True))
    if best.device == "cuda" and whole >= LONG:
        trials.append(lambda one: replace(one, compiled=True))
    if trials:
        share = seconds / (len(trials) + 1)
        time_best = _step_time(make(), batch, best, share)
        for change in trials:
            candidate = change(best)
            taken = _step_time(make(), batch, candidate, share)
            if taken < GAIN * time_best:
                best, time_best = candidate, taken
    torch.set_rng_state(state)
    return best


def _step_time(learner: Trainable, batch: Batch, execution: Execution, seconds: float) -> float:
    """Wall-clock seconds of the fastest of a few steps; infinite when they fail numerically or do not compile."""
    learner = execution.apply(learner)
    learner.prepare()
    learner.train()
    batch = execution.batch(batch)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 2 or (time.perf_counter() < end and len(times) < 12):
        start = time.perf_counter()
        try:
            learner.training_step(batch, Step(len(times), 0.5, 1e-3, execution.autocast))
        except Diverged:
            return float("inf")
        except Exception:
            if not execution.compiled:
                raise
            return float("inf")  # its compiler lacks something: the training needs none
        times.append(time.perf_counter() - start)
    return min(times[1:])


def copies(learner: Trainable) -> Callable[[], Trainable]:
    """A maker of copies of a learner that has no optimisers yet."""
    return lambda: copy.deepcopy(learner)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _fast_bfloat16(device: str) -> bool:
    """Whether the machine has units for bfloat16: without them it is emulated and never faster."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name)()) for name in names if hasattr(torch.cpu, name))
