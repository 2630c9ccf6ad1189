"""Folders of clips: a digit of scikit-learn's that moves left or right."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from castalia.modalities.video.clips import encode

SIDE, FRAMES = 32, 8


def moving(direction, seed):
    """Eight frames of a digit that crosses the picture."""
    rng = np.random.default_rng(seed)
    digit = load_digits().images[rng.integers(1000)] * 15.9
    top = int(rng.integers(0, SIDE - 16))
    frames = []
    for index in range(FRAMES):
        left = round(16 * index / (FRAMES - 1))
        left = 16 - left if direction == "left" else left
        frame = np.zeros((SIDE, SIDE), np.uint8)
        frame[top : top + 16, left : left + 16] = np.kron(digit, np.ones((2, 2)))
        frames.append(Image.fromarray(frame))
    return frames


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """40 animated GIFs in the folders ``left`` and ``right``, at 10 frames a second."""
    root = tmp_path_factory.mktemp("clips")
    for place, direction in enumerate(("left", "right")):
        (root / direction).mkdir()
        for index in range(20):
            data = encode(moving(direction, 100 * place + index), 10.0, "gif")
            (root / direction / f"{index:02d}.gif").write_bytes(data)
    return root


@pytest.fixture(scope="session")
def moving_frames():
    """Makes the frames of one clip from a direction and a seed."""
    return moving
