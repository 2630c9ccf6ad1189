"""Cutting a long text into sections that a model can read: at headings, paragraphs, lines, sentences, then anywhere.

Nothing is lost: the sections joined are the text.
"""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

from castalia.core.errors import ContextTooLong
from castalia.core.events import Event
from castalia.language.task import Coverage, Desk

BREAKS = (
    re.compile(r"\n(?=#{1,6} )"),
    re.compile(r"\n[ \t]*\n+"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…。！？])[ \t]+|(?<=[。！？])"),
    re.compile(r"\s+"),
)
"""Where to cut, best places first: before a Markdown heading, after a paragraph, a line, a sentence, a word."""

LETTERS_A_TOKEN = 3.0
"""Letters a token of plain English prose, on the safe side: vocabularies of 50,000 pieces reach 4 to 4.5."""

SMALLEST = 200
"""Characters of a section below which it is not cut once more when a model says that it is too long."""


def tokens_of(text: str) -> int:
    """About how many tokens a text is, rather too many: a letter outside ASCII counts for a whole one."""
    plain = sum(letter < "\x80" for letter in text)
    return round(plain / LETTERS_A_TOKEN) + len(text) - plain


def sections_of(text: str, limit: int) -> list[str]:
    """The text in sections of at most ``limit`` tokens each, as even and as whole as its breaks allow."""
    if tokens_of(text) <= limit:
        return [text]
    for pattern in BREAKS:
        pieces = _pieces(text, pattern)
        if len(pieces) > 1:
            return _packed([part for piece in pieces for part in sections_of(piece, limit)], limit)
    size = max(1, len(text) * limit // tokens_of(text))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _pieces(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The text cut after each break; the break stays at the end of its piece."""
    ends = [found.end() for found in pattern.finditer(text) if 0 < found.end() < len(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _packed(pieces: list[str], limit: int) -> list[str]:
    """Neighbouring pieces joined while they fit."""
    packed = [pieces[0]]
    for piece in pieces[1:]:
        if tokens_of(packed[-1] + piece) <= limit:
            packed[-1] += piece
        else:
            packed.append(piece)
    return packed


@dataclass
class Mapped:
    """What came of each section, in order, and how much of the text was read. A section without a result is ''."""

    texts: list[str]
    sections: list[str]

    @property
    def coverage(self) -> Coverage:
        """Sections of white space count as read; such of which nothing came do not."""
        read = [
            section
            for section, made in zip(self.sections, self.texts, strict=True)
            if made.strip() or not section.strip()
        ]
        lost = len(self.sections) - len(read)
        return Coverage(
            characters=sum(map(len, self.sections)),
            read=sum(map(len, read)),
            sections=len(self.sections),
            sections_read=len(read),
            how=f"nothing came of {lost} of {len(self.sections)} sections" if lost else "",
        )


def over_sections(
    desk: Desk, text: str, limit: int, work: Callable[[str, str], Generator[Event, None, str]], doing: str
) -> Generator[Event, None, Mapped]:
    """``work(section, purpose)`` for each section, with progress; one that proves too long is cut once more.

    Raises ContextTooLong for a section that cannot be cut any more.
    """
    waiting = sections_of(text, limit)
    mapped = Mapped([], [])
    total, done = len(text), 0
    while waiting:
        section = waiting.pop(0)
        number, count = len(mapped.sections) + 1, len(mapped.sections) + 1 + len(waiting)
        if count > 1:
            yield desk.progress(f"{doing} section {number} of {count}", done / total)
        try:
            made = (yield from work(section, f"section {number}")) if section.strip() else ""
        except ContextTooLong:
            if len(section) <= SMALLEST:
                raise
            waiting = [*sections_of(section, max(1, tokens_of(section) // 2)), *waiting]
            continue
        done += len(section)
        mapped.texts.append(made)
        mapped.sections.append(section)
    return mapped
