"""Reading ABC 2.1, the notation of folk tunes: a text of letters, one tune after each ``X:``.

Read are keys and modes, metres, tempi, note lengths, ties, chords, tuplets, broken rhythm and inline fields. Repeats
are played once; grace notes, decorations, lyrics and chord names are left out; of several voices the first is read.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from castalia.core.errors import UnsupportedInput
from castalia.modalities.music.piece import Part, Piece, estimated_key, in_order, longest_stretch

TUNE = re.compile(r"^X:", re.MULTILINE)
FIELD = re.compile(r"^([A-Za-z]):\s*(.*)$")
IGNORED = re.compile(r'"[^"]*"|![^!\n]*!|\+[a-z]+\+|\{[^}]*\}|%.*$|\\$|\$', re.MULTILINE)
SIGN = re.compile(
    r"\[([A-Za-z]):([^\]]*)\]|(\[[^\]|:]*\])(\d*/*\d*)|([_^=]{0,2})([A-Ga-g])([,']*)(\d*/*\d*)|([zxZX])(\d*/*\d*)"
    r"|\((\d)(?::(\d?))?(?::(\d?))?|(-)|([<>]+)|(\|+[\]:\d]*|:+\|?|\[\||\|)"
)
NOTE = re.compile(r"([_^=]{0,2})([A-Ga-g])([,']*)(\d*/*\d*)")
SCALE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS, FLATS = "FCGDAEB", "BEADGCF"
FIFTHS = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}
MODES = {"maj": 0, "ion": 0, "min": -3, "m": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
LOUD = 80


@dataclass
class _Tune:
    """What holds while a tune is read. Times are in quarter notes, as fractions."""

    unit: Fraction | None = None
    metre: tuple[int, int] = (4, 4)
    metres: list[tuple[float, tuple[int, int]]] = field(default_factory=list[tuple[float, tuple[int, int]]])
    tempo: float | None = None
    fifths: int = 0
    title: str = ""
    time: Fraction = Fraction(0)
    bar_start: Fraction = Fraction(0)
    pickup: float = 0.0
    altered: dict[str, int] = field(default_factory=dict[str, int])
    factor: Fraction = Fraction(1)
    left: int = 0
    rows: list[list[Fraction]] = field(default_factory=list[list[Fraction]])
    last: list[int] = field(default_factory=list[int])
    """The rows of the note or chord before."""
    stretch: Fraction = Fraction(1)
    """What a broken rhythm makes of the next note."""
    tied: bool = False

    @property
    def length(self) -> Fraction:
        """The unit of note lengths: stated, else an eighth, in small metres a sixteenth."""
        if self.unit is not None:
            return self.unit
        return Fraction(1, 2) if Fraction(*self.metre) >= Fraction(3, 4) else Fraction(1, 4)


def read_abc(data: bytes, name: str = "") -> list[Piece]:
    """The tunes of a file. Raises UnsupportedInput when it holds none."""
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    starts = [found.start() for found in TUNE.finditer(text)] or [0]
    tunes = [text[start:stop] for start, stop in zip(starts, [*starts[1:], len(text)], strict=True)]
    pieces = [piece for tune in tunes if (piece := _read_tune(tune, name)) is not None]
    if not pieces:
        raise UnsupportedInput(f"{name or 'The file'} holds no ABC tune.", hint="Give a file with X:, K: and notes.")
    return pieces


def _read_tune(text: str, name: str) -> Piece | None:
    tune = _Tune()
    in_body = False
    for line in text.split("\n"):
        found = FIELD.match(line)
        if found is not None:
            if found[1] == "V" and in_body and tune.rows:
                break
            _field(tune, found[1], found[2])
            in_body = in_body or found[1] == "K"
        elif in_body:
            _music(tune, IGNORED.sub("", line))
    if not tune.rows:
        return None
    notes = in_order(np.asarray([[float(value) for value in row] for row in tune.rows], dtype=np.float64))
    notes[:, 0] += tune.pickup
    changes = [(time + tune.pickup if time else 0.0, metre) for time, metre in tune.metres]
    notes, metre = longest_stretch(notes, changes)
    tonic, minor = estimated_key(notes, tune.fifths)
    return Piece(notes, (Part(tune.title),), metre, tune.tempo, tonic, minor, tune.title or name)


def _field(tune: _Tune, letter: str, value: str) -> None:
    value = value.split("%", maxsplit=1)[0].strip()
    match letter:
        case "T" if not tune.title:
            tune.title = value
        case "L" if (found := re.match(r"(\d+)/(\d+)", value)) and int(found[2]):
            tune.unit = 4 * Fraction(int(found[1]), int(found[2]))
        case "M":
            _metre(tune, value)
        case "Q":
            _tempo(tune, value)
        case "K":
            _key(tune, value)
        case _:
            pass


def _metre(tune: _Tune, value: str) -> None:
    named = {"C": (4, 4), "C|": (2, 2)}
    found = re.match(r"(\d+(?:\+\d+)*)/(\d+)", value)
    if value in named:
        tune.metre = named[value]
    elif found is not None and int(found[2]):
        tune.metre = (sum(int(piece) for piece in found[1].split("+")), int(found[2]))
    tune.metres.append((float(tune.time), tune.metre))


def _tempo(tune: _Tune, value: str) -> None:
    found = re.search(r"(?:(\d+)/(\d+)\s*=\s*)?(\d+)\s*(?:\"[^\"]*\")?\s*$", value)
    if found is not None and tune.tempo is None:
        beat = 4 * Fraction(int(found[1]), int(found[2])) if found[1] and int(found[2]) else Fraction(1)
        quarters = float(int(found[3]) * beat)
        tune.tempo = quarters if 20 <= quarters <= 400 else None


def _key(tune: _Tune, value: str) -> None:
    found = re.match(r"([A-G])([#b]?)\s*([a-zA-Z]*)", value)
    if found is None:
        tune.fifths = 0
        return
    shift = {"#": 7, "b": -7, "": 0}[found[2]]
    mode = found[3].lower()
    tune.fifths = FIFTHS[found[1]] + shift + MODES.get(mode if mode == "m" else mode[:3], 0)


def _music(tune: _Tune, line: str) -> None:
    for found in SIGN.finditer(line):
        if found[1] is not None:
            _field(tune, found[1], found[2])
        elif found[3] is not None:
            _chord(tune, found[3], found[4])
        elif found[6] is not None:
            _sound(tune, [_pitch(tune, found[5], found[6], found[7])], _length(found[8]))
        elif found[9] is not None:
            whole = Fraction(4 * tune.metre[0], tune.metre[1])
            _sound(tune, [], _length(found[10]) * (whole / tune.length if found[9] in "ZX" else 1))
        elif found[11] is not None:
            count = int(found[11])
            compound = tune.metre[1] == 8 and tune.metre[0] % 3 == 0
            into = int(found[12]) if found[12] else TUPLETS.get(count, 3 if compound else 2)
            tune.factor, tune.left = Fraction(into, max(count, 1)), int(found[13]) if found[13] else count
        elif found[14] is not None:
            tune.tied = bool(tune.last)
        elif found[15] is not None:
            _broken(tune, found[15])
        else:
            _bar(tune)


def _chord(tune: _Tune, text: str, length: str) -> None:
    notes = NOTE.findall(text)
    if notes:
        longest = max(_length(note[3]) for note in notes)
        _sound(tune, [_pitch(tune, *note[:3]) for note in notes], longest * _length(length))


def _sound(tune: _Tune, pitches: list[int], length: Fraction) -> None:
    duration = length * tune.length * tune.stretch
    tune.stretch = Fraction(1)
    if tune.left:
        duration *= tune.factor
        tune.left -= 1
    if tune.tied and pitches and [int(tune.rows[row][2]) for row in tune.last] == pitches:
        for row in tune.last:
            tune.rows[row][1] += duration
    else:
        tune.last = list(range(len(tune.rows), len(tune.rows) + len(pitches)))
        sounding = [pitch for pitch in pitches if 0 <= pitch <= 127]
        tune.last = tune.last[: len(sounding)]
        tune.rows += [[tune.time, duration, Fraction(pitch), Fraction(LOUD), Fraction(0)] for pitch in sounding]
    tune.tied = False
    tune.time += duration


def _broken(tune: _Tune, signs: str) -> None:
    """``A>B`` lengthens A by half of it and shortens B as much; ``<`` the other way round; doubled signs do more."""
    part = Fraction(1, 2 ** len(signs))
    before, tune.stretch = (2 - part, part) if signs[0] == ">" else (part, 2 - part)
    change = Fraction(0)
    for row in tune.last:
        change = tune.rows[row][1] * (before - 1)
        tune.rows[row][1] += change
    tune.time += change


def _bar(tune: _Tune) -> None:
    played = tune.time - tune.bar_start
    full = Fraction(4 * tune.metre[0], tune.metre[1])
    if tune.bar_start == 0 and 0 < played < full:
        tune.pickup = float(full - played)
    if played:
        tune.bar_start = tune.time
    tune.altered = {}


def _pitch(tune: _Tune, accidental: str, letter: str, octave: str) -> int:
    upper = letter.upper()
    if accidental:
        tune.altered[letter + octave] = accidental.count("^") - accidental.count("_")
    signed = (upper in SHARPS[: max(tune.fifths, 0)]) - (upper in FLATS[: max(-tune.fifths, 0)])
    alteration = tune.altered.get(letter + octave, signed)
    base = 60 + SCALE[upper] + 12 * letter.islower()
    return base + 12 * (octave.count("'") - octave.count(",")) + alteration


def _length(text: str) -> Fraction:
    """``3``, ``/2``, ``3/4``, ``//`` as a factor of the unit."""
    if not text:
        return Fraction(1)
    above, slashes, below = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # pyright: ignore[reportOptionalMemberAccess] - all that SIGN lets through
    divisor = (int(below) or 1) if below else 2 ** len(slashes)
    return Fraction(int(above) if above else 1, divisor)
