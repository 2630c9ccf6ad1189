"""Looking through a folder of scores before training, so that every problem is told at once."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np

from castalia.core.contracts import Survey
from castalia.modalities.folders import file_warnings, some
from castalia.modalities.music import fitting
from castalia.modalities.music.options import MusicData
from castalia.modalities.music.piece import FAMILIES, PART, PITCH, START, Piece
from castalia.modalities.music.reading import FEWEST, Read, read_all
from castalia.modalities.music.representation import tempo_group

FEW = 100
LONG_SILENCE = 32.0
"""Quarter notes without a note that are told."""


def survey(source: Path, options: MusicData) -> Survey:
    """All problems, warnings and facts; reads every file once."""
    found = Survey(modality="music", source=source, count=0)
    read = read_all(source, options)
    for name, reason in read.bad.items():
        line = reason if name in reason else f"{name}: {reason}"
        (found.warnings if options.skip_bad else found.problems).append(
            line + (" Left out." if options.skip_bad else "")
        )
    found.warnings += file_warnings(read.listing, "music") if source.is_dir() else []
    pieces = different(read.pieces)
    found.count = len(pieces)
    if not read.listing.items:
        found.problems.append("there is no music (.mid, .musicxml, .mxl or .abc) in it")
        return found
    if len(pieces) < FEWEST:
        found.problems.append(f"{len(pieces)} different pieces are too few: at least {FEWEST} are needed")
    elif len(pieces) < FEW:
        found.warnings.append(f"{len(pieces)} pieces are few: the model may repeat them; hundreds are better")
    if pieces:
        _judge(found, pieces, options, read)
    return found


def different(pieces: list[Piece]) -> list[Piece]:
    """Without pieces that have the same notes as another one, in whatever key."""
    kept: dict[bytes, Piece] = {}
    for piece in pieces:
        notes = piece.notes[:, [START, PITCH, PART]].copy()
        notes[:, 1] -= notes[:, 1].min()
        kept.setdefault(sha256(np.round(notes, 3).tobytes()).digest(), piece)
    return list(kept.values())


def _judge(found: Survey, pieces: list[Piece], options: MusicData, read: Read) -> None:
    twice = len(read.pieces) - len(pieces)
    if twice:
        found.warnings.append(f"{twice} pieces have the same notes as another and are used once")
    usable = fitting.usable(pieces, options)
    parts = fitting.parts_of(pieces, options)
    if len(usable) < len(pieces):
        why = "have rare metres" + (f" or other than {parts} parts" if parts is not None else "")
        kept = {id(piece) for piece in usable}
        told = [piece.name for piece in pieces if id(piece) not in kept]
        found.warnings.append(f"{len(pieces) - len(usable)} pieces {why} and are left out: {some(told)}")
    if len(usable) < FEWEST <= len(pieces):
        found.problems.append(f"only {len(usable)} pieces share their metres and parts; at least {FEWEST} are needed")
    grid, share = fitting.grid_of(pieces)
    if share < fitting.ON_GRID:
        found.warnings.append(
            f"only {share:.0%} of the notes begin on a grid of {grid} steps a quarter note: they look played, not "
            "written, and are moved to the nearest step"
        )
    still = [piece.name for piece in pieces if np.diff(piece.notes[:, START]).max(initial=0.0) > LONG_SILENCE]
    if still:
        found.warnings.append(f"{len(still)} pieces hold long silences: {some(still)}")
    found.facts = {
        "pieces": len(pieces),
        "keys": dict(Counter(piece.key for piece in pieces).most_common()),
        "metres": {f"{beats}/{kind}": n for (beats, kind), n in Counter(p.metre for p in pieces).most_common(8)},
        "tempi": dict(Counter(tempo_group(p.tempo) if p.tempo else "not stated" for p in pieces)),
        "instruments": dict(
            Counter(FAMILIES[part.family] for piece in pieces for part in set(piece.parts)).most_common(8)
        ),
        "voices": parts if parts is not None else "by instrument",
        "classes": sorted({FAMILIES[part.family] for piece in pieces for part in piece.parts}),
    }
