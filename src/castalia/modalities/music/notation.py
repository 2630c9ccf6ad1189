"""Pieces as MusicXML 4.0: a part for each voice, bars, ties over bar lines, chords, rests."""

from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from castalia.modalities.music.piece import DURATION, PART, PITCH, START, Notes, Piece

DIVISIONS = 24
"""Ticks of a quarter note: halves to thirty-seconds, and triplets, are whole numbers."""
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
VALUES = {
    Fraction(4): ("whole", 0),
    Fraction(3): ("half", 1),
    Fraction(2): ("half", 0),
    Fraction(3, 2): ("quarter", 1),
    Fraction(1): ("quarter", 0),
    Fraction(3, 4): ("eighth", 1),
    Fraction(1, 2): ("eighth", 0),
    Fraction(3, 8): ("16th", 1),
    Fraction(1, 4): ("16th", 0),
    Fraction(1, 8): ("32nd", 0),
}
"""Note values and dots by length in quarter notes, the longest first."""
SHARP = tuple((step[0], step.count("#")) for step in ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))
FLAT = tuple((step[0], -step.count("b")) for step in ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"))
FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
"""Sharps (or, negative, flats) of the major keys from C upwards."""


def write_musicxml(piece: Piece) -> bytes:
    """The score, as UTF-8."""
    root = Element("score-partwise", version="4.0")
    listed = SubElement(root, "part-list")
    numbers = [n for n in range(len(piece.parts)) if (piece.notes[:, PART] == n).any()]
    for number in numbers:
        entry = SubElement(listed, "score-part", id=f"P{number + 1}")
        SubElement(entry, "part-name").text = piece.parts[number].name or f"Part {number + 1}"
        instrument = SubElement(SubElement(entry, "score-instrument", id=f"P{number + 1}-I"), "instrument-name")
        instrument.text = piece.parts[number].name or f"Part {number + 1}"
        sound = SubElement(entry, "midi-instrument", id=f"P{number + 1}-I")
        SubElement(sound, "midi-channel").text = "10" if piece.parts[number].drums else str(number % 9 + 1)
        SubElement(sound, "midi-program").text = str(piece.parts[number].program + 1)
    bars = max(1, -(-int(np.ceil(piece.length * DIVISIONS)) // round(piece.bar * DIVISIONS)))
    for number in numbers:
        part = SubElement(root, "part", id=f"P{number + 1}")
        _write_part(part, piece, piece.notes[piece.notes[:, PART] == number], bars, first=number == numbers[0])
    ElementTree.indent(root)
    return HEAD.encode() + ElementTree.tostring(root, encoding="utf-8")


def _write_part(part: Element, piece: Piece, notes: Notes, bars: int, *, first: bool) -> None:
    size = round(piece.bar * DIVISIONS)
    chords = _chords(notes)
    fifths = FIFTHS[(piece.tonic + 3) % 12 if piece.minor else piece.tonic]
    spelling = FLAT if fifths < 0 else SHARP
    for bar in range(bars):
        measure = SubElement(part, "measure", number=str(bar + 1))
        if bar == 0:
            _attributes(measure, piece, fifths, notes)
            if first and piece.tempo:
                direction = SubElement(measure, "direction", placement="above")
                metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
                SubElement(metronome, "beat-unit").text = "quarter"
                SubElement(metronome, "per-minute").text = f"{piece.tempo:g}"
                SubElement(direction, "sound", tempo=f"{piece.tempo:g}")
        place, stop = bar * size, (bar + 1) * size
        for start, end, pitches in chords:
            if end <= place or start >= stop:
                continue
            _write(measure, [], max(start, bar * size) - place, spelling, tied=(False, False))
            inside = max(start, bar * size), min(end, stop)
            _write(measure, pitches, inside[1] - inside[0], spelling, tied=(start < inside[0], end > inside[1]))
            place = inside[1]
        _write(measure, [], stop - place, spelling, tied=(False, False))


def _attributes(measure: Element, piece: Piece, fifths: int, notes: Notes) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(DIVISIONS)
    key = SubElement(attributes, "key")
    SubElement(key, "fifths").text = str(fifths)
    SubElement(key, "mode").text = "minor" if piece.minor else "major"
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text, SubElement(time, "beat-type").text = str(piece.metre[0]), str(piece.metre[1])
    low = float(np.median(notes[:, PITCH])) < 58
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text, SubElement(clef, "line").text = ("F", "4") if low else ("G", "2")


def _chords(notes: Notes) -> list[tuple[int, int, list[int]]]:
    """Start, end and pitches in ticks, one after the other: a chord ends where the next begins."""
    starts = np.rint(notes[:, START] * DIVISIONS).astype(int)
    ends = np.rint((notes[:, START] + notes[:, DURATION]) * DIVISIONS).astype(int)
    found: list[tuple[int, int, list[int]]] = []
    times = np.unique(starts).tolist()
    for time, following in zip(times, [*times[1:], 10**9], strict=True):
        here = starts == time
        pitches = sorted({int(pitch) for pitch in notes[here, PITCH]})
        found.append((time, min(int(ends[here].max()), following), pitches))
    return found


def _write(
    measure: Element, pitches: list[int], ticks: int, spelling: tuple[tuple[str, int], ...], *, tied: tuple[bool, bool]
) -> None:
    """A chord, or a rest where there are no pitches, in as many note values as its length needs, tied together."""
    lengths = _values(ticks)
    for index, length in enumerate(lengths):
        before, after = index > 0 or tied[0], index < len(lengths) - 1 or tied[1]
        for place, pitch in enumerate(pitches or [None]):
            note = SubElement(measure, "note")
            if place:
                SubElement(note, "chord")
            if pitch is None:
                SubElement(note, "rest")
            else:
                step, alter = spelling[pitch % 12]
                written = SubElement(note, "pitch")
                SubElement(written, "step").text = step
                if alter:
                    SubElement(written, "alter").text = str(alter)
                SubElement(written, "octave").text = str(pitch // 12 - 1)
            SubElement(note, "duration").text = str(length)
            ties = [kind for kind, there in (("stop", before), ("start", after)) if there and pitch is not None]
            for kind in ties:
                SubElement(note, "tie", type=kind)
            SubElement(note, "voice").text = "1"
            _value(note, length)
            if ties:
                notations = SubElement(note, "notations")
                for kind in ties:
                    SubElement(notations, "tied", type=kind)


def _value(note: Element, ticks: int) -> None:
    known = VALUES.get(Fraction(ticks, DIVISIONS))
    triplet = VALUES.get(Fraction(3 * ticks, 2 * DIVISIONS))
    chosen = known or triplet
    if chosen is None:
        return
    SubElement(note, "type").text = chosen[0]
    for _ in range(chosen[1]):
        SubElement(note, "dot")
    if known is None:
        change = SubElement(note, "time-modification")
        SubElement(change, "actual-notes").text, SubElement(change, "normal-notes").text = "3", "2"


def _values(ticks: int) -> list[int]:
    """Lengths that have a note value each and make up ``ticks``; what is left of odd lengths stands last."""
    if Fraction(3 * ticks, 2 * DIVISIONS) in VALUES:
        return [ticks]
    found: list[int] = []
    for value in VALUES:
        while ticks >= value * DIVISIONS:
            found.append(int(value * DIVISIONS))
            ticks -= found[-1]
    return [*found, ticks] if ticks else found
