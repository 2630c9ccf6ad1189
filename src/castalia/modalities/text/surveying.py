"""Looking through texts before training, so that every problem is told at once."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Survey
from castalia.modalities.text.fingerprints import normalised, run_hashes
from castalia.modalities.text.molecules import can_check, is_valid
from castalia.modalities.text.options import TextData
from castalia.modalities.text.reading import LONGEST_ITEM, Listing, by_lines, documents_of, lines_of, read, requests_of
from castalia.modalities.text.representation import words_asked

FEWEST_CHARACTERS, FEW_CHARACTERS = 1_000, 100_000
"""Below the first nothing is learnt but the text itself; below the second a model mostly repeats it."""
FEWEST_ITEMS, FEW_ITEMS = 32, 1_000
SHOWN = 5
SKETCH = 64
"""Smallest run hashes kept of each document: the share two documents have in common estimates their likeness."""
ALIKE = 0.7
COMMON_LINE = 0.05
"""Share of all lines from which one of them is told: a header or footer that the model will write all the time."""
EXCERPT, EXCERPTS = 400, 300
"""Characters of each excerpt for the guard, and most of them for each document."""
CHECKED = 2_000
"""Molecules that are looked at by RDKit."""


def survey(source: Path, options: TextData) -> Survey:
    """All problems, warnings and facts."""
    found = Survey(modality="text", source=source, count=0)
    listing = read(source, options)
    for name, reason in listing.bad.items():
        line = f"{name} {reason}"
        (found.warnings if options.skip_bad else found.problems).append(
            line + ("; left out" if options.skip_bad else "")
        )
    if not listing.texts and not listing.bad:
        left = ", after leaving out " + ", ".join(options.leave_out) if options.leave_out else ""
        found.problems.append(f"there is no text (.txt, .md, .smi or .selfies) in {source}{left}")
        return found
    empty = [name for name, text in listing.texts.items() if not text.strip()]
    if empty and len(empty) < len(listing.texts):
        found.warnings.append(f"{len(empty)} files are empty: {_some(empty)}")
    if listing.others:
        found.warnings.append(f"{len(listing.others)} files are no text and are left out: {_some(listing.others)}")
    if by_lines(listing, options):
        _judge_items(found, listing, options)
    elif options.items == "requests":
        _judge_requests(found, listing, options)
    else:
        _judge_stream(found, listing)
    found.excerpts = {} if listing.content != "prose" else _excerpts(listing)
    kind = "requests" if options.items == "requests" else "continuation"
    found.facts |= {"kind": kind, "content": listing.content}
    return found


def _judge_items(found: Survey, listing: Listing, options: TextData) -> None:
    items = lines_of(listing, options)
    raw = sum(bool(line.strip()) for text in listing.texts.values() for line in text.split("\n"))
    found.count = len(items)
    if len(items) < FEWEST_ITEMS:
        found.problems.append(f"{len(items)} different lines are too few: at least {FEWEST_ITEMS} are needed")
    elif len(items) < FEW_ITEMS:
        found.warnings.append(f"{len(items)} lines are few: the model may repeat them; thousands are better")
    if len(items) < min(raw, options.max_items):
        found.warnings.append(f"{raw - len(items)} repeated lines are used once")
    if raw > options.max_items:
        found.warnings.append(f"{options.max_items} of {raw} lines are used (max_items)")
    long = [item[:40] for item in items if len(item) > LONGEST_ITEM]
    if long:
        found.problems.append(
            f"{len(long)} lines are longer than {LONGEST_ITEM} characters and no short items, such as {long[0]!r}...: "
            "leave items=lines out"
        )
    found.facts = {"items learnt": "lines", "lines": len(items), "longest line": max(map(len, items), default=0)}
    if listing.content != "prose" and can_check():
        sample = items[:: max(1, len(items) // CHECKED)]
        wrong = [item for item in sample if is_valid(item, listing.content) is False]
        if wrong:
            found.warnings.append(f"{len(wrong)} of {len(sample)} molecules looked at cannot exist: {_some(wrong)}")


def _judge_requests(found: Survey, listing: Listing, options: TextData) -> None:
    items, empty = requests_of(listing)
    found.count = len(items)
    told = f"{len(empty)} files hold one line only, a request without its answer: {_some(empty)}"
    if empty:
        (found.warnings if options.skip_bad else found.problems).append(told)
    if len(items) < FEWEST_ITEMS:
        found.problems.append(
            f"{len(items)} different requests with answers are too few: at least {FEWEST_ITEMS} are needed"
        )
    elif len(items) < FEW_ITEMS:
        found.warnings.append(
            f"{len(items)} requests are few: the model may repeat their answers; thousands are better"
        )
    if len(items) + len(empty) < sum(bool(text.strip()) for text in listing.texts.values()):
        found.warnings.append("exact duplicates are used once")
    found.facts = {
        "items learnt": "requests",
        "requests": len(items),
        "characters": sum(map(len, items)),
        "asked in": list(words_asked(items)),
    }


def _judge_stream(found: Survey, listing: Listing) -> None:
    documents = documents_of(listing)
    size = sum(map(len, documents))
    found.count = len(documents)
    if size < FEWEST_CHARACTERS:
        found.problems.append(f"{size} characters are too short: at least {FEWEST_CHARACTERS} are needed")
    elif size < FEW_CHARACTERS:
        found.warnings.append(f"{size} characters are little: the model will mostly repeat them; a million are better")
    filled = [text for text in listing.texts.values() if text.strip()]
    if len(documents) < len(filled):
        found.warnings.append(f"{len(filled) - len(documents)} exact duplicates are used once")
    near = _near_duplicates({name: text for name, text in listing.texts.items() if text.strip()})
    if near:
        found.warnings.append(f"{len(near)} near-duplicates: {_some(near)}")
    lines = Counter(line.strip() for text in documents for line in text.split("\n") if line.strip())
    if lines.total() >= 40:
        line, count = lines.most_common(1)[0]
        if count > COMMON_LINE * lines.total():
            found.warnings.append(f"one line makes {count / lines.total():.0%} of all: {line[:60]!r}")
    if size and max(map(len, documents)) > 2_000 and lines.total() <= len(documents):
        found.warnings.append("the texts are mostly one line each: the model will write no line breaks")
    found.facts = {
        "items learnt": "a stream",
        "documents": len(documents),
        "characters": size,
        "alphabet": len(set().union(*documents)) if documents else 0,
    }


CROWD = 16
"""Documents that are compared for one run in common: a run that more of them share is a phrase that all use."""


def _near_duplicates(texts: dict[str, str]) -> list[str]:
    """Pairs of documents that share most of their text, each named once. Duplicates letter for letter are not told."""
    names = list(texts) if len(texts) > 1 else []
    sketches = {name: np.unique(run_hashes(normalised(texts[name])))[:SKETCH] for name in names}
    buckets: dict[int, list[str]] = defaultdict(list)
    told: list[str] = []
    for name in names:
        sketch = sketches[name]
        others = dict.fromkeys(other for key in sketch[:4].tolist() for other in buckets[key])
        twin = next((o for o in others if texts[o] != texts[name] and _likeness(sketch, sketches[o]) >= ALIKE), None)
        if twin is not None:
            told.append(f"{name} ~ {twin}")
        for key in sketch[:4].tolist():
            if len(buckets[key]) < CROWD:
                buckets[key].append(name)
    return told


def _likeness(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    """An estimate of the share of runs in common (Jaccard), from the smallest hashes of both (Broder 1997)."""
    smallest = np.union1d(left, right)[:SKETCH]
    return float(np.isin(smallest, np.intersect1d(left, right)).mean()) if len(smallest) else 0.0


def _excerpts(listing: Listing) -> dict[str, list[str]]:
    """Stretches of each document, spread over it, for the guard to look through."""
    excerpts: dict[str, list[str]] = {}
    for name, text in listing.texts.items():
        starts = list(range(0, len(text), EXCERPT))
        kept = starts[:: max(1, len(starts) // EXCERPTS)]
        if kept:
            excerpts[name] = [text[start : start + EXCERPT] for start in kept]
    return excerpts


def _some(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
