"""Spectrograms as pictures: time to the right, pitch upwards, louder is lighter."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from castalia.modalities.image.sheet import contact_sheet

STOPS = np.array([[0, 0, 12], [60, 16, 98], [160, 42, 99], [236, 100, 48], [252, 190, 60], [255, 255, 220]], np.float32)
"""Colours from silence to the loudest, evenly spaced."""

MOST = 64


def spectrogram(array: NDArray[np.generic]) -> Image.Image:
    """The picture of one spectrogram (mels, frames) in [-1, 1], a pixel for each number."""
    values = np.nan_to_num(np.asarray(array, dtype=np.float32)[::-1], nan=-1.0)
    place = (np.clip(values, -1.0, 1.0) + 1.0) / 2.0 * (len(STOPS) - 1)
    lower = np.minimum(place.astype(int), len(STOPS) - 2)
    part = (place - lower)[..., None]
    return Image.fromarray(np.rint(STOPS[lower] * (1.0 - part) + STOPS[lower + 1] * part).astype(np.uint8))


def spectrogram_sheet(data: NDArray[np.generic]) -> Image.Image:
    """Up to 64 spectrograms (n, mels, frames) on one sheet."""
    return contact_sheet([spectrogram(array) for array in data[:MOST]])
