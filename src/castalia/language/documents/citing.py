"""An answer from documents: what a model is given, which spans support each sentence, a quotation where none does."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from castalia.core.events import Event
from castalia.language.documents.evidence import ENOUGH, Evidence, Sentence
from castalia.language.documents.searching import Encode
from castalia.language.documents.shelf import Passage
from castalia.modalities.text.claims import held_share, missing_identifiers, missing_names, numbers_of, stems_of
from castalia.modalities.text.spans import sentence_spans

GIVEN = 3
"""Passages that a model is given."""
NEAR = 0.6
"""Cosine from which a sentence of the documents is near enough to one of the answer."""
CLOSE = 0.05
"""How much less likely than the best another sentence may be, to count as an answer too."""
HELD = 0.5
"""Share of the longer words of an answer's sentence that its source must hold."""

Check = Callable[[str, str], Generator[Event, None, float]]
"""A passage and a sentence to the log-odds, in nats, that a checker model gives to the passage saying it."""
FARTHER = 0.4
"""Cosine from which a sentence of the documents may support one of the answer when a checker is sure of it,"""
SURE = 0.3
"""log-odds from which it is,"""
DOUBT = -0.1
"""and those below which it takes back what words and meaning say. Both by half of the planted claims."""


class Citation(BaseModel):
    """A place in a document: ``text`` is ``[start:end]`` of its text, ``page`` None where the format has none."""

    document: str
    name: str
    title: str
    page: int | None
    start: int
    end: int
    text: str


class Said(BaseModel):
    """A sentence of the answer, ``[start:end]`` of it, with what supports it.

    ``checked`` is what a checker model says of it, log-odds in nats; None without one, or with nothing to ask it about.
    """

    text: str
    start: int
    end: int
    supported: bool
    citations: list[Citation] = []
    checked: float | None = None


class Cited(BaseModel):
    """An answer with its support. ``quoted``: the sentence is the document's own, because the model's had no support;
    ``answered``: False when the documents say nothing to the question."""

    text: str
    sentences: list[Said]
    quoted: bool = False
    answered: bool = True


def declined(evidence: Evidence) -> Cited:
    """What is said when nothing answers."""
    return Cited(text=f"The documents do not answer this. {evidence.why}", sentences=[], answered=False)


def prompt_of(evidence: Evidence) -> str:
    """The question with the passages of the best sentences before it."""
    passages: dict[int, Passage] = {}
    for one in evidence.sentences:
        passages.setdefault(one.passage.id, one.passage)
    told = "\n\n".join(f"{one.title}\n{one.text}" for one in list(passages.values())[:GIVEN])
    return (
        f"{told}\n\nAnswer the question from the text above in one short sentence. Say only what the text says.\n"
        f"Question: {evidence.question}"
    )


def cited(answer: str, evidence: Evidence, encode: Encode, check: Check | None = None) -> Generator[Event, None, Cited]:
    """The answer with the spans that support its sentences; the best sentence of the documents where none is supported.

    A sentence is supported by one of the documents that holds all its numbers and names, half of its longer words, and
    means about the same. What a checker says of that is one more piece of evidence. At least one sentence must be
    supported by one that answers the question.
    """
    sentences: list[Said] = []
    for start, end in sentence_spans(answer):
        sentences.append((yield from claim(answer, start, end, evidence, encode, check)))
    best = evidence.sentences[0]
    enough = max(ENOUGH, best.score - CLOSE)
    answering = {(one.passage.document, one.start) for one in evidence.sentences if one.score >= enough}
    telling = [one for one in sentences if _adds(one.text, evidence.question)]
    used = {(place.document, place.start) for one in telling for place in one.citations}
    if answering & used:
        return Cited(text=answer, sentences=sentences)
    whole = Said(text=best.text, start=0, end=len(best.text), supported=True, citations=[citation(best)])
    return Cited(text=best.text, sentences=[whole], quoted=True)


def _adds(text: str, question: str) -> bool:
    """Whether the sentence says more than the question did."""
    return bool(stems_of(text) - stems_of(question) or numbers_of(text) - numbers_of(question))


def citation(one: Sentence) -> Citation:
    """The place of a sentence."""
    passage = one.passage
    place = {"page": passage.page, "start": one.start, "end": one.end, "text": one.text}
    return Citation.model_validate(
        {"document": passage.document, "name": passage.name, "title": passage.title, **place}
    )


def claim(
    answer: str, start: int, end: int, evidence: Evidence, encode: Encode, check: Check | None
) -> Generator[Event, None, Said]:
    """The sentence ``answer[start:end]`` with what supports it."""
    text = answer[start:end]
    near = _nearest(text, evidence.sentences, encode)
    supported = near is not None and near.supports
    checked = None
    if check is not None and near is not None and (near.supports or near.cosine >= FARTHER):
        checked = yield from check(near.sentence.passage.text, text)
        supported = checked >= (DOUBT if near.supports else SURE)
    found = [citation(near.sentence)] if near is not None and supported else []
    return Said(text=text, start=start, end=end, supported=supported, citations=found, checked=checked)


@dataclass(frozen=True)
class Near:
    """A sentence of the documents that holds the exact facts of one of the answer: how near it is in meaning, and
    whether that, or its words, are enough to support it."""

    sentence: Sentence
    cosine: float
    supports: bool


def _nearest(text: str, sentences: Sequence[Sentence], encode: Encode) -> Near | None:
    """The nearest in meaning among those that hold the exact facts; such that support it first."""
    if not sentences:
        return None
    vectors = encode([text, *(one.text for one in sentences)])
    near = vectors[1:] @ vectors[0]
    found: list[Near] = []
    for one, cosine in zip(sentences, near.tolist(), strict=True):
        source = f"{one.passage.title}. {one.passage.heading}. {one.text}"
        held = held_share(text, source)
        if numbers_of(text) - numbers_of(source) or missing_names(text, source) or held < HELD:
            continue
        if missing_identifiers(text, source):
            continue
        supports = cosine >= NEAR or (held == 1.0 and any(map(str.isalnum, text)))
        found.append(Near(one, cosine, supports))
    return max(found, key=lambda one: (one.supports, one.cosine), default=None)
