"""Search by words and by meaning together, with one round of feedback.

Words: BM25. Meaning: cosine of sentence vectors. Both are scaled to [0, 1] over their best 300 and added. Then the
question's vector moves towards the best five passages of different documents (Rocchio, 1971) and
meaning is looked up once more.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from castalia.core.contracts import Array
from castalia.core.filters import Filter
from castalia.language.documents.shelf import Collection, Document, Found, Ids, Passage, Shelf
from castalia.language.documents.terms import terms_of

DEPTH = 300
"""Passages that each side puts forward."""
FEEDBACK = 5
"""Passages that the question's vector moves towards,"""
PULL = 1.0
"""by so many times their mean."""

Encode = Callable[[Sequence[str]], Array]
"""Texts to unit vectors (n, 384)."""


def search(
    shelf: Shelf,
    collection: Collection,
    question: str,
    encode: Encode,
    most: int = 10,
    filters: Filter | None = None,
) -> list[Passage]:
    """The best passages of a collection for a question, best first; ``score`` lies in [0, 2], ``cosine`` in [-1, 1].

    ``filters`` say which documents are looked through at all, by their attributes.
    """
    within = None if filters is None else _within(shelf, collection, filters)
    asked = encode([question])[0]
    words = shelf.by_words(collection, terms_of(question), DEPTH, within)
    near = shelf.by_vector(collection, asked, DEPTH, within)
    ids, scores = _fused(words, near)
    if not len(ids):
        return []
    leaders = _of_different_documents(shelf, ids[:DEPTH], FEEDBACK)
    moved = asked + PULL * shelf.vectors(collection, leaders).mean(axis=0)
    moved /= np.linalg.norm(moved)
    ids, scores = _fused(words, shelf.by_vector(collection, moved, DEPTH, within))
    best = shelf.passages(ids[:most].tolist())
    cosines = shelf.vectors(collection, np.array([one.id for one in best], np.int64)) @ asked
    told = dict(zip(ids.tolist(), scores.tolist(), strict=True))
    return [
        one.model_copy(update={"score": told[one.id], "cosine": float(cosine)})
        for one, cosine in zip(best, cosines, strict=True)
    ]


def _within(shelf: Shelf, collection: Collection, filters: Filter) -> Ids:
    """The passages of the documents that a filter lets through."""
    kept = [one.id for one in shelf.documents(collection) if filters.matches(attributes_of(one))]
    return shelf.passages_of(kept)


def attributes_of(document: Document) -> dict[str, object]:
    """What a document's file was given as attributes."""
    return cast("dict[str, object]", document.details.get("attributes", {}))


def _fused(words: Found, near: Found) -> tuple[Ids, Array]:
    """All passages of either side with the sum of their scaled scores, best first."""
    total: dict[int, float] = {}
    for found in (words, near):
        for place, score in zip(found.ids.tolist(), _scaled(found.scores).tolist(), strict=True):
            total[place] = total.get(place, 0.0) + score
    order = sorted(total, key=lambda place: (-total[place], place))
    return np.array(order, np.int64), np.array([total[place] for place in order], np.float32)


def _scaled(scores: Array) -> Array:
    """From the worst of a full list, or from nothing where the list is short of it, to the best: 0 to 1."""
    if not len(scores):
        return scores
    low = float(scores[-1]) if len(scores) >= DEPTH else min(float(scores[-1]), 0.0)
    span = float(scores[0]) - low
    return (scores - low) / span if span > 0 else np.ones_like(scores)


def _of_different_documents(shelf: Shelf, ids: Ids, most: int) -> Ids:
    owners = shelf.documents_of(ids[: most * 6].tolist())
    chosen: dict[str, int] = {}
    for one in ids.tolist():
        if one in owners and len(chosen) < most:
            chosen.setdefault(owners[one], one)
    return np.array(list(chosen.values()), np.int64)
