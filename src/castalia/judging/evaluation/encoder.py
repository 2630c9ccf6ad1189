"""Features of pictures, spectrograms and clips: a small network trained on the training split alone.

It learns to tell classes apart, where there are any, and to paint a coarse copy of its input, so that features hold
both kind and looks. Training takes seconds, is the same each time on the same machine, and is kept by hash. Distances
on its features compare models of one data set on one machine; they are no published FID or KID.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

VERSION = "1"
FEATURES = 32
SIDE, COARSE = 32, 8
"""Inputs are averaged down to this side at most, and painted again at the coarse one."""
STEPS, BATCH, RATE = 400, 64, 2e-3
ENCODED_AT_ONCE = 256

Tell = Callable[[str, float | None], None]


@dataclass
class Encoder:
    """A trained encoder: standardised features, and the probabilities of classes."""

    net: "Net"
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    sha256: str

    def features(self, items: NDArray[np.generic]) -> NDArray[np.float64]:
        """(n, 32), of zero mean and unit spread over the training items."""
        return (self._run(items)[0] - self.mean) / self.spread

    def probabilities(self, items: NDArray[np.generic]) -> NDArray[np.float64]:
        """Of each class (n, classes)."""
        return self._run(items)[1]

    def _run(self, items: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        features: list[Tensor] = []
        told: list[Tensor] = []
        with torch.no_grad():
            for start in range(0, len(items), ENCODED_AT_ONCE):
                hidden = self.net.body(reduced(items[start : start + ENCODED_AT_ONCE]))
                features.append(hidden)
                told.append(self.net.kinds(hidden).softmax(dim=1))
        return torch.cat(features).double().numpy(), torch.cat(told).double().numpy()


class Net(nn.Module):
    """Convolutions to 32 features; from them the class and a coarse copy of the input."""

    def __init__(self, channels: int, classes: int, height: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, 32, 3, stride=2, padding=1), nn.GroupNorm(8, 32), nn.SiLU()),
            *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.GroupNorm(8, 64), nn.SiLU()),
            *(nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.GroupNorm(8, 96), nn.SiLU()),
            nn.Flatten(),
            nn.LazyLinear(FEATURES),
        )
        self.kinds = nn.Linear(FEATURES, max(1, classes))
        self.coarse = (min(COARSE, height), min(COARSE, width))
        self.copy = nn.Sequential(
            nn.Linear(FEATURES, 128), nn.SiLU(), nn.Linear(128, channels * self.coarse[0] * self.coarse[1])
        )
        with torch.no_grad():
            self.body(torch.zeros(1, channels, height, width))


def reduced(items: NDArray[np.generic]) -> Tensor:
    """Items of any layout as (n, channels, height, width): spectrograms (n, mels, frames) have one channel, frames of
    clips (n, channels, frames, height, width) count as channels."""
    values = torch.from_numpy(np.ascontiguousarray(items, dtype=np.float32))
    if values.ndim == 3:
        values = values[:, None]
    elif values.ndim == 5:
        values = values.flatten(1, 2)
    size = (min(SIDE, values.shape[2]), min(SIDE, values.shape[3]))
    return values if size == tuple(values.shape[2:]) else functional.adaptive_avg_pool2d(values, size)


def trained(
    items: NDArray[np.generic],
    labels: NDArray[np.int64] | None,
    classes: int,
    cache: Path,
    tell: Tell,
) -> Encoder:
    """The encoder of these training items (n, *shape), from the cache where it is there.

    ``labels`` (n,) are classes, -1 for unknown, or None.
    """
    torch.set_num_threads(1)  # with several the last digits, and so the hash, would differ between runs
    first = reduced(items[:1])
    channels, height, width = (int(size) for size in first.shape[1:])
    torch.manual_seed(0)
    net = Net(channels, classes, height, width)
    path = cache / f"{_key(items, labels)}.safetensors"
    if path.is_file():
        net.load_state_dict(load_file(path))
    else:
        _fit(net, items, labels, tell)
        cache.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), path)
    net.eval()
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    plain = Encoder(net, np.zeros(FEATURES), np.ones(FEATURES), digest.hexdigest())
    features = plain.features(items)
    return Encoder(net, features.mean(0), np.maximum(features.std(0), 1e-6), plain.sha256)


def _fit(net: Net, items: NDArray[np.generic], labels: NDArray[np.int64] | None, tell: Tell) -> None:
    draw = np.random.default_rng(0)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2 * RATE, total_steps=STEPS)
    for step in range(STEPS):
        if step % 20 == 0:
            tell("training the encoder", step / STEPS)
        chosen = draw.integers(0, len(items), BATCH)
        inputs = reduced(items[np.sort(chosen)])
        hidden = net.body(inputs + 0.1 * torch.randn_like(inputs))
        target = functional.adaptive_avg_pool2d(inputs, net.coarse).flatten(1)
        loss = functional.mse_loss(net.copy(hidden), target) / target.var().clamp_min(1e-4)
        if labels is not None:
            wanted = torch.from_numpy(labels[np.sort(chosen)])
            known = wanted >= 0
            if bool(known.any()):
                loss = loss + functional.cross_entropy(net.kinds(hidden)[known], wanted[known], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _key(items: NDArray[np.generic], labels: NDArray[np.int64] | None) -> str:
    digest = hashlib.sha256(f"{VERSION} {items.shape} {items.dtype}".encode())
    for start in range(0, len(items), 1024):
        digest.update(np.ascontiguousarray(items[start : start + 1024]).tobytes())
    if labels is not None:
        digest.update(labels.tobytes())
    return digest.hexdigest()[:32]
