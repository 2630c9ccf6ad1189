"""Quick figures of how like the held-out pieces the composed ones are."""

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.piece import DURATION, MAJOR, MINOR, PART, PITCH, START, Piece
from castalia.modalities.music.representation import FINAL, MusicRepresentation

SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (9, 11, 0, 2, 4, 5, 7, 8)}
"""C major, and A minor with both sevenths: pieces are learnt in these keys."""
MOST = 256


def training_figures(
    view: MusicRepresentation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
) -> dict[str, float]:
    """Figures by name; those that end in ``_real`` are the same between halves of the held-out pieces.

    ``pitch_overlap``, ``length_overlap``, ``interval_overlap``: what the shares of pitch classes, of note lengths and
    of steps of the lines have in common, 1 when alike. ``in_key``: share of notes within C major or A minor.
    ``density``: notes a bar over that of real ones. ``ended``: share of composed items that end as a piece ends.
    """
    left = [view.decode(row) for row in np.asarray(real)[:MOST]]
    right = [view.decode(row) for row in np.asarray(synthetic)[:MOST]]
    left, right = ([piece for piece in pieces if len(piece.notes)] for pieces in (left, right))
    if min(len(left), len(right)) < 4:
        return {}
    half = len(left) // 2
    figures: dict[str, float] = {}
    for name, shares in (("pitch", _classes), ("length", _lengths), ("interval", _intervals)):
        figures[f"{name}_overlap"] = _overlap(shares(left), shares(right))
        figures[f"{name}_overlap_real"] = _overlap(shares(left[:half]), shares(left[half:]))
    figures["in_key"], figures["in_key_real"] = _in_key(right), _in_key(left)
    figures["density"] = _density(right) / max(_density(left), 1e-6)
    figures["ended"] = float((np.asarray(synthetic)[:MOST] == FINAL).any(axis=1).mean())
    return figures


def _classes(pieces: list[Piece]) -> NDArray[np.float64]:
    return sum((_histogram(piece.pitched()[:, PITCH].astype(int) % 12, 12) for piece in pieces), np.zeros(12))


def _lengths(pieces: list[Piece]) -> NDArray[np.float64]:
    found = (np.clip(np.rint(piece.notes[:, DURATION] * 12), 0, 199).astype(int) for piece in pieces)
    return sum((_histogram(lengths, 200) for lengths in found), np.zeros(200))


def _intervals(pieces: list[Piece]) -> NDArray[np.float64]:
    counts = np.zeros(51)
    for piece in pieces:
        for number in np.unique(piece.notes[:, PART]):
            mine = piece.notes[piece.notes[:, PART] == number]
            mine = mine[np.lexsort((-mine[:, PITCH], mine[:, START]))]
            steps = np.clip(np.diff(mine[:, PITCH]), -25, 25).astype(int) + 25
            counts += _histogram(steps, 51)
    return counts


def _histogram(values: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    return np.bincount(values, minlength=size).astype(np.float64)


def _overlap(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    return float(np.minimum(left / max(left.sum(), 1), right / max(right.sum(), 1)).sum())


def _in_key(pieces: list[Piece]) -> float:
    """The share of notes in whichever of the two scales fits a piece better by its profile."""
    inside = total = 0.0
    for piece in pieces:
        classes = _histogram(piece.pitched()[:, PITCH].astype(int) % 12, 12)
        minor = bool(classes @ np.roll(MINOR, 9) > classes @ MAJOR)
        inside, total = inside + float(classes[list(SCALES[minor])].sum()), total + float(classes.sum())
    return inside / max(total, 1.0)


def _density(pieces: list[Piece]) -> float:
    return sum(len(piece.notes) for piece in pieces) / max(1, sum(piece.bars for piece in pieces))
