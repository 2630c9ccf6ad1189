"""Real pictures: scikit-learn's handwritten digits, written as PNG files in one sub-folder for each class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digit_pixels() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797 digits as (n, 8, 8) bytes, and what they are."""
    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target


def write_digits(folder: Path, pixels: np.ndarray, targets: np.ndarray) -> Path:
    for index, (picture, target) in enumerate(zip(pixels, targets, strict=True)):
        place = folder / str(target)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{index:04}.png")
    return folder


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory, digit_pixels: tuple[np.ndarray, np.ndarray]) -> Path:
    """A folder of all digits."""
    return write_digits(tmp_path_factory.mktemp("digits"), *digit_pixels)


@pytest.fixture
def few_digits(tmp_path: Path, digit_pixels: tuple[np.ndarray, np.ndarray]) -> Path:
    """A folder of 300 digits that a test may damage."""
    pixels, targets = digit_pixels
    return write_digits(tmp_path / "digits", pixels[:300], targets[:300])
