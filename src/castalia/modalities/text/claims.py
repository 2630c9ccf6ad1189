"""What a sentence claims, as far as it can be checked exactly: its numbers, its names, its longer words."""

import re

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NAME = re.compile(r"(?<![.!?:\"“] )(?<!^)\b[A-ZÀ-Þ][\w’'-]+", re.MULTILINE)
IDENTIFIER = re.compile(r"(?<!\w)[\w.~-]*[/@\\][\w.~/@\\-]*\w")
"""Paths, addresses and the like: words held together by a slash or an "at"."""
WORD = re.compile(r"[^\W\d_]{4,}")
SPELT = {
    **{word: str(value) for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )},
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100",
}  # fmt: skip
ENOUGH = 0.5
"""Share of a sentence's longer words that the source must hold."""


def is_supported(sentence: str, source: str) -> bool:
    """Whether every number and every name of it, and half of its longer words, stand in the source."""
    return (
        not numbers_of(sentence) - numbers_of(source)
        and not missing_names(sentence, source)
        and (held_share(sentence, source) >= ENOUGH)
    )


def missing_names(sentence: str, source: str) -> set[str]:
    """Stems of the names in the sentence that the source lacks. A word that begins a sentence is no sure name."""
    return {stem(name.lower()) for name in NAME.findall(sentence) if len(name) > 3} - stems_of(source)


def missing_identifiers(sentence: str, source: str) -> list[str]:
    """Paths, addresses and the like in the sentence that do not stand in the source as they are written: words that do
    may have been put together wrongly."""
    known = source.casefold()
    found = (one for one in IDENTIFIER.findall(sentence) if any(map(str.isalpha, one)))
    return [one for one in found if one.casefold() not in known]


def held_share(sentence: str, source: str) -> float:
    """The share of the sentence's longer words that stand in the source, in [0, 1]; 1 for a sentence without any."""
    words, known = [stem(word) for word in WORD.findall(sentence.lower())], stems_of(source)
    return sum(word in known for word in words) / len(words) if words else 1.0


def stems_of(text: str) -> set[str]:
    """The stems of its longer words."""
    return {stem(word) for word in WORD.findall(text.lower())}


def numbers_of(text: str) -> set[str]:
    """Numbers in digits or as words up to twelve, without signs between thousands."""
    digits = {re.sub(r"[,.](?=\d{3}\b)", "", found) for found in NUMBER.findall(text)}
    return digits | {SPELT[word] for word in re.findall(r"[a-z]+", text.lower()) if word in SPELT}


def stem(word: str) -> str:
    """An English word without its ending, roughly."""
    for ending in ("'s", "’s", "ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
