"""Whether passages answer a question, and which sentence does: meaning, words, and exact facts.

Names, numbers and words of closed lists (days, months, colours, ordinals) of a question must stand in the passage: the
rent of the garage is not that of the flat, and 2019 is not 2021. What is left is a score of meaning and words, whose
weights were fitted on half of the planted questions (`benchmarks/documents.py`).
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
from castalia.modalities.text.claims import stem
from castalia.modalities.text.spans import sentence_spans

WORD = re.compile(r"\w+(?:[.,:]\d+)*")
NAME = re.compile(r"(?<!^)(?<![.!?:\"“] )\b[A-ZÀ-Þ][\w’'-]*[^\W\d_][\w’'-]*")
LIGHT = frozenset(
    [
        "many",
        "much",
        "long",
        "far",
        "often",
        "come",
        "comes",
        "came",
        "take",
        "takes",
        "took",
        "place",
        "make",
        "makes",
        "made",
        "give",
        "gives",
        "gave",
        "put",
        "get",
        "gets",
        "go",
        "goes",
        "happen",
        "happens",
        "use",
        "used",
        "want",
        "wants",
        "wanted",
        "kind",
        "number",
        "name",
        "called",
        "tell",
        "please",
        "answer",
        "document",
        "documents",
        "text",
        "does",
        "doing",
        "done",
        "now",
        "there",
    ]
)
"""Words of questions that say little of what is asked for."""
CLOSED = tuple(
    frozenset(words.split())
    for words in (
        (
            "monday tuesday wednesday thursday friday saturday sunday "
            "mondays tuesdays wednesdays thursdays fridays saturdays sundays"
        ),
        "january february march april may june july august september october november december spring autumn winter",
        "red green blue yellow white black brown grey gray orange purple pink violet",
        "second third fourth fifth sixth seventh eighth ninth tenth",
        "north south east west northern southern eastern western left right",
        "breakfast lunch dinner supper",
    )
)
SPELT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half|quarter|"
    r"once|twice|no|none|nothing|free)\b",
    re.IGNORECASE,
)
_TIMES = sorted(
    {"morning", "noon", "evening", "night", "week", "month", "year", "day", "until"} | CLOSED[0] | CLOSED[1]
)
TIMES = re.compile(rf"\d|\b(?:{'|'.join(_TIMES)})\b", re.IGNORECASE)
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


def exact_words(text: str) -> set[str]:
    """What must be found as it stands: names, what holds a digit, words of closed lists; in lower case."""
    words = {word.lower() for word in WORD.findall(text)}
    names = {part.lower() for name in NAME.findall(text) for part in WORD.findall(name) if len(part) > 1}
    digits = {word for word in words if any(map(str.isdigit, word))}
    closed = {word for word in words for kind in CLOSED if word in kind and word != "may"}
    return names - UNSEARCHED | digits | closed


def _sentences(passage: Passage) -> list[Sentence]:
    headings = {*passage.heading.split(" > "), passage.title}
    return [
        Sentence(passage, passage.start + start, passage.start + end, passage.text[start:end])
        for start, end in sentence_spans(passage.text)
        if passage.text[start:end] not in headings
    ]


def _scored(question: str, one: Sentence, with_heading: float, alone: float, encode: Encode) -> Sentence:
    around = f"{one.passage.title} {one.passage.heading} {one.passage.text}"
    known, near = _stems(around), _stems(one.text)
    exact = exact_words(question)
    missing = tuple(sorted(word for word in exact if stem(word) not in known and word not in around.lower()))
    telling = [
        word for word in dict.fromkeys(WORD.findall(searchable(question).lower())) if word not in UNSEARCHED | LIGHT
    ]
    in_sentence = {word: _held(word, near, one.text, encode) for word in telling}
    in_passage = [max(here, float(stem(word) in known)) for word, here in in_sentence.items()]
    # words of title and headings say which passage is meant, the others what is asked of it
    above = _stems(f"{one.passage.title} {one.passage.heading}")
    asked_of_it = [here for word, here in in_sentence.items() if stem(word) not in above] or list(in_sentence.values())
    digits = [word for word in exact if any(map(str.isdigit, word))]
    features = (
        with_heading,
        alone,
        _mean(asked_of_it),
        _mean(in_passage),
        float(_fits(question, one.text)),
        sum(word in one.text for word in digits) / len(digits) if digits else 1.0,
    )
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS.values(), features, strict=True))
    score = 0.0 if missing else 1 / (1 + exp(-total))
    return Sentence(one.passage, one.start, one.end, one.text, score, missing, features)


def _held(word: str, stems: set[str], text: str, encode: Encode) -> float:
    """How far a word of the question stands in the sentence, as itself or by one like it: 0 to 1."""
    if stem(word) in stems:
        return 1.0
    others = [
        other for other in dict.fromkeys(WORD.findall(text.lower())) if other not in UNSEARCHED and not other.isdigit()
    ]
    if not others or any(map(str.isdigit, word)):
        return 0.0
    alike = max(float(_vector(encode, word) @ _vector(encode, other)) for other in others)
    return min(max((alike - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0.0), 1.0)


@lru_cache(maxsize=20_000)
def _vector(encode: Encode, word: str) -> Array:
    return encode([word])[0]


def _fits(question: str, sentence: str) -> bool:
    """Whether the sentence holds the kind of thing that is asked for: somebody, a time, a number."""
    asked = question.lower()
    if re.search(r"\b(?:who|whom|whose)\b", asked):
        own = {name.lower() for name in NAME.findall(question)}
        return any(name.lower() not in own for name in re.findall(r"\b[A-ZÀ-Þ][\w’'-]+", sentence[1:])) or bool(
            re.match(r"[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ]", sentence)
        )
    if re.search(
        r"\bhow (?:many|much|high|long|large|far|often|old|tall|big|heavy|deep|wide|fast)\b|\bcosts?\b|\bprice\b", asked
    ):
        return bool(SPELT.search(sentence))
    if re.search(r"\bwhen\b|\bwhich (?:year|day|month)\b|\bwhat (?:time|year|day|month)\b", asked):
        return bool(TIMES.search(sentence))
    return True


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _stems(text: str) -> set[str]:
    return {stem(word) for word in WORD.findall(searchable(text).lower())}


def _last(passage: Passage) -> str:
    return passage.heading.split(" > ")[-1]
