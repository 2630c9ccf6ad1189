"""Traces of training pieces: hashes of what a line does, so that a copied stretch is found in any key and tempo.

A line is the highest note at each moment of a part. Each of its steps is the interval to the next note with the ratio
of their distances in time; every run of eight steps is hashed to 32 bits. Beside them stand a few statistics of the
training items, by which checks know what is usual.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.piece import DURATION, PART, PITCH, START, Notes, Piece
from castalia.modalities.music.representation import MusicRepresentation

RUN = 8
MOST_ITEMS = 20_000
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)

LOWEST, HIGHEST, TOGETHER, DENSITY = range(4)
"""Columns of ``usual``: lowest and highest pitch, notes sounding at once at most, notes a bar."""


@dataclass(frozen=True)
class Copied:
    """The longest run of notes of a line that a training piece has, and the share of runs of nine notes that do."""

    length: int
    share: float


def fingerprints(view: MusicRepresentation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """``runs`` (n,) uint32, sorted; ``usual`` (items, 4) float32, see `LOWEST` and the others."""
    pieces = [view.decode(row) for row in np.asarray(data)[:MOST_ITEMS]]
    hashes = [line_hashes(line) for piece in pieces for line in lines(piece)]
    runs = np.unique(np.concatenate([np.zeros(0, dtype=np.uint32), *hashes]))
    return {"runs": runs, "usual": np.stack([statistics(piece) for piece in pieces])}


def longest_copy(piece: Piece, prints: dict[str, NDArray[np.generic]]) -> Copied:
    """How much of the piece's lines stands in the training set."""
    best, hit, total = 0, 0, 0
    for line in lines(piece):
        found = np.isin(line_hashes(line), prints["runs"])
        hit, total = hit + int(found.sum()), total + len(found)
        run = 0
        for one in found.tolist():
            run = run + 1 if one else 0
            best = max(best, run + RUN if run else 0)
    return Copied(best, hit / total if total else 0.0)


def lines(piece: Piece) -> list[Notes]:
    """The highest notes of each part but drums, in order."""
    found: list[Notes] = []
    for number, part in enumerate(piece.parts):
        mine = piece.notes[piece.notes[:, PART] == number]
        if len(mine) and not part.drums:
            _, first = np.unique(np.round(mine[:, START], 4), return_index=True)
            found.append(mine[first])  # in the order of notes, higher ones stand first
    return found


def line_hashes(line: Notes) -> NDArray[np.uint32]:
    """The hash of each run of eight steps (n - 8,)."""
    intervals = np.diff(line[:, PITCH]).astype(np.int64)
    times = np.diff(line[:, START])
    ratios = np.round(12 * np.log2(np.maximum(times[1:], 1e-3) / np.maximum(times[:-1], 1e-3))).astype(np.int64)
    steps = (intervals[1:] + 200) * 1000 + ratios + 500
    count = len(steps) - RUN + 2
    if count <= 0 or not len(steps):
        return np.zeros(0, dtype=np.uint32)
    signs = steps.astype(np.uint64)
    hashes = (intervals[:count] + 200).astype(np.uint64)
    for offset in range(RUN - 1):
        hashes = hashes * _BASE + signs[offset : offset + count]
    hashes = (hashes ^ (hashes >> np.uint64(31))) * _MIX
    return ((hashes ^ (hashes >> np.uint64(29))) >> np.uint64(32)).astype(np.uint32)


def statistics(piece: Piece) -> NDArray[np.float32]:
    """Lowest and highest pitch, the most notes at once, notes a bar (4,)."""
    notes = piece.pitched()
    notes = notes if len(notes) else piece.notes
    if not len(notes):
        return np.zeros(4, dtype=np.float32)
    density = len(piece.notes) / max(1, piece.bars)
    found = [notes[:, PITCH].min(), notes[:, PITCH].max(), most_together(piece.notes), density]
    return np.asarray(found, dtype=np.float32)


def most_together(notes: Notes) -> int:
    """How many notes sound at once at most."""
    edges = np.concatenate([notes[:, START], notes[:, START] + notes[:, DURATION] - 1e-6])
    changes = np.repeat([1, -1], len(notes))
    return int(np.cumsum(changes[np.lexsort((changes, edges))]).max()) if len(notes) else 0
