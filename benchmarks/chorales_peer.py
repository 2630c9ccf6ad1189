"""The peer of chorales.py: an LSTM over piano rolls in plain PyTorch, whose notes are independent given the past.

This is how the references of the table treat a step: a vector of on and off for each note, the loss the sum of binary
cross-entropies. One layer of 200, dropout .3, Adam 1e-3, gradient norm 1, eight chorales a step; it learns the same
twelve transpositions as ours, and the best of its weights on the validation part are kept.
"""

import copy
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

NOTES, WIDTH, BATCH, DROPOUT, RATE = 108, 200, 8, 0.3, 1e-3


class Peer(nn.Module):
    """Logits of every note at each step from the steps before it; the first from silence."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(NOTES, WIDTH, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(WIDTH, NOTES))

    def losses(self, roll: Tensor) -> Tensor:
        """Nats (batch, steps) of each step of ``roll`` (batch, steps, notes)."""
        before = functional.pad(roll[:, :-1], (0, 0, 1, 0))
        logits = self.head(self.lstm(before)[0])
        return functional.binary_cross_entropy_with_logits(logits, roll, reduction="none").sum(dim=2)


def _roll(chorales: list[list[list[int]]], shift: int = 0) -> tuple[Tensor, Tensor]:
    """Zeros and ones (n, steps, notes), and which steps are there (n, steps)."""
    longest = max(len(one) for one in chorales)
    roll, there = np.zeros((len(chorales), longest, NOTES), np.float32), np.zeros((len(chorales), longest), bool)
    for row, chorale in enumerate(chorales):
        there[row, : len(chorale)] = True
        for place, step in enumerate(chorale):
            roll[row, place, [note + shift for note in step]] = 1.0
    return torch.from_numpy(roll), torch.from_numpy(there)


@torch.no_grad()
def _judge(model: Peer, roll: Tensor, there: Tensor) -> tuple[float, float]:
    """Nats a step over all steps, and over all but the first."""
    model.eval()
    losses = model.losses(roll)
    model.train()
    return float(losses[there].mean()), float(losses[:, 1:][there[:, 1:]].mean())


def run(parts: dict[str, list[list[list[int]]]], shifts: range, seed: int, seconds: float) -> dict[str, float]:
    """Train for so many processor seconds (with its looks at the validation part) and judge on the test part."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    model = Peer()
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    valid, test = _roll(parts["valid"]), _roll(parts["test"])
    start, best, kept, step = time.process_time(), float("inf"), model.state_dict(), 0
    while time.process_time() - start < seconds:
        chosen = [parts["train"][index] for index in draw.integers(0, len(parts["train"]), BATCH)]
        roll, there = _roll(chosen, int(draw.choice(shifts)))
        loss = model.losses(roll)[there].mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 100 == 0:
            now, _ = _judge(model, *valid)
            if now < best:
                best, kept = now, copy.deepcopy(model.state_dict())
    used = time.process_time() - start
    model.load_state_dict(kept)
    whole, later = _judge(model, *test)
    return {
        "cpu_seconds": round(used, 1),
        "nats_a_step": round(whole, 4),
        "nats_a_later_step": round(later, 4),
        "valid_nats_a_step": round(best, 4),
        "parameters": float(sum(one.numel() for one in model.parameters())),
        "steps": float(step),
    }
