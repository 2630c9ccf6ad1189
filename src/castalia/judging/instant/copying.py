"""Instant checks of models trained on texts of one's own: what of an answer stands in the training set, word for word.

The limit was set on TinyShakespeare: its held-out tenth shares no run of 40 characters with the rest.
"""

import importlib
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.modalities.text.fingerprints import copied_items, longest_copy
from castalia.modalities.text.molecules import Content, is_valid
from castalia.modalities.text.representation import WORD

FINGERPRINTS = "fingerprints.safetensors"

LONGEST = 120
"""Characters, about twenty words, that an answer may share with the training text in one stretch."""

COPIED = 0.5
"""Share of items that may be training items: short ones, such as names, come out again by chance."""

VALID = 0.5
"""Share of molecules that should be able to exist."""

Prints = dict[str, NDArray[np.generic]]


def continuation(context: CheckContext) -> bool:
    """Whether the answer is that of a model that continues texts."""
    return context.model is not None and context.model.details.get("kind") == "continuation"


def answers_requests(context: CheckContext) -> bool:
    """Whether the answer is that of a model trained on requests with their answers."""
    return context.model is not None and context.model.details.get("kind") == "requests"


def content_of(context: CheckContext) -> Content:
    """What such a model writes: prose, or molecules in one of their notations."""
    found = None if context.model is None else context.model.details.get("content")
    return cast("Content", found) if found in {"smiles", "selfies"} else "prose"


def check_copies(text: str, context: CheckContext) -> list[Measure]:
    """Measures ``copied run`` of a stream, ``copied items`` of items, and ``valid`` of molecules where RDKit is; of
    answers to requests ``copied run`` and ``unknown words``."""
    items = [line.strip() for line in text.splitlines() if line.strip()]
    measures = [_unknown_words(context)] if answers_requests(context) else []
    prints = _prints(context)
    if prints is not None and "runs" in prints:
        measures.append(_run(text, prints))
    elif prints is not None and "items" in prints and items:
        measures.append(_items(items, prints))
    verdicts = [verdict for item in items if (verdict := is_valid(item, content_of(context))) is not None]
    if content_of(context) != "prose" and verdicts:
        measures.append(_valid(verdicts))
    return measures


def _unknown_words(context: CheckContext) -> Measure:
    """Words of the request that no request of the training had: the model cannot know what they mean."""
    details = {} if context.model is None else context.model.details
    known = set(cast("list[str]", details.get("asked in", [])))
    words = dict.fromkeys(WORD.findall(context.request.prompt.lower()))
    unknown = [word for word in words if word not in known]
    told = ", ".join(f"“{word}”" for word in unknown[:6])
    return Measure(
        name="unknown words",
        value=len(unknown),
        unit="words of the request",
        direction="lower",
        threshold=0,
        status="flag" if unknown else "pass",
        note=f"It never learnt requests with {told}: the answer may not heed that." if unknown else "",
    )


def _run(text: str, prints: Prints) -> Measure:
    found = longest_copy(text, prints)
    copied = found.length > LONGEST
    return Measure(
        name="copied run",
        value=found.length,
        unit="characters",
        direction="lower",
        threshold=LONGEST,
        status="flag" if copied else "pass",
        note=f"It repeats its training text: {found.text[:80]!r}..." if copied else "",
    )


def _items(items: list[str], prints: Prints) -> Measure:
    found = copied_items(items, prints)
    share = len(found) / len(items)
    copied = share > COPIED
    return Measure(
        name="copied items",
        value=round(share, 3),
        unit="share of items",
        direction="lower",
        threshold=COPIED,
        status="flag" if copied else "pass",
        note=f"{len(found)} of {len(items)} are training items, such as {found[0][:60]!r}." if found else "",
        n=len(items),
    )


def _valid(verdicts: list[bool]) -> Measure:
    share = sum(verdicts) / len(verdicts)
    return Measure(
        name="valid",
        value=round(share, 3),
        unit="share of molecules",
        direction="higher",
        threshold=VALID,
        status="flag" if share < VALID else "pass",
        note=f"{verdicts.count(False)} of {len(verdicts)} molecules cannot exist." if not all(verdicts) else "",
        n=len(verdicts),
    )


def _prints(context: CheckContext) -> Prints | None:
    if context.model is None or context.model.format != "castalia":
        return None
    path = context.model.folder / FINGERPRINTS
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else None


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Prints:
    del changed  # part of the key: a model may be trained again under its name
    numpy_files: Any = importlib.import_module("safetensors.numpy")
    return numpy_files.load_file(path)
