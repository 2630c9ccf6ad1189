"""Small descriptors of training pictures, and how near a new picture comes to one of them.

The distance between two pictures is the root mean square difference of their descriptors: pixels averaged down to at
most 16 x 16 (12 x 12 in colour) with each channel's mean taken off, so that a change of brightness hides no copy.
"""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.image.statistics import statistics
from castalia.modalities.likeness import Nearest, averaging, different, floors, nearest_to

GREY_SIDE, COLOUR_SIDE = 16, 12


def describe(data: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Descriptors (n, channels, k, k) of pictures (n, channels, height, width) in [-1, 1]."""
    pictures = np.asarray(data, dtype=np.float32)
    channels, height, width = pictures.shape[1:]
    side = GREY_SIDE if channels == 1 else COLOUR_SIDE
    rows, columns = averaging(height, min(side, height)), averaging(width, min(side, width))
    small = np.einsum("kh,nchw,lw->nckl", rows, pictures, columns, optimize=True)
    # in C order: safetensors writes memory as it lies
    return np.ascontiguousarray(np.rint((np.clip(small, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8))


def fingerprints(data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """What an artifact keeps of its n different training pictures (one learnt with several captions counts once), each
    with n rows.

    ``images``: descriptors (n, channels, k, k) uint8. ``floors``: each one's distance to its nearest other (n,).
    ``statistics``: contrast, smoothness, extremes (n, 3), see `statistics`.
    """
    every = describe(data)
    places = different(every)
    images = every[places]
    return {"images": images, "floors": floors(_vectors(images)), "statistics": statistics(data[places])}


def nearest_training(picture: NDArray[np.generic], prints: dict[str, NDArray[np.generic]]) -> Nearest:
    """How near a picture (channels, height, width) in [-1, 1] comes to the training pictures behind ``prints``."""
    # one grey level in 255 is rounding: below it nothing tells a picture from its copy
    return nearest_to(_vectors(describe(picture[None])), _vectors(prints["images"]), prints["floors"], least=1.0)


def _vectors(images: NDArray[np.generic]) -> NDArray[np.float32]:
    values = np.asarray(images, dtype=np.float32)
    centred = values - values.mean(axis=(2, 3), keepdims=True)
    return centred.reshape(len(values), -1)
