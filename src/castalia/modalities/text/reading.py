"""Files of text: which there are, what stands in them, and their lines where each line is an item."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from castalia.core.errors import DatasetError
from castalia.modalities.text.molecules import SUFFIXES, Content, molecule_of
from castalia.modalities.text.options import TextData
from castalia.modalities.text.spec import SPEC

PROSE = frozenset({".txt", ".md"})
LONGEST_ITEM = 1024
"""Characters of the longest line that is an item; longer ones are prose."""


@dataclass
class Listing:
    """The documents of a source: ``texts`` by name, unreadable ones in ``bad`` with the reason."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    bad: dict[str, str] = field(default_factory=dict[str, str])
    others: list[str] = field(default_factory=list[str])
    content: Content = "prose"


def files_of(source: Path) -> tuple[list[Path], list[Path]]:
    """The text files of a folder (or the one file), sorted, and the visible files of other kinds."""
    if not source.is_dir():
        return ([source] if source.is_file() else []), []
    texts: list[Path] = []
    others: list[Path] = []
    inside = source.resolve()
    for folder, folders, names in os.walk(source, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or not path.resolve().is_relative_to(inside):
                continue
            (texts if path.suffix.lower() in SPEC.suffixes else others).append(path)
    return texts, others


def read(source: Path, options: TextData) -> Listing:
    """All documents, line breaks made ``\\n``; exact duplicates are kept (`Listing.texts` is what is there)."""
    listing = Listing()
    files, others = files_of(source)
    listing.others = [path.name for path in others]
    for path in files:
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        if name in options.leave_out:
            continue
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            listing.bad[name] = f"is not UTF-8 (byte {error.start})"
            continue
        except OSError as error:
            listing.bad[name] = f"cannot be read: {error.strerror}"
            continue
        if "\x00" in text:
            listing.bad[name] = "holds zero bytes: it is no text"
            continue
        listing.texts[name] = text.replace("\r\n", "\n").replace("\r", "\n")
    kinds: set[Content] = {SUFFIXES.get(path.suffix.lower(), "prose") for path in files}
    listing.content = kinds.pop() if len(kinds) == 1 else "prose"
    return listing


def by_lines(listing: Listing, options: TextData) -> bool:
    """Whether each line is an item."""
    return options.items == "lines" or (options.items == "auto" and listing.content != "prose")


def lines_of(listing: Listing, options: TextData) -> list[str]:
    """The items: lines that are not blank (of molecules their first word), without repetition, spread evenly."""
    raw = (line.strip() for text in listing.texts.values() for line in text.split("\n"))
    if listing.content != "prose":
        raw = (molecule_of(line) for line in raw if not line.startswith("#"))
    items = list(dict.fromkeys(line for line in raw if line))
    count = options.max_items
    return items if len(items) <= count else [items[index * len(items) // count] for index in range(count)]


def documents_of(listing: Listing) -> list[str]:
    """The documents of a stream: none empty, none twice."""
    return list(dict.fromkeys(text.strip("\n") + "\n" for text in listing.texts.values() if text.strip()))


def requests_of(listing: Listing) -> tuple[list[str], list[str]]:
    """The documents whose first line asks for the rest, as items: one line, a line break, the text; none twice.

    Also the names of those that have nothing below their first line.
    """
    items: list[str] = []
    empty: list[str] = []
    for name, text in listing.texts.items():
        request, _, answer = text.strip().partition("\n")
        if answer.strip():
            items.append(f"{one_line(request)}\n{answer.strip()}")
        elif request:
            empty.append(name)
    return list(dict.fromkeys(items)), empty


def one_line(request: str) -> str:
    """A request as it is learnt and asked: every stretch of blanks one space."""
    return " ".join(request.split())


def refuse(problems: list[str]) -> DatasetError:
    """The error that lists all problems of a training set."""
    listed = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
    return DatasetError(
        f"These texts cannot be trained on: {listed}.",
        problems=problems,
        hint="Save the files as UTF-8 and add more text, or leave unreadable ones out with --data skip_bad=true.",
    )
