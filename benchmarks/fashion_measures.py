"""Fashion-MNIST, a small classifier of it, and what its features say of made pictures."""

import gzip
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torch.nn import functional

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CACHE = Path(__file__).resolve().parents[1] / ".cache" / "bench" / "fashion-classifier.safetensors"
NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
FEATURES = 64
NEIGHBOURS = 5


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 1, 28, 28) float32 in [-1, 1] and labels (n,) of ``train`` or ``t10k``."""
    pictures = gzip.decompress((FOLDER / f"{split}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((FOLDER / f"{split}-labels-idx1-ubyte.gz").read_bytes())[8:]
    data = np.frombuffer(pictures, np.uint8).reshape(-1, 1, 28, 28).astype(np.float32) / 127.5 - 1.0
    return data, np.frombuffer(labels, np.uint8).astype(np.int64)


class Classifier(nn.Module):
    """Three convolutions and two linear layers; its features are what comes before the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 128, 3, stride=2, padding=1), nn.BatchNorm2d(128), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(128 * 16, FEATURES), nn.ReLU()),
        )
        self.head = nn.Linear(FEATURES, len(NAMES))

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 64) of pictures (n, 1, 28, 28)."""
        with torch.no_grad():
            pieces = [self.body(torch.from_numpy(np.ascontiguousarray(part))) for part in np.array_split(pictures, 20)]
        return torch.cat(pieces).numpy()


def classifier(data: np.ndarray, labels: np.ndarray, epochs: int = 4) -> tuple[Classifier, str]:
    """The classifier, trained on the train split (kept in the cache), and the first half of its weights' hash."""
    torch.manual_seed(0)
    net = Classifier()
    if CACHE.is_file():
        net.load_state_dict(load_file(CACHE))
    else:
        optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05)
        steps = epochs * (len(data) // 128)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        draw = np.random.default_rng(0)
        for _ in range(steps):
            chosen = draw.integers(0, len(data), 128)
            told = net.head(net.body(torch.from_numpy(data[chosen])))
            loss = functional.cross_entropy(told, torch.from_numpy(labels[chosen]), label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), CACHE)
    digest = hashlib.sha256(b"".join(one.numpy().tobytes() for one in net.state_dict().values())).hexdigest()
    return net.eval(), digest[:32]


@dataclass
class Judge:
    """Measures made pictures against the test split."""

    net: Classifier
    real: np.ndarray

    def measures(self, pictures: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
        """Fréchet distance, share of pictures whose label is the wanted one, coverage of as many real pictures."""
        made = self.net.features(pictures)
        told = self.net.head(torch.from_numpy(made)).argmax(dim=1).numpy()
        return {
            "frechet": round(frechet(made, self.real), 3),
            "label_accuracy": round(float(np.mean(told == wanted)), 4),
            "coverage": round(coverage(made, self.real[: len(made)]), 4),
        }


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2) of the features' Gaussians."""
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = np.real(sqrtm(first @ second + 1e-8 * np.eye(len(first))))
    gap = one.mean(axis=0) - other.mean(axis=0)
    return float(gap @ gap + np.trace(first + second - 2.0 * root))


def coverage(made: np.ndarray, real: np.ndarray) -> float:
    """Share of real items within whose fifth-neighbour ball a made one lies (Naeem et al., 2020)."""
    radii = _distances(real, real).kthvalue(NEIGHBOURS + 1, dim=1).values
    return float((_distances(real, made).amin(dim=1) <= radii).float().mean())


def _distances(one: np.ndarray, other: np.ndarray) -> Tensor:
    return torch.cdist(torch.from_numpy(one), torch.from_numpy(other))


class Stopwatch:
    """Processor seconds of this process."""

    def __init__(self) -> None:
        self.start = time.process_time()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.process_time() - self.start
