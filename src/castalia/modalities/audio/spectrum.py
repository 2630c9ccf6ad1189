"""Short-time spectra and mel filters. Samples are mono float32; a spectrum is (frames, bins) of a Hann window."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.sound import Samples

WINDOW, HOP = 1024, 256
"""Samples of a window, and from one to the next: 46 and 12 ms at 22.05 kHz, four windows over every sample."""

MELS = 80

LOWEST_HZ = 30.0

Spectrum = NDArray[np.complex64]
Magnitudes = NDArray[np.float32]


def spectrum(samples: Samples, frames: int) -> Spectrum:
    """Complex spectra (frames, WINDOW / 2 + 1); the first window is centred on the first sample."""
    half = WINDOW // 2
    padded = np.zeros(half + frames * HOP + WINDOW, dtype=np.float32)
    kept = samples[: len(padded) - half]
    padded[half : half + len(kept)] = kept
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames]
    return np.fft.rfft(windows * _hann(), axis=1).astype(np.complex64)


def samples_of(spectra: Spectrum) -> Samples:
    """frames * HOP samples whose spectra are nearest to the given ones (Griffin and Lim, 1984): overlap and add."""
    frames, over, hann = len(spectra), WINDOW // HOP, _hann()
    pieces = (np.fft.irfft(spectra, WINDOW, axis=1).astype(np.float32) * hann).reshape(frames, over, HOP)
    weights = (hann * hann).reshape(over, HOP)
    total, weight = (np.zeros((frames + over, HOP), dtype=np.float32) for _ in range(2))
    for part in range(over):
        total[part : part + frames] += pieces[:, part]
        weight[part : part + frames] += weights[part]
    joined = total.reshape(-1) / np.maximum(weight.reshape(-1), 1e-3)
    return joined[WINDOW // 2 :][: frames * HOP].astype(np.float32)


@lru_cache(maxsize=4)
def mel_filters(rate: int, mels: int = MELS) -> Magnitudes:
    """Triangles (mels, WINDOW / 2 + 1) of peak 1, evenly spaced in mel (2595 log10(1 + f / 700)) to half the rate."""
    low, high = 2595.0 * np.log10(1.0 + np.array([LOWEST_HZ, rate / 2]) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(low, high, mels + 2) / 2595.0) - 1.0)
    frequencies = np.linspace(0.0, rate / 2, WINDOW // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.clip(np.minimum(rising, falling), 0.0, None)
    # the lowest triangles may fall between two frequencies: each takes the one nearest to its middle
    for row, middle in zip(filters, edges[1:-1], strict=True):
        if not row.any():
            row[np.abs(frequencies - middle).argmin()] = 1.0
    return filters.astype(np.float32)


@lru_cache(maxsize=1)
def _hann() -> Magnitudes:
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
