"""MIDI by way of symusic (Liao et al. 2024), in and out."""

import importlib
from typing import Any

import numpy as np

from castalia.core.errors import MissingExtra, UnsupportedInput
from castalia.modalities.music.piece import (
    DURATION,
    PART,
    PITCH,
    START,
    VELOCITY,
    Part,
    Piece,
    estimated_key,
    in_order,
    longest_stretch,
)

TICKS = 480
USUAL_TEMPO = 100.0


def read_midi(data: bytes, name: str = "") -> Piece:
    """The piece in a MIDI file. Raises UnsupportedInput when it cannot be read or holds no note, MissingExtra."""
    try:
        score = load().Score.from_midi(data)
    except (RuntimeError, ValueError) as error:
        raise _unreadable(name, "MIDI", error) from None
    return _piece(score, name)


def write_midi(piece: Piece) -> bytes:
    """A MIDI file of several tracks, one for each part."""
    symusic = load()
    score = symusic.Score(TICKS)
    score.tempos.append(symusic.Tempo(time=0, qpm=piece.tempo or USUAL_TEMPO))
    score.time_signatures.append(symusic.TimeSignature(time=0, numerator=piece.metre[0], denominator=piece.metre[1]))
    for number, part in enumerate(piece.parts):
        track = symusic.Track(name=part.name, program=part.program, is_drum=part.drums)
        mine = piece.notes[piece.notes[:, PART] == number]
        for note in mine:
            start, end = round(note[START] * TICKS), round((note[START] + note[DURATION]) * TICKS)
            velocity, pitch = int(note[VELOCITY]), int(note[PITCH])
            track.notes.append(symusic.Note(time=start, duration=max(1, end - start), pitch=pitch, velocity=velocity))
        if len(mine):
            score.tracks.append(track)
    return bytes(score.dumps_midi())


def load() -> Any:
    """The symusic package. Raises MissingExtra."""
    try:
        return importlib.import_module("symusic")
    except ModuleNotFoundError:
        raise MissingExtra(
            "Music needs symusic, which is not installed.", hint="pip install 'castalia[music]'"
        ) from None


def _piece(score: Any, name: str) -> Piece:
    quarters = float(score.ticks_per_quarter)
    parts: list[Part] = []
    rows: list[tuple[float, float, float, float, float]] = []
    for track in score.tracks:
        if not len(track.notes):
            continue
        for note in track.notes:
            duration = max(note.duration, 1) / quarters
            rows.append((note.time / quarters, duration, note.pitch, max(note.velocity, 1), len(parts)))
        parts.append(Part(str(track.name), int(track.program), bool(track.is_drum)))
    if not rows:
        raise UnsupportedInput(f"{name or 'The file'} holds no note.", hint="Give a file with music in it.")
    notes = np.asarray(rows, dtype=np.float64)
    changes = [(one.time / quarters, (one.numerator, one.denominator)) for one in score.time_signatures]
    notes, metre = longest_stretch(in_order(notes), changes)
    tempos = [round(float(one.qpm), 2) for one in score.tempos]  # kept in whole microseconds
    signatures = [int(one.key) for one in score.key_signatures]
    piece = Piece(notes, tuple(parts), metre, tempos[0] if tempos else None, name=name)
    # a signature without sharps and flats is what programs write that know no key
    tonic, minor = estimated_key(piece.pitched(), signatures[0] if signatures and signatures[0] else None)
    return Piece(notes, tuple(parts), metre, piece.tempo, tonic, minor, name)


def _unreadable(name: str, kind: str, error: Exception) -> UnsupportedInput:
    why = str(error).split("\n", 1)[0][:120]
    return UnsupportedInput(f"{name or 'The file'} is no readable {kind}: {why}.", hint="Give an undamaged file.")
