"""Three plain statistics of a picture, by which blank, noisy and burnt-out ones show."""

import numpy as np
from numpy.typing import NDArray

CONTRAST, SMOOTHNESS, EXTREMES = 0, 1, 2
"""Columns of `statistics`."""


def statistics(data: NDArray[np.generic]) -> NDArray[np.float32]:
    """Contrast, smoothness and extremes (n, 3) of pictures (n, channels, height, width) in [-1, 1].

    Contrast: standard deviation of the pixels of the liveliest channel, in grey levels (0 to 128). Smoothness:
    correlation of each pixel with the mean of its four neighbours, in [-1, 1]; about 0 for noise, and 1 for a picture
    of one colour. Extremes: share of pixels that are fully black or white in some channel.
    """
    pictures = np.asarray(data, dtype=np.float32)
    contrast = pictures.std(axis=(2, 3)).max(axis=1) * 127.5
    # half a grey level from the end of the range is the end of the range
    extremes = (np.abs(pictures).max(axis=1) >= 1.0 - 0.5 / 127.5).mean(axis=(1, 2))
    return np.ascontiguousarray(np.stack([contrast, _smoothness(pictures), extremes], axis=1), dtype=np.float32)


def _smoothness(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    around = padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1] + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    # edges repeat a pixel as its own neighbour, which small noise would gain by: only inner pixels count
    inner, around = pictures[:, :, 1:-1, 1:-1], around[:, :, 1:-1, 1:-1] / 4.0
    inner = inner - inner.mean(axis=(2, 3), keepdims=True)
    around = around - around.mean(axis=(2, 3), keepdims=True)
    together = (inner * around).sum(axis=(1, 2, 3))
    alone = np.sqrt((inner**2).sum(axis=(1, 2, 3)) * (around**2).sum(axis=(1, 2, 3)))
    return np.where(alone > 1e-6, together / np.maximum(alone, 1e-6), 1.0).astype(np.float32)
