"""MIDI files by way of mido, in and out."""

import importlib
import io
from collections import defaultdict
from dataclasses import dataclass, field
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
DRUMS = 9
"""The channel of percussion in General MIDI."""
DAMAGED = (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, LookupError)
"""What the parser raises on damaged files."""
_MAJORS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINORS = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")
SIGNATURES = {name: place - 7 for names in (_MAJORS, _MINORS) for place, name in enumerate(names)}
"""Sharps (flats are negative) of each key signature."""


@dataclass
class _Found:
    """What the tracks hold: notes (start, duration, pitch, velocity, part) in quarters, and what is set for all."""

    notes: list[tuple[float, float, float, float, float]] = field(default_factory=list[Any])
    parts: list[Part] = field(default_factory=list[Part])
    tempos: list[tuple[float, float]] = field(default_factory=list[Any])
    metres: list[tuple[float, tuple[int, int]]] = field(default_factory=list[Any])
    signatures: list[tuple[float, int]] = field(default_factory=list[Any])


def read_midi(data: bytes, name: str = "") -> Piece:
    """The piece in a MIDI file. Raises UnsupportedInput when it cannot be read or holds no note, MissingExtra."""
    mido = load()
    try:
        score = mido.MidiFile(file=io.BytesIO(data), clip=True)
        if score.ticks_per_beat <= 0:
            raise ValueError("its time is not counted in beats")
        found = _Found()
        for track in score.tracks:
            _read_track(mido, track, score.ticks_per_beat, found)
    except DAMAGED as error:
        raise _unreadable(name, error) from None
    if not found.notes:
        raise UnsupportedInput(f"{name or 'The file'} holds no note.", hint="Give a file with music in it.")
    return _piece(found, name)


def write_midi(piece: Piece) -> bytes:
    """A MIDI file: a track for what holds for all, then one for each part."""
    mido = load()
    file = mido.MidiFile(ticks_per_beat=TICKS)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(piece.tempo or USUAL_TEMPO)))
    head.append(mido.MetaMessage("time_signature", numerator=piece.metre[0], denominator=piece.metre[1]))
    file.tracks.append(head)
    melodic = [channel for channel in range(16) if channel != DRUMS]
    for number, part in enumerate(piece.parts):
        mine = piece.notes[piece.notes[:, PART] == number]
        if len(mine):
            channel = DRUMS if part.drums else melodic[number % len(melodic)]
            file.tracks.append(_track(mido, part, channel, mine))
    stream = io.BytesIO()
    file.save(file=stream)
    return stream.getvalue()


def load() -> Any:
    """The mido package. Raises MissingExtra."""
    try:
        return importlib.import_module("mido")
    except ModuleNotFoundError:
        raise MissingExtra("Music needs mido, which is not installed.", hint="pip install 'castalia[music]'") from None


def _track(mido: Any, part: Part, channel: int, notes: np.ndarray[Any, Any]) -> Any:
    events: list[tuple[int, int, Any]] = []
    for note in notes:
        start, end = round(note[START] * TICKS), round((note[START] + note[DURATION]) * TICKS)
        pitch, velocity = int(note[PITCH]), int(note[VELOCITY])
        # at one time, notes end before others begin
        events.append((start, 1, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((max(start + 1, end), 0, mido.Message("note_off", channel=channel, note=pitch)))
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=part.name.encode("latin-1", "replace").decode("latin-1")))
    track.append(mido.Message("program_change", channel=channel, program=part.program))
    before = 0
    for time, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=time - before))
        before = time
    return track


def _read_track(mido: Any, track: Any, ticks: int, found: _Found) -> None:
    """Notes of one track, a part for each of its channels; a note that never ends lasts to the track's end."""
    time, name = 0, ""
    programs: dict[int, int] = {}
    places: dict[int, int] = {}
    sounding: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)

    def end(channel: int, pitch: int) -> None:
        start, velocity = sounding[channel, pitch].pop(0)
        row = (start / ticks, max(time - start, 1) / ticks, pitch, velocity, places[channel])
        found.notes.append(row)

    for message in track:
        time += message.time
        kind = message.type
        if kind == "note_on" and message.velocity > 0:
            if message.channel not in places:
                places[message.channel] = len(found.parts)
                drums = message.channel == DRUMS
                found.parts.append(Part(name, 0 if drums else programs.get(message.channel, 0), drums))
            sounding[message.channel, message.note].append((time, message.velocity))
        elif kind in {"note_on", "note_off"} and sounding[message.channel, message.note]:
            end(message.channel, message.note)
        elif kind == "program_change":
            programs[message.channel] = message.program
        elif kind == "track_name":
            name = message.name
        elif kind == "set_tempo" and message.tempo > 0:
            found.tempos.append((time / ticks, round(mido.tempo2bpm(message.tempo), 2)))  # whole microseconds
        elif kind == "time_signature":
            found.metres.append((time / ticks, (message.numerator, message.denominator)))
        elif kind == "key_signature":
            found.signatures.append((time / ticks, SIGNATURES.get(message.key, 0)))
    for (channel, pitch), left in sounding.items():
        for _ in range(len(left)):
            end(channel, pitch)


def _piece(found: _Found, name: str) -> Piece:
    notes, metre = longest_stretch(in_order(np.asarray(found.notes, dtype=np.float64)), sorted(found.metres))
    tempo = min(found.tempos)[1] if found.tempos else None
    piece = Piece(notes, tuple(found.parts), metre, tempo, name=name)
    # a signature without sharps and flats is what programs write that know no key
    signature = min(found.signatures)[1] if found.signatures else 0
    tonic, minor = estimated_key(piece.pitched(), signature or None)
    return Piece(notes, tuple(found.parts), metre, tempo, tonic, minor, name)


def _unreadable(name: str, error: Exception) -> UnsupportedInput:
    why = str(error).split("\n", 1)[0][:120] or type(error).__name__
    return UnsupportedInput(f"{name or 'The file'} is no readable MIDI: {why}.", hint="Give an undamaged file.")
