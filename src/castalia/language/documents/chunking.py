"""Cutting a document into passages along its structure: headings, paragraphs, rows of tables, slides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from castalia.language.documents.content import Content, Span
from castalia.modalities.text.spans import sentence_spans

MOST_TOKENS = 200
"""Tokens of a passage; with its headings it stays under what the sentence vectors read."""
MOST_HEADINGS = 300
"""Characters of the heading path."""


@dataclass(frozen=True)
class Chunk:
    """A passage, ``content.text[start:end]``, under the headings ``heading`` (outermost first, parted by `` > ``).

    ``page`` is the one that all of it stands on. Of a table's later rows the names of its columns stand in ``heading``.
    """

    start: int
    end: int
    heading: str
    page: int | None
    text: str


def chunks_of(content: Content, count: Callable[[str], int], most: int = MOST_TOKENS) -> Iterator[Chunk]:
    """The passages in order. ``count`` gives the tokens of a text; none is longer than ``most``.

    A heading, a slide or a page begins a new passage, so that all of one stands on its page. Neighbouring paragraphs
    share one while they fit; a longer one is cut between sentences, a table between rows, a sentence that is too long
    between words.
    """
    path: list[tuple[int, str]] = []
    open_pieces: list[tuple[int, int, int | None]] = []
    tokens = 0
    only_headings = True

    def close() -> Iterator[Chunk]:
        nonlocal tokens
        if open_pieces:
            start, end = open_pieces[0][0], open_pieces[-1][1]
            yield Chunk(start, end, _path(path), open_pieces[0][2], content.text[start:end])
        open_pieces.clear()
        tokens = 0

    for span in content.blocks:
        text = content.text[span.start : span.end]
        if open_pieces and span.page != open_pieces[-1][2]:
            yield from close()
        if span.kind in {"heading", "slide"}:
            if not only_headings or tokens + count(text) > most:
                yield from close()
            only_headings = True
            path = [one for one in path if one[0] < span.level]
            # the heading is part of the passage below it, too: a document of headings alone is found
            if count(text) > most:
                for start, end in _cut(content, span, count, most):
                    yield Chunk(start, end, _path(path), span.page, content.text[start:end])
            else:
                open_pieces.append((span.start, span.end, span.page))
                tokens += count(text)
            path.append((span.level, " ".join(text.split())))
            continue
        only_headings = False
        size = count(text)
        if size <= most:
            if tokens + size > most:
                yield from close()
            open_pieces.append((span.start, span.end, span.page))
            tokens += size
            continue
        yield from close()
        first = text.split("\n", 1)[0]
        for number, (start, end) in enumerate(_cut(content, span, count, most)):
            under = _path(path)
            if span.kind == "table" and number and len(first) <= MOST_HEADINGS:
                under = f"{under} > {first}" if under else first
            yield Chunk(start, end, under, span.page, content.text[start:end])
    yield from close()


def _path(path: list[tuple[int, str]]) -> str:
    return " > ".join(text for _, text in path)[-MOST_HEADINGS:]


def _cut(content: Content, span: Span, count: Callable[[str], int], most: int) -> Iterator[tuple[int, int]]:
    """The block in runs of rows or sentences that fit."""
    start = end = -1
    tokens = 0
    for begin, stop in _units(content.text, span, count, most):
        size = count(content.text[begin:stop])
        if start >= 0 and tokens + size > most:
            yield start, end
            start = -1
        if start < 0:
            start, tokens = begin, 0
        end = stop
        tokens += size
    if start >= 0:
        yield start, end


def _units(text: str, span: Span, count: Callable[[str], int], most: int) -> Iterator[tuple[int, int]]:
    block = text[span.start : span.end]
    for begin, end in _lines(block) if span.kind == "table" else sentence_spans(block):
        yield from _fitting(text, span.start + begin, span.start + end, count, most)


def _lines(block: str) -> Iterator[tuple[int, int]]:
    place = 0
    for line in block.split("\n"):
        if line.strip():
            yield place, place + len(line)
        place += len(line) + 1


def _fitting(text: str, start: int, end: int, count: Callable[[str], int], most: int) -> Iterator[tuple[int, int]]:
    """``start`` to ``end``, halved between words until each piece fits."""
    if end - start < 2 or count(text[start:end]) <= most:
        yield start, end
        return
    middle = text.rfind(" ", start + 1, (start + end) // 2 + 1)
    middle = middle if middle > start else (start + end) // 2
    yield from _fitting(text, start, middle, count, most)
    yield from _fitting(text, middle, end, count, most)
