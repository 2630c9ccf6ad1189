"""Captions of a folder's items: what is said of each in words, from files beside them or from their own names."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from castalia.core.contracts import Survey
from castalia.modalities.folders import Listing, some
from castalia.modalities.wording import ARTICLE

CaptionSource = Literal["auto", "files", "names", "none"]
"""Where captions come from: files when at least half of the items have one, files in any case, the items' own names,
nowhere."""

TABLES = ("metadata.jsonl", "metadata.csv")
"""A row an item, as of the ``imagefolder`` convention: ``file_name`` and one of `WORDS`."""
WORDS = ("text", "caption", "captions", "description", "prompt")
LARGEST = 65_536
"""Bytes of one sidecar file."""
LONGEST = 1000
"""Characters of a caption that are read."""
NUMBERING = re.compile(r"[\s_\-.(]*\d+\)?$")


@dataclass
class Captions:
    """``texts`` of each captioned item by its name; several where several things are said of it."""

    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    problems: list[str] = field(default_factory=list[str])

    @property
    def bare(self) -> bool:
        """Whether nearly all are without an article before them: "red apple", not "a red apple"."""
        texts = [text for mine in self.texts.values() for text in mine]
        return 10 * sum(bool(re.match(rf"{ARTICLE}\s", text, re.IGNORECASE)) for text in texts) < len(texts)

    def of(self, name: str) -> list[str | None]:
        """What is said of an item: its captions, or one None."""
        return [*self.texts.get(name, ())] or [None]


def caption_files(listing: Listing) -> list[str]:
    """The files of the folder that hold captions, not items: sidecars of items, and tables."""
    stems = {_stem(item.name) for item in listing.items}
    return [
        name
        for name in listing.others
        if PurePosixPath(name).name in TABLES or (name.endswith(".txt") and _stem(name) in stems)
    ]


def without_captions(listing: Listing) -> Listing:
    """The same listing; files that hold captions are no longer among ``others``."""
    files = set(caption_files(listing))
    listing.others = [name for name in listing.others if name not in files]
    return listing


def different_captions(listing: Listing, wanted: CaptionSource) -> list[str]:
    """All that is said of the listing's items, each wording once, in the order of the items."""
    found = read_captions(listing, wanted)
    return list(dict.fromkeys(text for texts in found.texts.values() for text in texts))


def read_captions(listing: Listing, wanted: CaptionSource) -> Captions:
    """The captions of the listing's items; takes their files out of ``listing.others``.

    A sidecar ``NAME.txt`` holds one caption a line. Raises nothing: what cannot be read is a problem.
    """
    files = caption_files(listing)
    without_captions(listing)
    found = Captions()
    if wanted == "none":
        return found
    if wanted == "names":
        found.texts = {item.name: [words] for item in listing.items if (words := _named(item.path.stem))}
        return found
    known = {item.name for item in listing.items}
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for item in listing.items:
        owners[_stem(item.name)].append(item.name)
    for name in files:
        path = listing.root / name
        try:
            if path.stat().st_size > LARGEST and path.name not in TABLES:
                found.problems.append(f"{name} is larger than {LARGEST // 1024} KiB: no caption is so long")
                continue
            rows = _table(path, name) if path.name in TABLES else _sidecar(path, owners[_stem(name)])
            for item, texts in rows:
                if item in known:
                    found.texts.setdefault(item, []).extend(texts)
        except (OSError, ValueError, csv.Error) as error:
            found.problems.append(f"{name} cannot be read as captions: {error}")
    if wanted == "files" and not found.texts:
        found.problems.append("captions=files, but no item has one: write NAME.txt beside it, or metadata.csv")
    if wanted == "auto" and 2 * len(found.texts) < len(listing.items):
        found.texts = {}
    return found


def tell_captions(found: Survey, captions: Captions, listing: Listing, things: str) -> None:
    """Put what was found of captions into the survey: problems, items without one, their number, and their texts for
    the guard."""
    found.problems += captions.problems
    if not captions.texts:
        return
    bare = [item.name for item in listing.items if item.name not in captions.texts]
    if bare:
        found.warnings.append(f"{len(bare)} {things} have no caption and are learnt without one: {some(bare)}")
    found.facts["captions"] = sum(map(len, captions.texts.values()))
    found.excerpts["captions"] = [text for texts in captions.texts.values() for text in texts]


def _sidecar(path: Path, items: list[str]) -> Iterable[tuple[str, list[str]]]:
    texts = _clean(path.read_text(encoding="utf-8").splitlines())
    return [(item, texts) for item in items]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _table(path: Path, name: str) -> Iterable[tuple[str, list[str]]]:
    """Pairs of item and captions; ``file_name`` is relative to the table."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[object] = [{**row} for row in csv.DictReader(file)]
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    found: list[tuple[str, list[str]]] = []
    for number, one in enumerate(rows, 1):
        row = cast("dict[str, object]", one) if isinstance(one, dict) else {}
        item = row.get("file_name")
        said = next((row[word] for word in WORDS if row.get(word)), None)
        if not isinstance(item, str):
            raise ValueError(f"row {number} has no file_name")
        if said is not None:
            texts = cast("list[object]", said) if isinstance(said, list) else [said]
            found.append(((PurePosixPath(name).parent / item).as_posix(), _clean(str(text) for text in texts)))
    return found


def _clean(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(line.split())[:LONGEST] for line in lines if line.strip()))


def _named(stem: str) -> str:
    """A file's name as words, without a number behind it; nothing when only numbers or a hash are left."""
    words = re.sub(r"[_\-.]+", " ", NUMBERING.sub("", stem)).strip()
    return words if re.search(r"[^\W\d]{2}", words) else ""
