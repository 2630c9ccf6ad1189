"""Reading a wish: how many things, and of which classes, in English, Spanish, French and German."""

import re
import unicodedata
from dataclasses import dataclass

NUMBER_WORDS: dict[int, tuple[str, ...]] = {
    0: ("zero", "cero", "null"),
    1: ("one", "uno", "un", "una", "une", "eins", "ein", "eine"),
    2: ("two", "dos", "deux", "zwei"),
    3: ("three", "tres", "trois", "drei"),
    4: ("four", "cuatro", "quatre", "vier"),
    5: ("five", "cinco", "cinq", "funf", "fuenf"),
    6: ("six", "seis", "sechs"),
    7: ("seven", "siete", "sept", "sieben"),
    8: ("eight", "ocho", "huit", "acht"),
    9: ("nine", "nueve", "neuf", "neun"),
    10: ("ten", "diez", "dix", "zehn"),
    11: ("eleven", "once", "onze", "elf"),
    12: ("twelve", "doce", "douze", "zwolf", "zwoelf"),
    13: ("thirteen", "trece", "treize", "dreizehn"),
    14: ("fourteen", "catorce", "quatorze", "vierzehn"),
    15: ("fifteen", "quince", "quinze", "funfzehn"),
    16: ("sixteen", "dieciseis", "seize", "sechzehn"),
    20: ("twenty", "veinte", "vingt", "zwanzig"),
}
VALUES = {word: value for value, words in NUMBER_WORDS.items() for word in words}

ARTICLES = {"a", "an", "un", "una", "uno", "une", "ein", "eine", "einen", "einer", "einem", "i", "e", "o", "y", "u"}
"""Words that name a class only when nothing else in the prompt does."""

ARTICLE = r"(?:a|an|the|some|un|una|une|des|ein|eine|einen|le|la|el|les|los|las)"
"""A pattern of what may stand before a thing."""

EXAMPLES = frozenset({"examples", "samples", "variants", "versions", "ejemplos", "exemples", "beispiele"})
"""What any modality's items are called when they are counted."""

JOINING = {"and", "or", "with", "y", "o", "con", "et", "ou", "avec", "und", "oder", "mit"}
GERMAN = {
    "zeichne",
    "male",
    "ein",
    "eine",
    "einen",
    "bild",
    "bilder",
    "der",
    "die",
    "das",
    "von",
    "mit",
    "bitte",
    "zeig",
}
MOST = 64


@dataclass(frozen=True)
class Wish:
    """What a prompt asks for: ``count`` is None when it does not say, ``labels`` is empty when it names no class."""

    count: int | None
    labels: tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return re.findall(r"[^\W_]+", plain)


def names_of(label: str) -> tuple[str, ...]:
    """The names of a class, divided by commas: "bass drum, kick" has two. It is told by the first."""
    return tuple(name for piece in label.split(",") if (name := piece.strip())) or (label,)


def find_label(text: str, classes: tuple[str, ...]) -> str | None:
    """The class that ``text`` as a whole names: the same word, its plural, or the same number in words or digits."""
    if text in classes:
        return text
    wanted = words_of(text)
    named = ((name, label) for label in classes for name in names_of(label))
    return next((label for name, label in named if wanted and _matches(wanted, words_of(name), german=True)), None)


def read_wish(prompt: str, classes: tuple[str, ...], things: frozenset[str]) -> Wish:
    """Count and classes in the order of the prompt. "Draw three sevens" is three of class ``7`` (or ``seven``).

    ``things`` are the words by which the modality's items are counted, besides `EXAMPLES` ("three pictures").
    """
    words = words_of(prompt)
    german = not GERMAN.isdisjoint(words)
    found = _occurrences(words, classes, german)
    counted, count = _counted(words, {start for start, _, _ in found}, things | EXAMPLES)
    kept = [label for start, label, weak in found if start != counted and not weak]
    if not kept:
        kept = [label for start, label, _ in found if start != counted]
    return Wish(count, tuple(dict.fromkeys(kept)))


def _counted(words: list[str], starts: set[int], things: frozenset[str]) -> tuple[int | None, int | None]:
    # the place and value of a number that counts items or things of a class; "a three" is a thing, not a count
    for index, word in enumerate(words):
        number = int(word) if word.isdecimal() and len(word) <= 2 else VALUES.get(word)
        if number is None or not 2 <= number <= MOST or (index > 0 and words[index - 1] in ARTICLES):
            continue
        # up to two describing words may stand between: "three small red pictures of"
        for place in range(index + 1, min(index + 4, len(words))):
            # "1 2 3" lists classes, "three 2s" counts one
            if words[place] in JOINING or _number(words[place]).isdecimal():
                break
            if words[place] in things or place in starts:
                return index, number
    return None, None


def _occurrences(words: list[str], classes: tuple[str, ...], german: bool) -> list[tuple[int, str, bool]]:
    # (place, class, whether it is only an article); longer class names win over those inside them
    named = [(words_of(name), label) for label in classes for name in names_of(label)]
    named.sort(key=lambda pair: -len(pair[0]))
    taken: set[int] = set()
    found: list[tuple[int, str, bool]] = []
    for pattern, label in named:
        size = len(pattern)
        if size == 0:
            continue
        for start in range(len(words) - size + 1):
            places = set(range(start, start + size))
            if taken.isdisjoint(places) and _matches(words[start : start + size], pattern, german):
                taken |= places
                found.append((start, label, size == 1 and words[start] in ARTICLES))
    return sorted(found)


def _matches(words: list[str], pattern: list[str], german: bool) -> bool:
    if len(words) != len(pattern):
        return False
    *front, last = zip(words, pattern, strict=True)
    return all(_number(word) == _number(part) for word, part in front) and _same_word(*last, german)


def _same_word(word: str, part: str, german: bool) -> bool:
    if _number(word) == _number(part):
        return True
    return not _stems(word, german).isdisjoint(_stems(part, german))


def _number(word: str) -> str:
    if word.isdecimal():
        return str(int(word))
    return str(VALUES[word]) if word in VALUES else word


def _stems(word: str, german: bool) -> set[str]:
    # the word itself and what it would be as a plural; numbers in words stand for their digits ("sevens")
    endings = {"s": "", "es": "", "ies": "y", "x": ""}
    if german and len(word) > 4:
        endings |= {"e": "", "n": "", "en": "", "er": "", "nen": ""}
    found = {word}
    for ending, singular in endings.items():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) + len(singular) >= 2:
            found.add(_number(stem + singular))
        elif stem != word and stem.isdecimal():
            found.add(_number(stem))
    return found
