"""Small descriptors of training pictures, and how near a new picture comes to one of them.

The distance between two pictures is the root mean square difference of their descriptors: pixels averaged down to at
most 16 x 16 (12 x 12 in colour) with each channel's mean taken off, so that a change of brightness hides no copy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.image.statistics import statistics

GREY_SIDE, COLOUR_SIDE = 16, 12

BLOCK = 2048
"""Rows compared at once: 2048 x 20,000 float32 distances are 164 MB."""


@dataclass(frozen=True)
class Nearest:
    """The training picture nearest to another: its row, the distance (0 to 255), and that distance over the usual one.

    The usual distance is the smaller of two: from that training picture to its own nearest neighbour, and the
    median of the same over all training pictures.
    """

    row: int
    distance: float
    ratio: float


def describe(data: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Descriptors (n, channels, k, k) of pictures (n, channels, height, width) in [-1, 1]."""
    pictures = np.asarray(data, dtype=np.float32)
    channels, height, width = pictures.shape[1:]
    side = GREY_SIDE if channels == 1 else COLOUR_SIDE
    rows, columns = _averaging(height, min(side, height)), _averaging(width, min(side, width))
    small = np.einsum("kh,nchw,lw->nckl", rows, pictures, columns, optimize=True)
    # in C order: safetensors writes memory as it lies
    return np.ascontiguousarray(np.rint((np.clip(small, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8))


def fingerprints(data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """What an artifact keeps of its training pictures, each with n rows.

    ``images``: descriptors (n, channels, k, k) uint8. ``floors``: each one's distance to its nearest other (n,).
    ``statistics``: contrast, smoothness, extremes (n, 3), see `statistics`.
    """
    images = describe(data)
    floors, _ = nearest(_vectors(images), _vectors(images), same=True)
    return {"images": images, "floors": floors, "statistics": statistics(data)}


def nearest_training(picture: NDArray[np.generic], prints: dict[str, NDArray[np.generic]]) -> Nearest:
    """How near a picture (channels, height, width) in [-1, 1] comes to the training pictures behind ``prints``."""
    vectors = _vectors(describe(picture[None]))
    distances, rows = nearest(vectors, _vectors(prints["images"]))
    floors = np.asarray(prints["floors"], dtype=np.float64)
    row, distance = int(rows[0]), float(distances[0])
    usual = min(float(floors[row]), float(np.median(floors)))
    # one grey level in 255 is rounding: below it nothing tells a picture from its copy
    return Nearest(row, distance, distance / max(usual, 1.0))


def nearest(
    queries: NDArray[np.float32], references: NDArray[np.float32], same: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distance to, and row of, each query's nearest reference; ``same`` leaves out a row's distance to itself."""
    norms = np.einsum("nd,nd->n", references, references)
    distances = np.empty(len(queries), dtype=np.float32)
    rows = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        squares = norms[None] - 2.0 * (block @ references.T) + np.einsum("nd,nd->n", block, block)[:, None]
        if same:
            here = np.arange(len(block))
            squares[here, start + here] = np.inf
        best = squares.argmin(axis=1)
        rows[start : start + BLOCK] = best
        # again, exactly: the expansion above loses small distances to rounding
        difference = block - references[best]
        distances[start : start + BLOCK] = np.sqrt(np.mean(difference * difference, axis=1))
    return distances, rows


def _vectors(images: NDArray[np.generic]) -> NDArray[np.float32]:
    values = np.asarray(images, dtype=np.float32)
    centred = values - values.mean(axis=(2, 3), keepdims=True)
    return centred.reshape(len(values), -1)


def _averaging(length: int, parts: int) -> NDArray[np.float32]:
    """A matrix (parts, length) that averages ``length`` pixels into ``parts`` equal stretches, cut pixels in parts."""
    edges = np.linspace(0.0, length, parts + 1)
    pixel = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights = np.clip(overlap, 0.0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
