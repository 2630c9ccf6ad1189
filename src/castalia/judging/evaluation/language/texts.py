"""What is measured of a text by itself: sentences, readability, repetition, copied runs of words."""

import re
from collections.abc import Iterable, Sequence

from castalia.judging.repetition import repeated_share, words_of

SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]*[A-ZÀ-Þ0-9])")
ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|e\.g|i\.e|No)\.$")
VOWELS = re.compile(r"[aeiouy]+")


def sentences_of(text: str) -> list[str]:
    """The sentences of English prose, in order; a title and its name stay together."""
    found: list[str] = []
    for piece in SENTENCE.split(" ".join(text.split())):
        if found and ABBREVIATION.search(found[-1]):
            found[-1] += f" {piece}"
        elif piece:
            found.append(piece)
    return found


def syllables(word: str) -> int:
    """Of an English word, by its groups of vowels; a silent e at the end does not count."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(VOWELS.findall(plain))
    if plain.endswith("e") and not plain.endswith("le") and groups > 1:
        groups -= 1
    return max(1, groups)


def reading_ease(text: str) -> float | None:
    """Flesch's reading ease (1948), 206.835 - 1.015 words / sentences - 84.6 syllables / words: about 0 (hard) to 100
    (easy), for English. None without a word."""
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text)
    sentences = sentences_of(text)
    if not words or not sentences:
        return None
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(syllables, words)) / len(words)


def repetition(text: str) -> float:
    """The share of runs of four words that came before in the text, in [0, 1]."""
    return repeated_share(words_of(text))


class Corpus:
    """A training text in which runs of words are looked up."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = " " + "  ".join(" ".join(words_of(text)) for text in texts) + " "

    def longest(self, text: str) -> int:
        """Words of the longest run of the text that the corpus holds."""
        words, best = words_of(text), 0
        for start in range(len(words)):
            while start + best < len(words) and self._holds(words[start : start + best + 1]):
                best += 1
        return best

    def copied_share(self, text: str, size: int = 8) -> float:
        """The share of the text's runs of ``size`` words that the corpus holds; 0 for a shorter text."""
        words = words_of(text)
        runs = [words[start : start + size] for start in range(len(words) - size + 1)]
        return sum(map(self._holds, runs)) / len(runs) if runs else 0.0

    def _holds(self, words: Sequence[str]) -> bool:
        return f" {' '.join(words)} " in self._text
