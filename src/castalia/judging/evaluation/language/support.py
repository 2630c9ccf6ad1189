"""Whether an answer says nothing that its source does not: exact facts, no learnt judge.

It finds numbers and names that the source lacks, and sentences of other words. It sees no wrong relation between right
names: what passes is not proven, what fails deserves a look.
"""

import re

from castalia.judging.evaluation.language.texts import sentences_of

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NAME = re.compile(r"(?<![.!?:\"“] )(?<!^)\b[A-ZÀ-Þ][\w’'-]+", re.MULTILINE)
WORD = re.compile(r"[^\W\d_]{4,}")
SPELT = {
    **{word: str(value) for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )},
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100",
}  # fmt: skip
ENOUGH = 0.5
"""Share of a sentence's longer words that the source must hold."""


def support(answer: str, source: str) -> float | None:
    """The share of the answer's sentences that the source supports, in [0, 1]; None for an answer without a word."""
    sentences = sentences_of(answer)
    if not sentences:
        return None
    return sum(is_supported(sentence, source) for sentence in sentences) / len(sentences)


def is_supported(sentence: str, source: str) -> bool:
    """Whether every number and every name of it, and half of its longer words, stand in the source."""
    known = {_stem(word) for word in WORD.findall(source.lower())}
    if numbers_of(sentence) - numbers_of(source):
        return False
    names = {_stem(name.lower()) for name in NAME.findall(sentence) if len(name) > 3}
    if names - known:
        return False
    words = [_stem(word) for word in WORD.findall(sentence.lower())]
    return not words or sum(word in known for word in words) / len(words) >= ENOUGH


def numbers_of(text: str) -> set[str]:
    """Numbers in digits or as words up to twelve, without signs between thousands."""
    digits = {re.sub(r"[,.](?=\d{3}\b)", "", found) for found in NUMBER.findall(text)}
    return digits | {SPELT[word] for word in re.findall(r"[a-z]+", text.lower()) if word in SPELT}


def _stem(word: str) -> str:
    for ending in ("'s", "’s", "ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
