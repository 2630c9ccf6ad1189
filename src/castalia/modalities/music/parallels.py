"""Two lines that run on in fifths or octaves: what part writing avoids, and what a model has to learn to avoid."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.piece import PART, PITCH, START, Piece

PERFECT = (0, 7)
"""Semitones modulo the octave of unisons and octaves, and of fifths."""


def moments(piece: Piece) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The times (n,) at which a note begins, and what each part sings then (n, parts).

    A silent part keeps its last pitch, one that has not begun yet has its first one.
    """
    times = np.unique(np.round(piece.notes[:, START], 3))
    sung = np.zeros((len(times), len(piece.parts)))
    for part in range(len(piece.parts)):
        mine = piece.notes[piece.notes[:, PART] == part]
        if len(mine):
            places = np.searchsorted(mine[:, START], times + 1e-3) - 1
            sung[:, part] = mine[np.maximum(places, 0), PITCH]
    return times, sung


def parallels(piece: Piece) -> NDArray[np.float64]:
    """When two parts arrive, both moving, at the fifth, octave or unison that they were apart before.

    Times in order, one for each pair of parts.
    """
    times, sung = moments(piece)
    moved = np.diff(sung, axis=0) != 0
    found: list[NDArray[np.float64]] = []
    for upper, lower in combinations(range(sung.shape[1]), 2):
        apart = (sung[:, upper] - sung[:, lower]) % 12
        wrong = moved[:, upper] & moved[:, lower] & (apart[1:] == apart[:-1]) & np.isin(apart[1:], PERFECT)
        found.append(times[1:][wrong])
    return np.sort(np.concatenate([np.zeros(0), *found]))


def parallel_share(pieces: list[Piece]) -> float:
    """Parallels for each moment of some pieces."""
    count = sum(len(moments(piece)[0]) for piece in pieces)
    return sum(len(parallels(piece)) for piece in pieces) / max(1, count)
