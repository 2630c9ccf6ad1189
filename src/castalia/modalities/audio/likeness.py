"""Spectrograms as small vectors: figures against held-out sounds, and descriptors by which near-copies are found."""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.audio.representation import RANGE_DB
from castalia.modalities.likeness import Nearest, averaging, drawn, floors, likeness, nearest_to

HEARD_DB = 40.0
"""Descriptors look so far below a sound's loudest: what lies deeper changes on the way over samples and back."""

SIDE = 16
"""Descriptors have so many bands and moments."""

FLATNESS, LEVEL = 0, 1
"""Columns of `statistics`."""


def training_figures(real: NDArray[np.generic], synthetic: NDArray[np.generic]) -> dict[str, float]:
    """Figures by name, see `castalia.modalities.likeness.likeness`; empty for fewer than 12 sounds of either kind.

    They are measured on log-mel levels averaged to 16 bands x 16 moments. ``loudness``: mean level of generated sounds
    over that of real ones, in decibels. ``detail``: mean step between neighbouring moments over that of real ones;
    below 1 is smeared.
    """
    left, right = drawn(real), drawn(synthetic)
    figures = likeness(_small(left), _small(right))
    if not figures:
        return {}
    loudness = float(statistics(right)[:, LEVEL].mean() - statistics(left)[:, LEVEL].mean())
    steps = [float(np.abs(np.diff(arrays, axis=2)).mean()) for arrays in (left, right)]
    return figures | {"loudness": loudness, "detail": steps[1] / max(steps[0], 1e-6)}


def statistics(data: NDArray[np.generic]) -> NDArray[np.float32]:
    """Flatness and level (n, 2) of spectrograms (n, mels, frames) in [-1, 1].

    Flatness: the geometric over the arithmetic mean of the bands' power in every frame within 30 dB of the loudest, in
    [0, 1]; near 1 for white noise. Level: mean power in decibels below the top of the scale.
    """
    levels = (np.asarray(data, dtype=np.float32) - 1.0) * RANGE_DB / 2.0
    power = 10.0 ** (levels / 10.0)
    frames = power.mean(axis=1)
    flatness = 10.0 ** (levels.mean(axis=1) / 10.0) / frames
    loud = frames >= frames.max(axis=1, keepdims=True) * 1e-3
    flat = (flatness * loud).sum(axis=1) / loud.sum(axis=1)
    level = 10.0 * np.log10(power.mean(axis=(1, 2)))
    return np.ascontiguousarray(np.stack([flat, level], axis=1), dtype=np.float32)


def describe(data: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Descriptors (n, 16, 16) of spectrograms: levels from 40 dB below a sound's own loudest on, averaged."""
    arrays = np.clip(np.asarray(data, dtype=np.float32), -1.0, 1.0)
    below = (arrays - arrays.max(axis=(1, 2), keepdims=True)) * RANGE_DB / 2.0
    heard = _averaged(np.clip(1.0 + below / HEARD_DB, 0.0, 1.0))
    return np.ascontiguousarray(np.rint(heard * 255.0).astype(np.uint8))


def fingerprints(data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """What an artifact keeps of its training sounds, each with n rows.

    ``sounds``: descriptors (n, 16, 16) uint8. ``floors``: each one's distance to its nearest other (n,).
    ``statistics``: flatness and level (n, 2), see `statistics`.
    """
    sounds = describe(data)
    return {"sounds": sounds, "floors": floors(_vectors(sounds)), "statistics": statistics(data)}


def nearest_training(array: NDArray[np.generic], prints: dict[str, NDArray[np.generic]]) -> Nearest:
    """How near a spectrogram (mels, frames) comes to the training sounds behind ``prints``."""
    # the way over samples and back moves a descriptor by about four steps: no usual distance counts less
    return nearest_to(_vectors(describe(array[None])), _vectors(prints["sounds"]), prints["floors"], least=4.0)


def _small(data: NDArray[np.generic]) -> NDArray[np.float64]:
    return _averaged(np.clip(np.asarray(data, dtype=np.float64), -1.0, 1.0)).reshape(len(data), -1)


def _averaged(arrays: NDArray[np.floating]) -> NDArray[np.float64]:
    bands, moments = averaging(arrays.shape[1], SIDE), averaging(arrays.shape[2], SIDE)
    return np.einsum("kh,nhw,lw->nkl", bands, arrays.astype(np.float64), moments, optimize=True)


def _vectors(sounds: NDArray[np.generic]) -> NDArray[np.float32]:
    values = np.asarray(sounds, dtype=np.float32).reshape(len(sounds), -1)
    return values - values.mean(axis=1, keepdims=True)
