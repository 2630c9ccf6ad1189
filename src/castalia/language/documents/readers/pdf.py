"""PDF by pdfminer.six (MIT): its layout analysis finds paragraphs and columns, sizes of type tell headings."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading, tell_page
from castalia.language.documents.formats import DocumentFormat
from castalia.language.documents.pdf_layout import Box, boxes_of, without_leaders

LARGER = 1.15
"""Type of so many times the usual size, or more, makes a short paragraph a heading."""
LONGEST_HEADING = 200
MOST_PAGES = 5_000
EDGE = 0.08
"""Share of a page's height at its top and bottom where lines that come back page after page are left out."""
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65]")
"""Signs of scripts without spaces between words."""
PARTED = re.compile(r"[^\W\d_][-\u00ad\u2010]$")
GOES_ON = re.compile(r"(?!(?:und|oder|bis|bzw|and|or|to|et|ou|y|o|e)\b)[^\W\d_]")
"""A line's begin that a parted word goes on with; ``Hin- und`` is none."""
UNREADABLE = re.compile(r"[\ufffd\ue000-\uf8ff]")
"""What stands for letters that a font does not tell, and signs of a font's own."""
MOST_UNREADABLE = 0.3
"""Share of such among the letters above which a text is none,"""
NOTED_UNREADABLE = 0.02
"""and above which it is told."""


@dataclass
class _Paragraph:
    text: str
    size: float
    page: int
    at_edge: bool
    is_table: bool = False


def read(data: bytes, name: str) -> Reading:
    """Paragraphs and headings, page by page. Raises UnsupportedInput: encrypted, broken, pictures only."""
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

    try:
        paragraphs, title, pages = _paragraphs(data)
    except (PDFPasswordIncorrect, PDFEncryptionError):
        raise UnsupportedInput(
            f"{name} is encrypted and asks for a password.", hint="Save a copy without one, and add that."
        ) from None
    except (MemoryError, RecursionError):
        raise UnsupportedInput(f"{name} needs more memory to read than is allowed.", hint="Split it.") from None
    except Exception as error:  # noqa: BLE001 - pdfminer raises whatever a broken file provokes
        raise UnsupportedInput(
            f"{name} is a broken PDF: {str(error).rstrip(' .?!') or type(error).__name__}.",
            hint="Print it to a new PDF, and add that.",
        ) from None
    if not paragraphs:
        raise UnsupportedInput(
            f"{name} has {_pages(pages)} without any text: scanned pictures, perhaps.",
            hint="Run it through a program for character recognition first.",
        )
    letters = "".join(one.text for one in paragraphs)
    unreadable = len(UNREADABLE.findall(letters)) / len(letters)
    if unreadable > MOST_UNREADABLE:
        raise UnsupportedInput(
            f"The fonts of {name} do not tell which letters they draw.",
            hint="Run it through a program for character recognition, or save it anew from where it was made.",
        )
    notes = _notes(paragraphs, pages)
    if unreadable > NOTED_UNREADABLE:
        notes.append(f"{unreadable:.0%} of its signs are of fonts that do not tell which letters they draw.")
    return Reading(_blocks(_without_running_heads(paragraphs, pages)), title=title, notes=notes)


def _notes(paragraphs: list[_Paragraph], pages: int) -> list[str]:
    """What was not read: pages over the limit, pages without text."""
    notes: list[str] = []
    if pages > MOST_PAGES:
        notes.append(f"Only the first {MOST_PAGES} of its pages were read.")
    silent = sorted(set(range(1, min(pages, MOST_PAGES) + 1)) - {one.page for one in paragraphs})
    if silent:
        which = ", ".join(map(str, silent[:10])) + (" and more" if len(silent) > 10 else "")
        notes.append(f"{_pages(len(silent))} of {pages} without text, pictures or empty: {which}.")
    return notes


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number} pages"


def _paragraphs(data: bytes) -> tuple[list[_Paragraph], str, int]:
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser

    document = PDFDocument(PDFParser(io.BytesIO(data)))
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    found: list[_Paragraph] = []
    number = 0
    for number, page in enumerate(PDFPage.create_pages(document), start=1):
        if number > MOST_PAGES:
            break
        tell_page(number)
        interpreter.process_page(page)
        layout: Any = device.get_result()
        found += [one for box in boxes_of(layout) if (one := _paragraph(box, number, layout.height)).text]
    info: list[Any] = document.info  # pyright: ignore[reportUnknownMemberType]
    return found, _title(info), number


def _paragraph(box: Box, page: int, height: float) -> _Paragraph:
    at_edge = box.high < height * EDGE or box.low > height * (1 - EDGE)
    text = "\n".join(" | ".join(row) for row in box.rows) or "".join(line.get_text() for line in box.lines)
    return _Paragraph(_mapped(text) if box.rows else _flowing(text), _size(box), page, at_edge, bool(box.rows))


def _mapped(text: str) -> str:
    return re.sub(r"\(cid:\d+\)", "\ufffd", text)


def _flowing(text: str) -> str:
    """The lines of a paragraph as one, words that were parted at a line's end joined."""
    joined = ""
    for line in (without_leaders(line.strip()) for line in _mapped(text).splitlines()):
        if not joined or not line:
            joined += line
        elif PARTED.search(joined) and line[0].islower() and GOES_ON.match(line):
            joined = joined[:-1] + line
        elif UNSPACED.match(joined[-1]) and UNSPACED.match(line[0]):
            joined += line
        else:
            joined = f"{joined} {line}"
    return joined


def _size(box: Box) -> float:
    from pdfminer.layout import LTChar

    return median([char.size for line in box.lines for char in line if isinstance(char, LTChar)] or [0.0])


def _title(info: list[Any]) -> str:
    from pdfminer.utils import decode_text

    raw: object = info[0].get("Title") if info else None
    title = decode_text(raw) if isinstance(raw, bytes) else ""
    return "" if title.lower() in {"untitled", "(anonymous)"} else title


def _without_running_heads(paragraphs: list[_Paragraph], pages: int) -> list[_Paragraph]:
    """Without what stands at the edge of most pages, numbers aside: running heads and page numbers."""
    alike = Counter(_shape(one.text) for one in paragraphs if one.at_edge)
    return [one for one in paragraphs if not (one.at_edge and pages > 2 and alike[_shape(one.text)] > pages / 3)]


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _blocks(paragraphs: list[_Paragraph]) -> Iterator[Block]:
    weights: Counter[float] = Counter()
    for one in paragraphs:
        weights[round(one.size, 1)] += len(one.text)
    usual = weights.most_common(1)[0][0]
    sizes = sorted({round(one.size, 1) for one in paragraphs if _is_heading(one, usual)}, reverse=True)
    for one in paragraphs:
        if _is_heading(one, usual):
            yield Block("heading", one.text, level=1 + min(sizes.index(round(one.size, 1)), 5), page=one.page)
        else:
            yield Block("table" if one.is_table else "paragraph", one.text, page=one.page)


def _is_heading(one: _Paragraph, usual: float) -> bool:
    return (
        not one.is_table
        and one.size >= usual * LARGER
        and len(one.text) <= LONGEST_HEADING
        and any(map(str.isalpha, one.text))
    )


FORMAT = DocumentFormat(
    "pdf",
    "a PDF",
    (".pdf",),
    "application/pdf",
    read,
    recognises=lambda data: b"%PDF-" in data[:1024],
    requires=("pdfminer",),
)
