"""Instant checks of music: readable, has notes, no single note over and over, in range, no copy; key, tempo, length as
asked.

Models of ours keep traces of their training pieces (``fingerprints.safetensors``), so that a piece is measured against
what was learnt. Rendered sound is checked by the MIDI that goes with it (``info["midi"]``), and for being audible.
"""

import base64
import importlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.content import Part
from castalia.core.errors import CastaliaError
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.modalities.music.fingerprints import (
    DENSITY,
    HIGHEST,
    LOWEST,
    TOGETHER,
    longest_copy,
    most_together,
    statistics,
)
from castalia.modalities.music.midi import USUAL_TEMPO
from castalia.modalities.music.options import MusicOptions
from castalia.modalities.music.piece import PITCH, Piece, estimated_key
from castalia.modalities.music.reading import read_music
from castalia.modalities.music.representation import at_home, tempo_group
from castalia.modalities.music.wording import Order, read_order
from castalia.modalities.sound import decode

FINGERPRINTS = "fingerprints.safetensors"

FEWEST = 4
"""Notes below which nothing is a tune."""

ONE_NOTE = 0.6
"""Share of a piece that one pitch may have: drones and drum loops reach a half."""

MARGIN = 5
"""Semitones that a piece may leave the range of the training pieces, which it is transposed from."""

LONGEST_COPY = 32
"""Notes in a row, in any key: eight bars of a chorale. Phrases of half that length are common to whole styles."""

SILENT = -45.0
"""dB below full scale under which sound is not heard."""

