"""Reading a wish for music: key, tempo, instrument, length and number of pieces, in words."""

import re
from dataclasses import dataclass

from castalia.core.errors import BadRequest
from castalia.modalities.music.options import MusicOptions
from castalia.modalities.music.piece import FAMILIES

NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
KEY = re.compile(
    r"(?<!\w)([A-Ha-h])(?:[\s-]*(sharp|flat|#|♯|b|♭|is|es|s))?[\s-]*"
    r"((?i:major|minor|maj|min|dur|moll|mayor|menor|majeur|mineur)|m)(?!\w)"
)
IN = re.compile(r"\b(?:in|en|of)\s+$", re.IGNORECASE)

MODE = re.compile(
    r"\b(?:in|en)\s+(major|minor|dur|moll)\b|\b(major|minor)\s+(?:key|mode)"
    r"|\b(sad|sombre|gloomy|dark|happy|cheerful|joyful)\b",
    re.IGNORECASE,
)
KIND = re.compile(r"\s+(?:key|mode)\b", re.IGNORECASE)
MINORS = {"minor", "min", "moll", "menor", "mineur", "m", "sad", "sombre", "gloomy", "dark"}
BPM = re.compile(r"(\d{2,3})\s*(?:bpm|beats (?:per|a) minute)", re.IGNORECASE)
TEMPI = {
    "slow": "slow adagio largo lento calm quiet langsam lento lent ruhig lullaby",
    "moderate": "moderate moderato andante walking",
    "fast": "fast quick allegro presto vivace lively brisk schnell rapide rápido vivo",
}
TEMPO_OF = {word: name for name, words in TEMPI.items() for word in words.split()}
BARS = re.compile(r"(\d{1,3})[\s-]*(?:bars?|measures?|takte?n?|mesures?|compases)\b", re.IGNORECASE)
COUNT = re.compile(
    r"\b(\d{1,2}|two|three|four|five|six|eight|ten)\s+(?:\w+\s+){0,3}?"
    r"(?:pieces|tunes|melodies|songs|chorales|compositions|variations|examples)\b",
    re.IGNORECASE,
)
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}
PROGRAMS = {
    "piano": 0,
    "grand piano": 0,
    "electric piano": 4,
    "harpsichord": 6,
    "cembalo": 6,
    "celesta": 8,
    "glockenspiel": 9,
    "music box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "xylophone": 13,
    "bells": 14,
    "organ": 19,
    "church organ": 19,
    "accordion": 21,
    "harmonica": 22,
    "guitar": 24,
    "electric guitar": 27,
    "bass": 33,
    "double bass": 43,
    "violin": 40,
    "fiddle": 40,
    "viola": 41,
    "cello": 42,
    "harp": 46,
    "strings": 48,
    "string quartet": 48,
    "choir": 52,
    "voices": 52,
    "voice": 52,
    "trumpet": 56,
    "trombone": 57,
    "tuba": 58,
    "horn": 60,
    "brass": 61,
    "saxophone": 65,
    "sax": 65,
    "oboe": 68,
    "bassoon": 70,
    "clarinet": 71,
    "piccolo": 72,
    "flute": 73,
    "recorder": 74,
    "pan flute": 75,
    "whistle": 78,
    "ocarina": 79,
    "synth": 80,
    "pad": 88,
    "sitar": 104,
    "banjo": 105,
    "koto": 107,
    "bagpipe": 109,
    "steel drums": 114,
}
"""General MIDI programs (from 0) by the names that people say."""
WORDS = re.compile("|".join(rf"\b{name}s?\b" for name in sorted(PROGRAMS, key=len, reverse=True)), re.IGNORECASE)
MOST = 32


@dataclass(frozen=True)
class Order:
    """What is wished; None where nothing was said. ``key`` is a tonic (None: any) and whether it is minor."""

    count: int = 1
    key: tuple[int | None, bool] | None = None
    tempo: float | None = None
    pace: str | None = None
    program: int | None = None
    bars: int | None = None


def read_order(prompt: str, options: MusicOptions) -> Order:
    """The order; options beat the prompt. Raises BadRequest for a key or an instrument that there is not."""
    told = BPM.search(prompt)
    tempo = options.tempo if options.tempo is not None else float(told[1]) if told else None
    pace = next((TEMPO_OF[word] for word in re.findall(r"\w+", prompt.casefold()) if word in TEMPO_OF), None)
    bars = BARS.search(prompt)
    counted = COUNT.search(prompt)
    count = options.count
    if count == 1 and counted is not None:
        count = NUMBERS.get(counted[1].casefold()) or int(counted[1])
    named = WORDS.search(prompt)
    return Order(
        count=min(MOST, max(1, count)),
        key=_key(prompt) if options.key is None else _wished_key(options.key),
        tempo=tempo,
        pace=pace,
        program=_program(options.instrument) if options.instrument is not None else _named(named),
        bars=options.bars if options.bars is not None else int(bars[1]) if bars and int(bars[1]) else None,
    )


def family_of(program: int) -> str:
    """The name of a program's family."""
    return FAMILIES[program // 8]


def _key(text: str) -> tuple[int | None, bool] | None:
    for found in KEY.finditer(text):
        letter, sign, mode = found[1], (found[2] or "").casefold(), found[3].casefold()
        if mode == "m" and letter.islower():
            continue  # "Am" is a key, "am" is not
        if letter == "a" and not found[2] and not _is_named(text, found):
            continue  # "in a minor" is a key, "a minor tune" and "in a minor key" are not
        tonic = NATURALS[letter.casefold()]
        tonic += (sign in {"sharp", "#", "♯", "is"}) - (sign in {"flat", "b", "♭", "es", "s"})
        return tonic % 12, mode in MINORS
    found = MODE.search(text)
    return None if found is None else (None, (found[1] or found[2] or found[3]).casefold() in MINORS)


def _is_named(text: str, found: re.Match[str]) -> bool:
    """Whether a small a is the note and no article."""
    return IN.search(text[: found.start()]) is not None and KIND.match(text[found.end() :]) is None


def _wished_key(text: str) -> tuple[int | None, bool]:
    if text.strip().casefold() in {"major", "minor"}:
        return None, text.strip().casefold() == "minor"
    found = _key(text) or _key(f"{text.strip()} major")
    if found is None or found[0] is None:
        raise BadRequest(f"There is no key {text!r}.", hint="Write it like 'G minor', 'Bb major' or 'F# minor'.")
    return found


def _program(text: str) -> int:
    name = text.strip().casefold()
    for candidate in (name, name.removesuffix("s")):
        if candidate in PROGRAMS:
            return PROGRAMS[candidate]
        if candidate in FAMILIES[:16]:
            return 8 * FAMILIES.index(candidate)
    raise BadRequest(f"There is no instrument {text!r}.", hint=f"There are: {', '.join(PROGRAMS)}.")


def _named(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    name = found[0].casefold()
    return PROGRAMS[name] if name in PROGRAMS else PROGRAMS[name.removesuffix("s")]
