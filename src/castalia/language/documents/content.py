"""What is read out of a file: blocks of text in order, each with its place."""

import unicodedata
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

BlockKind = Literal["heading", "paragraph", "table", "slide"]


@dataclass
class Block:
    """A piece of a document as its format marks it: a heading, a paragraph, a table, the title of a slide.

    ``level`` is that of a heading, from 1. ``page`` counts pages or slides from 1; None where a format has none. The
    text of a table is one line a row, its cells parted by `` | ``, the names of its columns first.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


class Span(BaseModel):
    """A block within the text of its document: ``text[start:end]``."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    page: int | None = None


class Content(BaseModel):
    """A document as it was read: its whole text, where its blocks lie in it, and what is worth knowing.

    Positions count characters of ``text`` from 0. ``notes`` tell what was guessed or left out.
    """

    format: str
    title: str = ""
    text: str
    blocks: list[Span]
    notes: list[str] = []


@dataclass
class Reading:
    """What a reader hands over: the blocks, the title that the file states, notes."""

    blocks: Iterable[Block]
    title: str = ""
    notes: list[str] = field(default_factory=list[str])


PAGES: ContextVar[Callable[[int], None] | None] = ContextVar("pages", default=None)
"""Who is told how far a reader is; nobody in tests of a reader alone."""


def tell_page(number: int) -> None:
    """A reader that may take long says which page, counted from 1, it has come to."""
    told = PAGES.get()
    if told is not None:
        told(number)


LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
"""Signs that stand for two letters or three, such as that of "fi": no search finds a word that is written with one."""
UNSEEN = dict.fromkeys([0x00, 0xAD, 0x200B, 0xFEFF])
"""NUL, which no database takes, soft hyphens, and spaces without width."""
GAP = "\n\n"
"""What stands between two blocks in the text of a document."""


def assembled(format: str, reading: Reading) -> Content:
    """The blocks joined to one text, with their positions; blocks without a word are left out."""
    pieces: list[str] = []
    spans: list[Span] = []
    place = 0
    for block in reading.blocks:
        text = _clean(block.text)
        if not text:
            continue
        if pieces:
            pieces.append(GAP)
            place += len(GAP)
        spans.append(Span(kind=block.kind, start=place, end=place + len(text), level=block.level, page=block.page))
        pieces.append(text)
        place += len(text)
    title = _clean(reading.title) or next(("".join(pieces)[s.start : s.end] for s in spans if s.kind == "heading"), "")
    return Content(format=format, title=title[:300], text="".join(pieces), blocks=spans, notes=reading.notes)


def _clean(text: str) -> str:
    """Composed letters (NFC); no ligatures, nothing unseen, no lone surrogates, no white space at ends of lines."""
    plain = text.translate(LIGATURES | UNSEEN).encode("utf-8", "replace").decode("utf-8")
    return "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", plain).splitlines()).strip()
