"""Clips as small vectors: figures against held-out clips, and descriptors by which near-copies are found."""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.image import statistics as still
from castalia.modalities.likeness import Nearest, averaging, different, drawn, floors, likeness, nearest_to

SIDE, MOMENTS = 12, 8
"""Descriptors are grey, with so many pixels a side and moments."""

BLOCK = 128
"""Clips described at once."""

LEAST_LEVELS = 0.1
"""Grey levels below which a mean counts as so many: a ratio to less than rounding says nothing."""

CONTRAST, SMOOTHNESS, MOTION, FLICKER = range(4)
"""Columns of `statistics`."""


def training_figures(real: NDArray[np.generic], synthetic: NDArray[np.generic]) -> dict[str, float]:
    """Figures by name; empty for fewer than 12 clips of either kind.

    ``mmd``, ``density``, ``coverage``, ``diversity`` of whole clips as `castalia.modalities.likeness.likeness` says, on
    small grey frames; ``frame_mmd`` with ``frame_mmd_floor`` the same of single frames, ``motion_mmd`` with its floor
    of the changes from frame to frame. ``motion``, ``flicker``, ``sharpness``: mean of generated clips over that of
    real ones.
    """
    left, right = drawn(real), drawn(synthetic)
    small = [_small(one) for one in (left, right)]
    figures = likeness(*(_flat(one) for one in small))
    if not figures:
        return {}
    middle = likeness(*(_flat(one[:, MOMENTS // 2]) for one in small))
    change = likeness(*(_flat(np.diff(one, axis=1)) for one in small))
    shown = {"frame": middle, "motion": change}
    figures |= {f"{name}_{kind}": part[kind] for name, part in shown.items() for kind in ("mmd", "mmd_floor")}
    ratio = statistics(right).mean(axis=0) / np.maximum(statistics(left).mean(axis=0), LEAST_LEVELS)
    sharpness = [float(np.abs(np.diff(one, axis=4)).mean()) for one in (left, right)]
    return figures | {
        "motion": float(ratio[MOTION]),
        "flicker": float(ratio[FLICKER]),
        "sharpness": sharpness[1] / max(sharpness[0], 1e-6),
    }


def statistics(data: NDArray[np.generic]) -> NDArray[np.float32]:
    """Contrast, smoothness, motion and flicker (n, 4) of clips (n, channels, frames, height, width) in [-1, 1].

    Contrast and smoothness: means over the frames of those of pictures, see `castalia.modalities.image.statistics`.
    Motion: mean change of a pixel from frame to frame, in grey levels. Flicker: mean change of a whole frame's
    brightness that the next frame takes back, in grey levels.
    """
    clips = np.asarray(data, dtype=np.float32)
    count, channels, frames, height, width = clips.shape
    single = clips.transpose(0, 2, 1, 3, 4).reshape(count * frames, channels, height, width)
    looks = still.statistics(single)[:, : SMOOTHNESS + 1].reshape(count, frames, -1).mean(axis=1)
    motion = np.abs(np.diff(clips, axis=2)).sum(axis=(1, 2, 3, 4)) * 127.5
    motion /= channels * max(1, frames - 1) * height * width
    brightness = clips.mean(axis=(1, 3, 4)) * 127.5
    steps = np.diff(brightness, axis=1)
    back = np.where(steps[:, 1:] * steps[:, :-1] < 0, np.minimum(np.abs(steps[:, 1:]), np.abs(steps[:, :-1])), 0.0)
    columns = [looks[:, 0], looks[:, 1], motion, back.sum(axis=1) / max(1, frames - 2)]
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32)


def describe(data: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Descriptors (n, moments, 12, 12) of clips: grey, averaged over space and time."""
    return np.ascontiguousarray(np.rint((np.clip(_small(data), -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8))


def fingerprints(data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """What an artifact keeps of its n different training clips (one learnt with several captions counts once), each
    with n rows.

    ``clips``: descriptors (n, moments, 12, 12) uint8. ``floors``: each one's distance to its nearest other (n,).
    ``statistics``: contrast, smoothness, motion, flicker (n, 4), see `statistics`.
    """
    blocks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]  # float64 of all would fill memory
    every = np.concatenate([describe(block) for block in blocks])
    places = different(every)
    clips = every[places]
    known = np.concatenate([statistics(block) for block in blocks])[places]
    return {"clips": clips, "floors": floors(_vectors(clips)), "statistics": known}


def nearest_training(array: NDArray[np.generic], prints: dict[str, NDArray[np.generic]]) -> Nearest:
    """How near a clip (channels, frames, height, width) comes to the training clips behind ``prints``."""
    # encoding with loss moves a descriptor by about one grey level
    return nearest_to(_vectors(describe(array[None])), _vectors(prints["clips"]), prints["floors"], least=2.0)


def _small(data: NDArray[np.generic]) -> NDArray[np.float64]:
    grey = np.asarray(data, dtype=np.float64).mean(axis=1)
    frames, height, width = grey.shape[1:]
    moments = averaging(frames, MOMENTS)
    rows, columns = averaging(height, min(SIDE, height)), averaging(width, min(SIDE, width))
    return np.einsum("tf,kh,nfhw,lw->ntkl", moments, rows, grey, columns, optimize=True)


def _flat(arrays: NDArray[np.float64]) -> NDArray[np.float64]:
    return arrays.reshape(len(arrays), -1)


def _vectors(clips: NDArray[np.generic]) -> NDArray[np.float32]:
    values = np.asarray(clips, dtype=np.float32).reshape(len(clips), -1)
    return values - values.mean(axis=1, keepdims=True)
