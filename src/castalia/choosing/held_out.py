"""Requests written by hand and never learnt from, to measure a classifier against: ``held_out.txt`` and its like."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "held_out.txt"


@dataclass(frozen=True)
class HeldOut:
    """A request with the label that it should get; ``kinds`` are those of its attachments."""

    text: str
    label: str
    language: str
    kinds: tuple[str, ...]


@cache
def load(path: Path = FILE) -> list[HeldOut]:
    """All of them, in the order of the file."""
    found: list[HeldOut] = []
    label, language, kinds = "", "", ()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            label, language, *attached = line[2:].split()
            kinds = tuple(attached)
        elif line.strip() and not line.startswith("#"):
            found.append(HeldOut(line, label, language, kinds))
    return found


def plain(text: str) -> str:
    """The text without capitals, punctuation and spaces at its ends: two requests with the same are the same."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