Prints = dict[str, NDArray[np.generic]]


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures ``readable``, ``notes``, ``one note``; where they were asked for ``key``, ``tempo`` and ``length``; for
    sound ``loudness``; for our models ``range``, ``voices at once``, ``density`` and ``copied notes``."""
    try:
        piece, loudness = _read(output)
    except (CastaliaError, OSError, ValueError) as error:
        note = f"The music cannot be read: {error}"
        return [Measure(name="readable", value=0, direction="higher", threshold=1, status="block", note=note)]
    measures = [Measure(name="readable", value=1, direction="higher", threshold=1)]
    if loudness is not None:
        measures.append(_loudness(loudness))
    if piece is None:
        return measures
    measures += [_notes(piece), _one_note(piece)]
    measures += _as_asked(piece, _order(context))
    prints = _prints(context)
    return measures if prints is None else [*measures, *_against(piece, prints)]


def _read(output: Part) -> tuple[Piece | None, float | None]:
    """The piece, where its notes are known, and the loudness in dB of sound."""
    data = output.read()
    if output.media_type in {"audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"}:
        samples, _ = decode(data)
        power = float(np.square(samples, dtype=np.float64).mean())
        score = output.info.get("midi")
        piece = read_music(base64.b64decode(score)) if isinstance(score, str) else None
        return piece, max(-120.0, 10 * float(np.log10(power))) if power > 0 else -120.0
    return read_music(data), None


def _loudness(level: float) -> Measure:
    return Measure(
        name="loudness",
        value=round(level, 1),
        unit="dBFS",
        direction="higher",
        threshold=SILENT,
        status="flag" if level < SILENT else "pass",
        note="The sound is silent." if level < SILENT else "",
    )


def _notes(piece: Piece) -> Measure:
    few = len(piece.notes) < FEWEST
    return Measure(
        name="notes",
        value=len(piece.notes),
        direction="higher",
        threshold=FEWEST,
        status="flag" if few else "pass",
        note="There is hardly a note in it." if few else "",
    )


def _one_note(piece: Piece) -> Measure:
    counts = np.bincount(piece.notes[:, PITCH].astype(int))
    share = float(counts.max() / counts.sum())
    stuck = share > ONE_NOTE and len(piece.notes) >= FEWEST
    return Measure(
        name="one note",
        value=round(share, 3),
        unit="share of notes",
        direction="lower",
        threshold=ONE_NOTE,
        status="flag" if stuck else "pass",
        note="It is mostly one note." if stuck else "",
    )


def _length(piece: Piece, wanted: int) -> Measure:
    missing = abs(piece.bars - wanted)
    allowed = max(1, round(0.1 * wanted))
    return Measure(
        name="length",
        value=piece.bars,
        unit="bars",
        direction="none",
        threshold=wanted,
        status="flag" if missing > allowed else "pass",
        note=f"{wanted} bars were asked for." if missing > allowed else "",
    )


def _against(piece: Piece, prints: Prints) -> list[Measure]:
    usual = np.asarray(prints["usual"], dtype=np.float64)
    found = statistics(at_home(piece))
    low, high = float(usual[:, LOWEST].min()), float(usual[:, HIGHEST].max())
    outside = max(0.0, low - float(found[LOWEST]), float(found[HIGHEST]) - high)
    together, most = most_together(piece.notes), float(np.percentile(usual[:, TOGETHER], 99.5)) + 1
    densest = 1.5 * float(np.percentile(usual[:, DENSITY], 99))
    copied = longest_copy(piece, prints)
    return [
        _limit("range", outside, "semitones outside", MARGIN, "It leaves the range of the training pieces."),
        _limit("voices at once", together, "notes", most, "More notes sound at once than in any training piece."),
        _limit("density", float(found[DENSITY]), "notes a bar", densest, "It has far more notes than is usual."),
        _limit(
            "copied notes",
            copied.length,
            "notes in a row",
            LONGEST_COPY,
            f"{copied.length} notes in a row are a training piece's.",
        ),
    ]


def _limit(name: str, value: float, unit: str, threshold: float, note: str) -> Measure:
    over = value > threshold
    return Measure(
        name=name,
        value=round(value, 2),
        unit=unit,
        direction="lower",
        threshold=round(threshold, 2),
        status="flag" if over else "pass",
        note=note if over else "",
    )


def _order(context: CheckContext) -> Order:
    known = MusicOptions.model_fields
    options = {name: value for name, value in context.request.options.items() if name in known}
    return read_order(context.request.prompt, MusicOptions.model_validate(options))


def _as_asked(piece: Piece, order: Order) -> list[Measure]:
    """Measures of what was asked for in words or options."""
    measures: list[Measure] = []
    if order.key is not None:
        measures.append(_key(piece, *order.key))
    if order.tempo is not None or order.pace is not None:
        measures.append(_tempo(piece, order))
    if order.bars is not None:
        measures.append(_length(piece, order.bars))
    return measures


def _key(piece: Piece, tonic: int | None, minor: bool) -> Measure:
    """Whether it sounds so: by its notes and its last bass note, not by what the file says."""
    heard = replace(piece, notes=piece.pitched())
    found = estimated_key(heard.notes) if len(heard.notes) else (0, False)
    right = found[1] == minor and tonic in {None, found[0]}
    sounds = f"It sounds like {replace(heard, tonic=found[0], minor=found[1]).key}."
    return Measure(
        name="key",
        value=float(right),
        direction="higher",
        threshold=1,
        status="pass" if right else "flag",
        note=sounds,
    )


def _tempo(piece: Piece, order: Order) -> Measure:
    """Within 2 % of a number that was asked for, or in the group of the word."""
    tempo = piece.tempo or USUAL_TEMPO
    if order.tempo is not None:
        right, wanted = abs(tempo - order.tempo) <= 0.02 * order.tempo, f"{order.tempo:g}"
    else:
        right, wanted = tempo_group(tempo) == order.pace, str(order.pace)
    return Measure(
        name="tempo",
        value=round(tempo, 1),
        unit="quarter notes a minute",
        direction="none",
        status="pass" if right else "flag",
        note="" if right else f"{wanted} was asked for.",
    )


def _prints(context: CheckContext) -> Prints | None:
    if context.model is None or context.model.format != "castalia":
        return None
    path = context.model.folder / FINGERPRINTS
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else None


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Prints | None:
    del changed  # part of the key: a model may be trained again under its name
    numpy_files: Any = importlib.import_module("safetensors.numpy")
    prints: Prints = numpy_files.load_file(path)
    return prints if {"runs", "usual"} <= prints.keys() else None
