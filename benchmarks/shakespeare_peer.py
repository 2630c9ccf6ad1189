"""The peer of shakespeare.py: a GPT-2-like character model in plain PyTorch, by nanoGPT's published recipe for a CPU.

4 layers, 4 heads, 128 wide, learnt positions, context 64, batch 12, 2,000 steps, no dropout, AdamW with rate 1e-3 by a
cosine down to 1e-4 after 100 steps of warm-up, betas (.9, .99), weight decay .1 on matrices, gradient norm 1. Its own
estimate of the validation loss is the mean over 20 batches of random windows.
"""

import math
import time

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, STEPS = 4, 4, 128, 64, 12, 2000
RATE, LAST_RATE, WARM_UP, DECAY = 1e-3, 1e-4, 100, 0.1


class Norm(nn.Module):
    """Layer normalisation with a gain and no shift."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), self.weight, None, 1e-5)


class Block(nn.Module):
    """x + attention(norm(x)), then x + MLP(norm(x))."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList([Norm(), Norm()])
        self.read = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.write = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        parts = self.read(self.norms[0](x)).split(WIDTH, dim=2)
        q, k, v = (one.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for one in parts)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.write(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.down(functional.gelu(self.up(self.norms[1](x))))


class Peer(nn.Module):
    """Logits of the next character from up to 64 characters; head and embedding share their weights."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = Norm()
        for name, one in self.named_parameters():
            if one.ndim > 1:
                residual = name.endswith(("write.weight", "down.weight"))
                nn.init.normal_(one, std=0.02 / math.sqrt(2 * LAYERS) if residual else 0.02)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.characters(x) + self.positions.weight[: x.shape[1]]
        return self.norm(self.blocks(hidden)) @ self.characters.weight.t()

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(self(x).flatten(0, 1), y.flatten())


def _batch(data: Tensor) -> tuple[Tensor, Tensor]:
    starts = torch.randint(len(data) - CONTEXT, (BATCH,))
    return (
        torch.stack([data[one : one + CONTEXT] for one in starts]),
        torch.stack([data[one + 1 : one + 1 + CONTEXT] for one in starts]),
    )


def run(training: Tensor, validation: Tensor, vocabulary: int, seed: int) -> dict[str, float]:
    """Train and judge. ``cpu_seconds`` are those of the 2,000 steps alone, without any evaluation."""
    torch.manual_seed(seed)
    model = Peer(vocabulary)
    matrices = [one for one in model.parameters() if one.ndim > 1]
    gains = [one for one in model.parameters() if one.ndim == 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": gains, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99))
    start = time.process_time()
    for step in range(STEPS):
        share = (step - WARM_UP) / (STEPS - WARM_UP)
        cosine = LAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LAST_RATE)
        for group in optimiser.param_groups:
            group["lr"] = RATE * (step + 1) / (WARM_UP + 1) if step < WARM_UP else cosine
        loss = model.loss(*_batch(training))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    seconds = time.process_time() - start
    with torch.no_grad():
        estimate = sum(float(model.loss(*_batch(validation))) for _ in range(20)) / 20
        count = (len(validation) - 1) // CONTEXT
        x = validation[: count * CONTEXT].view(count, CONTEXT)
        y = validation[1 : count * CONTEXT + 1].view(count, CONTEXT)
        whole = sum(float(model.loss(x[i : i + 64], y[i : i + 64])) * len(x[i : i + 64]) for i in range(0, count, 64))
    return {
        "cpu_seconds": round(seconds, 1),
        "validation": round(whole / count, 4),
        "own_estimate": round(estimate, 4),
        "parameters": float(sum(one.numel() for one in model.parameters())),
    }
