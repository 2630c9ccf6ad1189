"""The measures move when they must, of sounds and clips: faults are planted into generated ones, ever more of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from castalia.judging.evaluation import vectors
from castalia.judging.evaluation.diversity import class_entropy
from castalia.judging.evaluation.encoder import Encoder, trained
from castalia.judging.evaluation.figures import Figure
from castalia.judging.evaluation.media import described
from castalia.modalities.audio.representation import MelRepresentation

Floats = NDArray[np.float32]
RATE, FRAMES = 8000, 16
TRAINING, HELD, NEW = 240, 120, 120
KINDS = 4
VIEW = MelRepresentation(rate=RATE, frames=FRAMES, top_db=30.0, vocoder="learned")


def struck(kind: int, rng: np.random.Generator) -> Floats:
    """A struck sound: a tone, a gliding tone, a noise or a chord, of chance pitch and decay."""
    time = np.arange(int(VIEW.seconds * RATE)) / RATE
    pitch, decay = rng.uniform(200, 900), rng.uniform(8, 30)
    turns = 2 * np.pi * pitch * time
    wave = (
        np.sin(turns),
        np.sin(turns * (1 + 2 * time)),
        rng.normal(size=len(time)) * rng.uniform(0.5, 1.0),
        np.sin(turns) + np.sin(1.26 * turns) + np.sin(1.5 * turns),
    )[kind]
    return (rng.uniform(0.3, 0.9) * wave * np.exp(-decay * time)).astype(np.float32)


def heard(waves: Floats) -> Floats:
    return np.stack([VIEW.encode(wave) for wave in waves])


def moving(kind: int, rng: np.random.Generator) -> Floats:
    """A clip (1, 8, 16, 16) of a spot that moves right, left, down or up, at a chance place, pace and size."""
    across, along = rng.uniform(3, 13), rng.uniform(1, 5) + rng.uniform(0.8, 1.5) * np.arange(8)
    along = along if kind in {0, 2} else 15 - along
    column, row = (along, np.full(8, across)) if kind < 2 else (np.full(8, across), along)
    y, x = np.mgrid[:16, :16]
    size = rng.uniform(1.2, 2.4)
    near = np.exp(-((x - column[:, None, None]) ** 2 + (y - row[:, None, None]) ** 2) / (2 * size**2))
    return (2 * near[None] - 1).astype(np.float32)


def seen(clips: Floats) -> Floats:
    return np.clip(clips, -1, 1)


@dataclass
class Kind:
    """Items as they are made (a wave, a clip) and as they are looked at, in three parts, with their classes."""

    raw: Floats
    labels: NDArray[np.int64]
    look: Callable[[Floats], Floats]
    noises: tuple[float, ...]

    @property
    def training(self) -> Floats:
        return self.look(self.raw[:TRAINING])

    @property
    def held(self) -> Floats:
        return self.look(self.raw[TRAINING : TRAINING + HELD])

    @property
    def new(self) -> Floats:
        return self.raw[TRAINING + HELD :]


@pytest.fixture(scope="module", params=["sounds", "clips"])
def kind(request: pytest.FixtureRequest) -> Kind:
    rng = np.random.default_rng(5)
    labels = np.arange(TRAINING + HELD + NEW) % KINDS
    make, look, noises = (
        (struck, heard, (0.0, 0.02, 0.2)) if request.param == "sounds" else (moving, seen, (0.0, 0.8, 2.5))
    )
    return Kind(np.stack([make(int(label), rng) for label in labels]), labels.astype(np.int64), look, noises)


@pytest.fixture(scope="module")
def encoder(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("encoders")
    return trained(kind.training[:160], kind.labels[:160], KINDS, folder, lambda *_: None)


def sets(kind: Kind, made: Floats, view: Callable[[Floats], NDArray[np.float64]]) -> vectors.Sets:
    training = kind.training
    trivial = vectors.shuffled_apart(training, len(made), 0)
    return vectors.Sets(*(view(part) for part in (training, kind.held, made, trivial, training[160:])))


def named(figures: list[Figure]) -> dict[str, float]:
    return {one.name: one.value for one in figures if one.value is not None}


def test_planted_copies_move_originality_in_order(kind: Kind) -> None:
    found: list[dict[str, float]] = []
    for share in (0.0, 0.1, 0.5):
        made = kind.look(kind.new)
        count = round(share * len(made))
        near = kind.training[:count]
        made[:count] = near + 0.01 * np.random.default_rng(1).normal(size=near.shape)
        figures, _, rows = vectors.originality(sets(kind, made, described), 0)
        found.append(named(figures))
        assert rows[:count].tolist() == list(range(count))
    for name in ("authpct", "c_t"):
        assert found[0][name] > found[1][name] > found[2][name], name
    assert found[2]["c_t"] < -1.64 < found[0]["c_t"]  # a z-score: 5 % on one side
    assert found[0]["nearest_ratio"] > found[2]["nearest_ratio"]
    assert found[0]["nearest_ratio"] == pytest.approx(1.0, abs=0.15)


def test_added_noise_moves_realism_in_order(kind: Kind, encoder: Encoder) -> None:
    found: list[dict[str, float]] = []
    for sigma in kind.noises:
        noise = sigma * np.random.default_rng(2).normal(size=kind.new.shape)
        made = kind.look((kind.new + noise).astype(np.float32))
        found.append(named(vectors.realism(sets(kind, made, encoder.features), 0)))
    for name in ("kid", "mmd", "frechet"):
        assert found[0][name] < found[1][name] < found[2][name], name
    assert found[0]["precision"] > found[2]["precision"]
    assert found[2]["kid"] > 3 * abs(found[0]["kid"])


def test_dropped_modes_move_diversity_in_order(kind: Kind, encoder: Encoder) -> None:
    found: list[dict[str, float]] = []
    entropies: list[float] = []
    labels = kind.labels[TRAINING + HELD :]
    for classes in (KINDS, 2, 1):
        made = kind.look(kind.new[labels < classes])
        view = sets(kind, made, encoder.features)
        found.append(named([*vectors.diversity(view, 0), *vectors.realism(view, 0)]))
        told = encoder.probabilities(made).argmax(1).astype(np.int64)
        entropies.append(class_entropy(told, KINDS).value)
    for name in ("vendi_ratio", "coverage", "recall"):
        assert found[0][name] > found[1][name] > found[2][name], name
    assert entropies[0] > 0.9
    assert entropies[0] > entropies[1] > entropies[2]
