"""Folders of sounds: synthesised drum hits in two classes."""

import numpy as np
import pytest

from castalia.modalities.sound import encode

RATE = 16_000


def hit(kind, seed):
    """A drum hit: a falling sine, or noise that dies away."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(0.25 * RATE)) / RATE
    if kind == "kick":
        pitch = 50.0 + rng.uniform(80, 160) * np.exp(-time / rng.uniform(0.02, 0.04))
        sound = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.exp(-time / rng.uniform(0.03, 0.05))
    else:
        sound = rng.standard_normal(len(time)) * np.exp(-time / rng.uniform(0.01, 0.03))
    return (0.8 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture(scope="session")
def drums(tmp_path_factory):
    """40 drum hits in the folders ``kick`` and ``hat``."""
    root = tmp_path_factory.mktemp("drums")
    for place, kind in enumerate(("kick", "hat")):
        (root / kind).mkdir()
        for index in range(20):
            data = encode(hit(kind, 100 * place + index), RATE, "audio/wav")
            (root / kind / f"{index:02d}.wav").write_bytes(data)
    return root
