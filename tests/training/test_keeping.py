"""Which weights a training keeps: those of the least held-out loss, or later ones where a learner allows slack."""

import threading

import numpy as np
import pytest
import torch

from castalia.core.contracts import Encoded
from castalia.families.contract import Batch, Step, Trainable
from castalia.training.budget import Budget
from castalia.training.data import Dataset
from castalia.training.execution import Execution
from castalia.training.trainer import Trainer

LOSSES = [4.0, 2.0, 2.05, 2.15, 2.08, 3.0, 2.05]
"""Held-out losses after each step."""


class Scripted(Trainable):
    """Counts its steps; its held-out losses are told beforehand."""

    served, averaged = ("count",), ()

    def __init__(self, slack: float) -> None:
        super().__init__()
        self.count = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(self.count.weight)
        self.slack = slack
        self.looks = 0

    def prepare(self) -> None:
        self.optimisers = {}

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        with torch.no_grad():
            self.count.weight += 1.0
        return {"loss": 1.0}

    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        return LOSSES[round(self.count.weight.item()) - 1]


@pytest.mark.parametrize(
    ("slack", "steps", "kept"), [(0.0, 7, 2), (0.05, 5, 5), (0.05, 7, 7), (0.03, 6, 3), (0.6, 6, 6)]
)
def test_later_weights_are_kept_within_the_slack(slack: float, steps: int, kept: int, tmp_path) -> None:
    data = Dataset(Encoded(np.zeros((40, 1), np.float32), None, None), seed=0, batch=8)
    budget = Budget(seconds=None, steps=steps, useful_steps=steps)
    trainer = Trainer(
        tmp_path, Scripted(slack), data, budget, Execution(), lambda _: None, threading.Event(), lambda _: (b"", "")
    )
    assert trainer.run()
    assert trainer.best["count.weight"].item() == kept
    assert trainer.place.best_loss == LOSSES[kept - 1]
    assert trainer.place.least_loss == min(LOSSES[:steps])
