"""Reading MusicXML 4.0 (partwise), plain and packed, with nothing but the standard library.

Read are pitches, durations, ties, chords, voices, parts with their instruments, metre, key signature, tempo and
transposing instruments. Grace notes are left out, and repeats are played once.
"""

import io
import zipfile
from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np

from castalia.core.errors import UnsupportedInput
from castalia.modalities.music.piece import Part, Piece, estimated_key, in_order, longest_stretch

LARGEST = 64_000_000
"""Bytes of XML that are unpacked from a file: more is no score."""
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMED = {
    **dict.fromkeys(("soprano", "alto", "tenor", "bass", "choir", "voice"), 52),
    "violin": 40,
    "viola": 41,
    "violoncello": 42,
    "cello": 42,
    "harp": 46,
    "guitar": 24,
    "organ": 19,
    "piano": 0,
    "flute": 73,
    "oboe": 68,
    "clarinet": 71,
    "bassoon": 70,
    "horn": 60,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
}
"""Programs of parts that state none, by words in their names."""
LOUD = 80


@dataclass
class _State:
    """What holds while a part is read: divisions of a quarter, transposition, metres, tempo, signature."""

    divisions: float = 1.0
    shift: int = 0
    metres: list[tuple[float, tuple[int, int]]] = field(default_factory=list[tuple[float, tuple[int, int]]])
    tempo: float | None = None
    fifths: int | None = None
    pickup: float = 0.0


def read_musicxml(data: bytes, name: str = "") -> Piece:
    """The piece in a MusicXML file. Raises UnsupportedInput when it cannot be read or holds no note."""
    try:
        root = ElementTree.fromstring(_unpacked(data))  # noqa: S314 - expat bounds what entities unpack to
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UnsupportedInput(
            f"{name or 'The file'} is no readable MusicXML: {error}.", hint="Export it anew."
        ) from None
    if root.tag != "score-partwise":
        raise UnsupportedInput(f"{name or 'The file'} is no partwise MusicXML score.", hint="Export it as MusicXML.")
    listed = {one.get("id", ""): one for one in root.iterfind("part-list/score-part")}
    state = _State()
    rows: list[tuple[float, ...]] = []
    parts: list[Part] = []
    for part in root.iterfind("part"):
        mine = _State(metres=[], tempo=state.tempo)
        found = _read_part(part, mine, float(len(parts)))
        if found:
            parts.append(_part(listed.get(part.get("id", ""))))
            rows += found
        if not state.metres:
            state.metres, state.fifths, state.pickup = mine.metres, mine.fifths, mine.pickup
        state.tempo = state.tempo if state.tempo is not None else mine.tempo
    if not rows:
        raise UnsupportedInput(f"{name or 'The file'} holds no note.", hint="Give a score with music in it.")
    notes = in_order(np.asarray(rows, dtype=np.float64))
    notes[:, 0] += state.pickup
    later = [(time + state.pickup if time else 0.0, metre) for time, metre in state.metres]
    notes, metre = longest_stretch(notes, later)
    tonic, minor = estimated_key(notes, state.fifths)
    return Piece(notes, tuple(parts), metre, state.tempo, tonic, minor, name)


def _unpacked(data: bytes) -> bytes:
    if data[:2] != b"PK":
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))  # noqa: S314 - as above
        entry = next(one.get("full-path", "") for one in container.iter() if one.tag.endswith("rootfile"))
        if archive.getinfo(entry).file_size > LARGEST:
            raise ValueError(f"it unpacks to more than {LARGEST // 1_000_000} MB")
        return archive.read(entry)


def _part(listed: ElementTree.Element | None) -> Part:
    if listed is None:
        return Part()
    name = (listed.findtext("part-name") or "").strip()
    program = listed.findtext("midi-instrument/midi-program")
    channel = listed.findtext("midi-instrument/midi-channel")
    if program is not None and program.strip().isdigit():
        number = int(program) - 1
    else:
        number = next((value for word, value in NAMED.items() if word in name.casefold()), 0)
    return Part(name, min(max(number, 0), 127), channel == "10")


def _read_part(part: ElementTree.Element, state: _State, number: float) -> list[tuple[float, ...]]:
    rows: list[tuple[float, ...]] = []
    open_ties: dict[int, int] = {}
    start = 0.0
    for index, measure in enumerate(part.iterfind("measure")):
        place, longest, onset = 0.0, 0.0, 0.0
        for element in measure:
            duration = _number(element.findtext("duration")) / state.divisions
            match element.tag:
                case "attributes":
                    _attributes(element, state, start)
                case "backup":
                    place -= duration
                case "forward":
                    place += duration
                case "note" if element.find("grace") is None:
                    chord = element.find("chord") is not None
                    onset = onset if chord else place
                    place = place if chord else place + duration
                    pitch = _pitch(element, state.shift)
                    if pitch is not None and duration > 0:
                        _add(rows, open_ties, element, (start + onset, duration, float(pitch), LOUD, number))
                case "sound" | "direction":
                    _tempo(element, state)
                case _:
                    pass
            longest = max(longest, place)
        full = 4.0 * state.metres[-1][1][0] / state.metres[-1][1][1] if state.metres else longest
        if index == 0 and 0 < longest < full - 1e-6:
            state.pickup = full - longest
        start += longest if longest > 0 else full
    return rows


def _add(
    rows: list[tuple[float, ...]], open_ties: dict[int, int], element: ElementTree.Element, row: tuple[float, ...]
) -> None:
    """A new note, or the rest of one that is tied over."""
    ties = {tie.get("type") for tie in element.iterfind("tie")}
    pitch = int(row[2])
    if "stop" in ties and pitch in open_ties:
        before = rows[open_ties[pitch]]
        rows[open_ties[pitch]] = (before[0], before[1] + row[1], *before[2:])
    else:
        rows.append(row)
        open_ties[pitch] = len(rows) - 1
    if "start" not in ties:
        open_ties.pop(pitch, None)


def _attributes(element: ElementTree.Element, state: _State, time: float) -> None:
    state.divisions = _number(element.findtext("divisions")) or state.divisions
    beats, kind = element.findtext("time/beats"), element.findtext("time/beat-type")
    if beats is not None and kind is not None:
        counted = sum(int(piece) for piece in beats.split("+") if piece.strip().isdigit())
        if counted and kind.strip().isdigit():
            state.metres.append((time, (counted, int(kind))))
    fifths = element.findtext("key/fifths")
    if fifths is not None and state.fifths is None:
        state.fifths = int(_number(fifths))
    if element.find("transpose") is not None:
        state.shift = int(_number(element.findtext("transpose/chromatic")))
        state.shift += 12 * int(_number(element.findtext("transpose/octave-change")))


def _tempo(element: ElementTree.Element, state: _State) -> None:
    sound = element if element.tag == "sound" else element.find("sound")
    told = _number(sound.get("tempo")) if sound is not None else _number(element.findtext(".//per-minute"))
    if state.tempo is None and 20 <= told <= 400:
        state.tempo = told


def _pitch(element: ElementTree.Element, shift: int) -> int | None:
    pitch = element.find("pitch")
    if pitch is None:
        return None
    step = STEPS.get((pitch.findtext("step") or "").strip().upper())
    if step is None:
        return None
    octave, alter = _number(pitch.findtext("octave")), _number(pitch.findtext("alter"))
    value = int(12 * (octave + 1) + step + round(alter)) + shift
    return value if 0 <= value <= 127 else None


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else 0.0
    except ValueError:
        return 0.0
