"""Error by horizon: planted at the end of made items, it is found at the end."""

import numpy as np
import torch
from numpy.typing import NDArray

from castalia.core.representation import Tokens
from castalia.families.contract import Batch
from castalia.families.nets.autoregressive import Autoregressive
from castalia.judging.evaluation.horizon import of_time, of_tokens


def sounds(count: int, seed: int) -> NDArray[np.float64]:
    """Spectrograms (count, 16, 24) with a ridge that moves up."""
    rng = np.random.default_rng(seed)
    items = 0.1 * rng.normal(size=(count, 16, 24))
    for frame in range(24):
        items[:, frame // 2, frame] += 1 + 0.2 * rng.normal(size=count)
    return items


def test_noise_in_the_last_quarter_shows_there_alone() -> None:
    real, floor, made = (sounds(60, seed) for seed in range(3))
    made[:, :, 18:] += np.random.default_rng(9).normal(size=(60, 16, 6))
    trivial = np.random.default_rng(8).permuted(real, axis=0)
    figures, (curve,) = of_time(real, made, floor, trivial, 0)
    values = [float(one.value or 0.0) for one in figures]
    assert [one.name for one in figures] == [f"error_quarter_{number}" for number in range(1, 5)]
    assert values[3] > 10 * max(0.001, *map(abs, values[:3]))
    assert figures[3].interval is not None
    assert figures[3].floor is not None
    assert values[3] > figures[3].floor
    assert set(curve.series) == {"made", "real items"}


def test_clips_are_cut_along_their_frames() -> None:
    rng = np.random.default_rng(0)
    real, made, floor = (0.1 * rng.normal(size=(40, 3, 8, 12, 12)) for _ in range(3))
    made[:, :, :2] += 1.0
    figures, _ = of_time(real, made, floor, floor, 0)
    values = [float(one.value or 0.0) for one in figures]
    assert values[0] > 0.5
    assert max(values[1:]) < 0.1


class Certain:
    """A learner that is sure of the first half of each sequence and at a loss in the second."""

    class Rules:
        trivial = True

    rules = Rules()
    layout = Tokens(vocabulary=2, length=8, stream=True)

    def token_losses(
        self, batch: Batch, known: torch.Tensor | None, obeying: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        losses = torch.zeros(batch.data.shape)
        losses[:, 4:] = 2.0
        losses[:, 7] = torch.inf  # a grammar forbids what the data has there
        return losses, torch.ones_like(losses, dtype=torch.bool)


def test_tokens_are_told_by_quarters() -> None:
    learner: Autoregressive = Certain()  # pyright: ignore[reportAssignmentType]
    figures, _ = of_tokens(learner, np.zeros((20, 8), dtype=np.int64), 0)
    assert [one.value for one in figures] == [0.0, 0.0, 2.0, 2.0]
    assert figures[0].n == 20
