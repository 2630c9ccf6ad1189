"""Plain text: paragraphs are what stands between empty lines."""

import re

from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, decoded

FORM_FEED = "\f"


def read(data: bytes, name: str) -> Reading:
    """Paragraphs; a form feed begins a new page."""
    notes: list[str] = []
    pages = decoded(data, name, notes).split(FORM_FEED)
    blocks = [
        Block("paragraph", piece, page=number if len(pages) > 1 else None)
        for number, page in enumerate(pages, start=1)
        for piece in re.split(r"\n\s*\n", page.replace("\r\n", "\n").replace("\r", "\n"))
    ]
    return Reading(blocks, notes=notes)


FORMAT = DocumentFormat("text", "plain text", (".txt", ".text"), "text/plain", read)
