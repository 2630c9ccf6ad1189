"""How much of a training is behind, and the learning rate that follows from it."""

import math
import time
from dataclasses import dataclass

WARM_UP_STEPS = 50
LAST_RATE = 0.01


class Clock:
    """Processor seconds of this process per thread, without those spent inside `paused`.

    On an idle machine they run as fast as the wall's; on a busy one slower, so that a budget buys the same work.
    """

    def __init__(self, threads: int, used: float = 0.0) -> None:
        self.threads = threads
        self._start = time.process_time()
        self._used = used
        self._pause: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds used so far, those of earlier processes of the run included."""
        now = time.process_time() if self._pause is None else self._pause
        return self._used + (now - self._start) / self.threads

    def __enter__(self) -> "Clock":
        """Stop the clock: for previews and checkpoints."""
        self._pause = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        """Let it run again."""
        if self._pause is not None:
            self._start += time.process_time() - self._pause
            self._pause = None


@dataclass(frozen=True)
class Budget:
    """The ends of a training, whichever comes first: time, steps, passes over the data."""

    seconds: float | None
    steps: int | None
    useful_steps: int

    def fraction(self, step: int, seconds: float) -> float:
        """The share that is behind, in [0, 1]; without a time budget it depends on the step alone."""
        shares = [step / self.useful_steps]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.seconds is not None:
            shares.append(seconds / self.seconds)
        return min(1.0, max(shares))


def rate_at(step: int, fraction: float) -> float:
    """The factor on base rates: linear warm-up, then half a cosine down to a hundredth at the budget's end."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    return warm * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * fraction)))
