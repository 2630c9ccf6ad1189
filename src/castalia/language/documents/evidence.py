"""Whether passages answer a question, and which sentence does: meaning, words, and exact facts.

Names, numbers and words of closed lists (days, months, colours, ordinals) of a question must stand in the passage: the
rent of the garage is not that of the flat, and 2019 is not 2021. What is left is a score of meaning and words, whose
weights were fitted on half of the planted questions (`benchmarks/documents.py`). What belongs to a language comes from
`tongues`; single words are compared by meaning in English alone, the language of the packaged vectors.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy as np

from castalia.core.contracts import Array
from castalia.language.documents.searching import Encode
from castalia.language.documents.shelf import Passage
from castalia.language.documents.terms import searchable
from castalia.language.small_words import UNSEARCHED
from castalia.language.tongues import NAME, WORD, Tongue, tongue_of
from castalia.modalities.text.spans import sentence_spans

SHORTLIST = 10
"""Sentences that are looked at word by word."""
ALIKE = (0.45, 0.75)
"""Cosines of two words between which one begins, and ends, to stand for the other."""
WEIGHTS = {"with heading": 2.67, "alone": 3.63, "words": 2.8, "around": 2.0, "kind": 1.91, "numbers": 0.63}
BIAS = -8.13
ENOUGH = 0.78
"""Probability from which a sentence counts as an answer."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a passage: ``text`` is ``[start:end]`` of its document's text; ``score`` a probability."""

    passage: Passage
    start: int
    end: int
    text: str
    score: float = 0.0
    missing: tuple[str, ...] = ()
    features: tuple[float, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What passages say to a question: their sentences, best first, and whether the best one answers it."""

    question: str
    passages: Sequence[Passage]
    sentences: Sequence[Sentence]

    @property
    def answerable(self) -> bool:
        """Whether some sentence is likely an answer and holds all exact facts of the question."""
        return bool(self.sentences) and self.sentences[0].score >= ENOUGH

    @property
    def why(self) -> str:
        """In words, why nothing answers."""
        if not self.sentences:
            return "Nothing was found."
        lacked = [set(one.missing) for one in self.sentences]
        told = " ".join(f"{one.title} {one.heading} {one.text}" for one in self.passages).lower()
        if nowhere := {word for word in set[str].intersection(*lacked) if word not in told}:
            return f"The passages do not mention {', '.join(sorted(nowhere))}."
        if all(lacked):
            return f"No passage mentions all of {', '.join(sorted(set[str].union(*lacked)))}."
        return "No sentence is near enough."


def weigh(question: str, passages: Sequence[Passage], encode: Encode) -> Evidence:
    """Score every sentence of the passages as an answer to the question."""
    found = [one for passage in passages for one in _sentences(passage)]
    if not found:
        return Evidence(question, passages, [])
    asked = encode([question])[0]
    with_heading = encode([f"{one.passage.title}: {_last(one.passage)}. {one.text}" for one in found]) @ asked
    alone = encode([one.text for one in found]) @ asked
    best: list[int] = np.argsort(-(with_heading + alone), kind="stable")[:SHORTLIST].tolist()
    scored = [
        _scored(question, found[place], float(with_heading[place]), float(alone[place]), encode) for place in best
    ]
    return Evidence(question, passages, sorted(scored, key=lambda one: (bool(one.missing), -one.score)))


def exact_words(text: str, tongue: Tongue) -> set[str]:
    """What must be found as it stands: names, what holds a digit, words of closed lists; in lower case."""
    words = {word.lower() for word in WORD.findall(text)}
    digits = {word for word in words if any(map(str.isdigit, word))}
    closed = {word for word in words for kind in tongue.closed if word in kind and word != "may"}
    return tongue.names(text) - UNSEARCHED | digits | closed


def _sentences(passage: Passage) -> list[Sentence]:
    headings = {*passage.heading.split(" > "), passage.title}
    return [
        Sentence(passage, passage.start + start, passage.start + end, passage.text[start:end])
        for start, end in sentence_spans(passage.text)
        if passage.text[start:end] not in headings
    ]


def _scored(question: str, one: Sentence, with_heading: float, alone: float, encode: Encode) -> Sentence:
    tongue = tongue_of(question)
    around = f"{one.passage.title} {one.passage.heading} {one.passage.text}"
    known, near = _stems(around, tongue), _stems(one.text, tongue)
    exact = exact_words(question, tongue)
    missing = tuple(sorted(word for word in exact if not _told(word, known, tongue) and word not in around.lower()))
    telling = [word for word in _words(question) if word not in tongue.light]
    in_sentence = {word: _held(word, near, one.text, tongue, encode) for word in telling}
    in_passage = [max(here, _told(word, known, tongue)) for word, here in in_sentence.items()]
    # words of title and headings say which passage is meant, the others what is asked of it
    above = _stems(f"{one.passage.title} {one.passage.heading}", tongue)
    asked_of_it = [here for word, here in in_sentence.items() if tongue.stem(word) not in above]
    digits = [word for word in exact if any(map(str.isdigit, word))]
    features = (
        with_heading,
        alone,
        _mean(asked_of_it or list(in_sentence.values())),
        _mean(in_passage),
        float(_fits(question, one.text, tongue)),
        sum(word in one.text for word in digits) / len(digits) if digits else 1.0,
    )
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS.values(), features, strict=True))
    score = 0.0 if missing else 1 / (1 + exp(-total))
    return Sentence(one.passage, one.start, one.end, one.text, score, missing, features)


def _told(word: str, stems: set[str], tongue: Tongue) -> float:
    """1 when the word is among the stems, of a compound the share of its halves, else 0."""
    if tongue.stem(word) in stems:
        return 1.0
    return max(((first in stems) + (second in stems) for first, second in tongue.halves(word)), default=0) / 2


def _held(word: str, stems: set[str], text: str, tongue: Tongue, encode: Encode) -> float:
    """How far a word of the question stands in the sentence, as itself or by one like it: 0 to 1."""
    told = _told(word, stems, tongue)
    others = [other for other in _words(text) if not other.isdigit()]
    if told == 1.0 or not tongue.meaning or not others or any(map(str.isdigit, word)):
        return told
    alike = max(float(_vector(encode, word) @ _vector(encode, other)) for other in others)
    return max(told, min(max((alike - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0.0), 1.0))


@lru_cache(maxsize=20_000)
def _vector(encode: Encode, word: str) -> Array:
    return encode([word])[0]


def _words(text: str) -> list[str]:
    return [word for word in dict.fromkeys(WORD.findall(searchable(text).lower())) if word not in UNSEARCHED]


def _fits(question: str, sentence: str, tongue: Tongue) -> bool:
    """Whether the sentence holds the kind of thing that is asked for: somebody, a time, a number."""
    asked = question.lower()
    if tongue.who.search(asked):
        own = {name.lower() for name in NAME.findall(question)}
        return any(name.lower() not in own for name in re.findall(r"\b[A-ZÀ-Þ][\w’'-]+", sentence[1:])) or bool(
            re.match(r"[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ]", sentence)
        )
    if tongue.many.search(asked):
        return bool(tongue.numbers.search(sentence))
    if tongue.when.search(asked):
        return bool(tongue.times.search(sentence))
    return True


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _stems(text: str, tongue: Tongue) -> set[str]:
    return {tongue.stem(word) for word in WORD.findall(searchable(text).lower())}


def _last(passage: Passage) -> str:
    return passage.heading.split(" > ")[-1]
