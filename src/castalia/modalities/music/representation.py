"""The view of music that families learn: bars, positions, notes and durations as tokens, with a grammar.

Like REMI (Huang and Yang 2020). An item is a piece, or a stretch of whole bars of a long one, moved to C major or A
minor, so that every key is learnt from all of them:

    OPENING or MIDDLE, metre, ( BAR ( position ( note duration [velocity] )+ )* )+, FINAL where the piece ends

A note names voice and pitch at once. The grammar lets positions only grow within a bar of their metre, so that every
sequence of tokens that obeys it is a piece.

Where each voice is one line, ``lasting``, no durations are written, for half the tokens: a note lasts until the next
one, or the rest, of its voice, the last one to the end of the last bar. Then each voice is named at most once at a
position, the lowest first:

    OPENING or MIDDLE, metre, ( BAR ( position ( note | rest )+ )* )+, FINAL where the piece ends
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.representation import Conditions, Segment, Tokens
from castalia.modalities.music.grammar import FIRST_METRE, grammar_of
from castalia.modalities.music.piece import (
    DURATION,
    FAMILIES,
    PART,
    START,
    VELOCITY,
    Notes,
    Part,
    Piece,
    in_order,
)

PADDING, OPENING, MIDDLE, FINAL, BAR = range(FIRST_METRE)
TEMPI = (76.0, 116.0)
"""Quarter notes a minute that part slow from moderate and moderate from fast."""
TEMPO_NAMES = ("slow", "moderate", "fast")
BAR_COUNTS = (4, 8, 12, 16, 24, 32, 48)
"""Lengths in bars, each group up to its number, the last one beyond."""
REGISTERS = tuple(f"{shift:+d} and {shift + 1:+d}" for shift in range(-6, 6, 2))
"""Semitones by which a piece was moved to C major or A minor: its voices lie that much too high or low there."""
LOUDNESS = 80
MINOR_TONIC = 9


@dataclass(frozen=True)
class Voice:
    """One line: how it sounds and the lowest and highest pitch that it has, all pieces moved to C major or A minor.

    ``sung`` is the range that it keeps to in the keys of the pieces, its rare notes left out; None where that is not
    known.
    """

    part: Part
    low: int
    high: int
    sung: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """How many pitches there are."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class MusicRepresentation:
    """Everything that turns pieces into tokens and back; JSON-ready through `config`.

    ``grid`` is steps in a quarter note. ``durations`` are in steps, ``velocities`` the loudness of each level (none: it
    is not learnt). ``by_parts``: voices are the parts of a piece in order, else its kinds of instruments. ``groups``
    names the conditions with their values. ``keys`` counts the pieces of each key, 12 major ones then 12 minor.
    ``lasting``: durations are not written, see the first lines; ``durations`` and ``velocities`` are empty then.
    ``parallels``: how many parallel fifths and octaves training pieces have at each moment, None where voices are no
    lines.
    """

    grid: int
    metres: tuple[tuple[int, int], ...]
    voices: tuple[Voice, ...]
    durations: tuple[int, ...]
    velocities: tuple[int, ...]
    length: int
    by_parts: bool
    groups: dict[str, tuple[str, ...]]
    keys: tuple[int, ...]
    tempo: float
    name: str = "notes"
    lasting: bool = False
    parallels: float | None = None

    @cached_property
    def steps(self) -> list[int]:
        """Positions of a bar of each metre."""
        return [max(1, round(4 * beats / kind * self.grid)) for beats, kind in self.metres]

    @cached_property
    def firsts(self) -> tuple[int, int, int, int, int]:
        """The first token of positions, durations, velocities and notes, and one past the last note.

        After the notes come the rests, one for each voice, of a ``lasting`` representation.
        """
        positions = FIRST_METRE + len(self.metres)
        durations = positions + max(self.steps)
        velocities = durations + len(self.durations)
        notes = velocities + len(self.velocities)
        return positions, durations, velocities, notes, notes + sum(voice.width for voice in self.voices)

    @cached_property
    def layout(self) -> Tokens:
        """Tokens (length,) with their grammar."""
        rests = len(self.voices) if self.lasting else 0
        widths = [voice.width for voice in self.voices]
        grammar = grammar_of(self.steps, self.firsts, widths, lasting=self.lasting)
        return Tokens(vocabulary=self.firsts[4] + rests, length=self.length, grammar=grammar)

    @property
    def conditions(self) -> Conditions | None:
        """One categorical group for each of ``groups``."""
        if not self.groups:
            return None
        found: list[Segment] = []
        for name, values in self.groups.items():
            start = found[-1].stop if found else 0
            found.append(Segment(name=name, kind="categorical", start=start, width=len(values)))
        return Conditions(groups=tuple(found))

    @property
    def fewest_bars(self) -> int:
        """As short as training pieces are in number, 1 where that is not known."""
        limits = [limit for limit in BAR_COUNTS if bars_group(limit) in self.groups.get("bars", ())]
        return max([0, *(limit for limit in BAR_COUNTS if limit < limits[0])]) + 1 if limits else 1

    def encode_conditions(self, rows: list[dict[str, str]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Condition vectors (n, width) and known groups (n, groups) of named values; values unknown here are left."""
        conditions = self.conditions
        groups = () if conditions is None else conditions.groups
        vectors = np.zeros((len(rows), 0 if conditions is None else conditions.width), dtype=np.float32)
        known = np.zeros((len(rows), len(groups)), dtype=np.bool_)
        for row, wanted in enumerate(rows):
            for place, group in enumerate(groups):
                values = self.groups[group.name]
                if wanted.get(group.name) in values:
                    vectors[row, group.start + values.index(wanted[group.name])] = 1.0
                    known[row, place] = True
        return vectors, known

    def unsung(self, tonic: int, *, minor: bool) -> tuple[int, ...]:
        """The notes, as tokens, that lie outside what a voice sings once the piece is moved to this key."""
        shift, token = home_shift(tonic, minor=minor), self.firsts[3]
        found: list[int] = []
        for voice in self.voices:
            low, high = (voice.low - shift, voice.high - shift)
            if voice.sung is not None and not voice.part.drums:
                low, high = voice.sung
            found += [
                token + pitch - voice.low
                for pitch in range(voice.low, voice.high + 1)
                if not low <= pitch - shift <= high
            ]
            token += voice.width
        return tuple(found)

    def facts(self, piece: Piece) -> dict[str, str]:
        """The values of all conditions of a whole piece."""
        found = {"key": "minor" if piece.minor else "major", "bars": bars_group(piece.bars)}
        found["register"] = register_group(piece.tonic, minor=piece.minor)
        if piece.tempo is not None:
            found["tempo"] = tempo_group(piece.tempo)
        counts = np.bincount(piece.notes[:, PART].astype(int), minlength=len(piece.parts))
        found["instrument"] = FAMILIES[piece.parts[int(counts.argmax())].family]
        return found

    def voice_of(self, piece: Piece, part: int) -> int | None:
        """The voice that a part of a piece is; None when there is none for it."""
        if self.by_parts:
            return part if part < len(self.voices) else None
        family = piece.parts[part].family
        return next((n for n, voice in enumerate(self.voices) if voice.part.family == family), None)

    def encode(self, piece: Piece) -> list[NDArray[np.int64]]:
        """The items of a piece, each (length,) and padded; none when its metre is not known."""
        if piece.metre not in self.metres:
            return []
        metre = self.metres.index(piece.metre)
        bars = self._bars(at_home(piece), self.steps[metre])
        room = self.length - 3
        bars = [bar[:room] if len(bar) > room else bar for bar in bars]
        total = sum(map(len, bars))
        target = total / max(1, -(-total // room))
        stretches: list[list[list[int]]] = [[]]
        for bar in bars:
            size = sum(map(len, stretches[-1]))
            if stretches[-1] and (size + len(bar) > room or size >= target):
                stretches.append([])
            stretches[-1].append(bar)
        items: list[NDArray[np.int64]] = []
        for index, stretch in enumerate(stretches):
            last = index == len(stretches) - 1
            body = [token for bar in (stretch if self.lasting else _trimmed(stretch)) for token in bar]
            if len(body) < 4:
                continue
            tokens = [OPENING if index == 0 else MIDDLE, FIRST_METRE + metre, *body, *([FINAL] if last else [])]
            row = np.full(self.length, PADDING, dtype=np.int64)
            row[: len(tokens)] = tokens
            items.append(row)
        return items

    def decode(self, tokens: NDArray[np.generic]) -> Piece:
        """The piece of a row of tokens, in C major or A minor; its key is estimated by nobody."""
        positions, durations, velocities, notes, rests = self.firsts
        metre, bar, place, pitch, voice = 0, -1, 0, 0, 0
        rows: list[list[float]] = []
        open_rows: dict[int, list[float]] = {}
        for token in np.asarray(tokens, dtype=np.int64).tolist():
            now = (max(bar, 0) * self.steps[metre] + place) / self.grid
            if token in {PADDING, OPENING, MIDDLE, FINAL}:
                continue
            if token == BAR:
                bar += 1
            elif token < positions:
                metre = token - FIRST_METRE
            elif token < durations:
                place = token - positions
            elif token < velocities:
                rows.append([now, self.durations[token - durations] / self.grid, float(pitch), LOUDNESS, float(voice)])
            elif token < notes:
                rows[-1][VELOCITY] = self.velocities[token - velocities]
            elif token >= rests:
                _close(open_rows, token - rests, now)
            else:
                voice, pitch = self._voice_and_pitch(token - notes)
                if self.lasting:
                    _close(open_rows, voice, now)
                    open_rows[voice] = [now, 0.0, float(pitch), LOUDNESS, float(voice)]
                    rows.append(open_rows[voice])
        for number in list(open_rows):
            _close(open_rows, number, (bar + 1) * self.steps[metre] / self.grid)
        data = np.asarray(rows, dtype=np.float64).reshape(-1, 5)
        parts = tuple(one.part for one in self.voices)
        return Piece(in_order(data), parts, self.metres[metre], self.tempo)

    def config(self) -> dict[str, object]:
        """JSON-ready; `restored` reads it."""
        return cast("dict[str, object]", asdict(self))

    def _bars(self, piece: Piece, steps: int) -> list[list[int]]:
        positions, durations, velocities, notes, _ = self.firsts
        known = np.asarray(self.durations)
        bars: list[list[int]] = []
        place = -1
        rows = _quantised(piece.notes, self.grid)
        if self.lasting:
            rows = self._lines(piece, rows, steps)
        for start, length, pitch, velocity, part in rows:
            voice = self.voice_of(piece, int(part))
            if voice is None or (pitch >= 0 and not self.voices[voice].low <= pitch <= self.voices[voice].high):
                continue
            bar, position = divmod(int(start), steps)
            while len(bars) <= bar:
                bars.append([BAR])
                place = -1
            if position != place:
                bars[-1].append(positions + position)
                place = position
            bars[-1].append(notes + self._number(voice, int(pitch)))
            if self.durations:
                bars[-1].append(durations + int(np.abs(known - length).argmin()))
            if self.velocities:
                bars[-1].append(velocities + int(np.abs(np.asarray(self.velocities) - velocity).argmin()))
        if self.lasting and len(rows):
            end = int((rows[:, START] + rows[:, DURATION]).max())
            bars += [[BAR] for _ in range(-(-end // steps) - len(bars))]
        return bars

    def _lines(self, piece: Piece, notes: Notes, steps: int) -> Notes:
        """At most one note of a part at a time, the lowest part first, and rests: rows of pitch -1 and no length
        wherever a part falls silent before its next note or the end of the last bar."""
        end = -(-int((notes[:, START] + notes[:, DURATION]).max(initial=0)) // steps) * steps
        found: list[Notes] = []
        for part in range(len(piece.parts)):
            mine = notes[notes[:, PART] == part]
            mine = mine[np.unique(mine[:, START], return_index=True)[1]]  # in the order of notes, higher ones first
            stops = mine[:, START] + mine[:, DURATION]
            stops = stops[stops < np.append(mine[1:, START], end)]
            rests = np.tile([0.0, 0.0, -1.0, 0.0, float(part)], (len(stops), 1))
            rests[:, START] = stops
            found += [mine, rests]
        rows = np.concatenate(found)
        return rows[np.lexsort((-rows[:, PART], rows[:, START]))]

    def _number(self, voice: int, pitch: int) -> int:
        """The place of a note among all notes; of a rest, pitch -1, among what comes after them."""
        if pitch < 0:
            return sum(one.width for one in self.voices) + voice
        return sum(one.width for one in self.voices[:voice]) + pitch - self.voices[voice].low

    def _voice_and_pitch(self, number: int) -> tuple[int, int]:
        for place, voice in enumerate(self.voices):
            if number < voice.width:
                return place, voice.low + number
            number -= voice.width
        raise ValueError("a token is outside the vocabulary")


def restored(config: dict[str, object]) -> MusicRepresentation:
    """The representation that `MusicRepresentation.config` described. Raises KeyError, TypeError for anything else."""
    values = cast("dict[str, Any]", dict(config))
    values["voices"] = tuple(
        Voice(Part(**one["part"]), one["low"], one["high"], None if one.get("sung") is None else tuple(one["sung"]))
        for one in values["voices"]
    )
    values["metres"] = tuple((int(beats), int(kind)) for beats, kind in values["metres"])
    values["groups"] = {name: tuple(found) for name, found in values["groups"].items()}
    for name in ("durations", "velocities", "keys"):
        values[name] = tuple(values[name])
    return MusicRepresentation(**values)


def at_home(piece: Piece) -> Piece:
    """The piece in C major or A minor, moved by at most six semitones."""
    return piece.transposed(home_shift(piece.tonic, minor=piece.minor))


def in_key(piece: Piece, tonic: int, *, minor: bool) -> Piece:
    """A decoded piece moved to a key."""
    home = replace(piece, tonic=MINOR_TONIC if minor else 0, minor=minor)
    return home.transposed(-home_shift(tonic, minor=minor))


def home_shift(tonic: int, *, minor: bool) -> int:
    """Semitones, -6 to 5, from a key to C major or A minor."""
    return ((MINOR_TONIC if minor else 0) - tonic + 6) % 12 - 6


def register_group(tonic: int, *, minor: bool) -> str:
    """Which of `REGISTERS` a key's pieces are learnt in, so that voices fit singers again in the wished key."""
    return REGISTERS[(home_shift(tonic, minor=minor) + 6) // 2]


def tempo_group(tempo: float) -> str:
    """``slow``, ``moderate`` or ``fast``."""
    return TEMPO_NAMES[sum(tempo >= limit for limit in TEMPI)]


def bars_group(bars: int) -> str:
    """``to 16`` for 13 to 16 bars; ``long`` beyond the last."""
    return next((f"to {limit}" for limit in BAR_COUNTS if bars <= limit), "long")


def _quantised(notes: Notes, grid: int) -> Notes:
    """Starts and durations in whole steps, durations at least one, in order."""
    moved = notes.copy()
    moved[:, START] = np.rint(notes[:, START] * grid)
    ends = np.rint((notes[:, START] + notes[:, DURATION]) * grid)
    moved[:, DURATION] = np.maximum(1.0, ends - moved[:, START])
    return in_order(moved)


def _trimmed(bars: list[list[int]]) -> list[list[int]]:
    """Without empty bars at the end."""
    last = max((index for index, bar in enumerate(bars) if len(bar) > 1), default=-1)
    return bars[: last + 1]


def _close(open_rows: dict[int, list[float]], voice: int, now: float) -> None:
    """Let the note that a voice holds, if there is one, last until now."""
    row = open_rows.pop(voice, None)
    if row is not None:
        row[DURATION] = now - row[START]
