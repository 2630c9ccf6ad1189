"""What is given to a task as text: texts as they stand, and files.

`material_of` is the one place where files are read for tasks.
"""

import tempfile
from collections.abc import Generator
from pathlib import Path, PurePath

from castalia.core.content import Part
from castalia.core.errors import TooLarge, UnsupportedInput
from castalia.core.events import Event
from castalia.language.documents.content import Content
from castalia.language.documents.formats import OTHERS
from castalia.language.documents.reading import Reader
from castalia.language.task import Material

MOST_BYTES = 64 * 1024 * 1024
MARKED_UP = frozenset({".html", ".htm", ".eml"})
"""Texts whose words must be found among their marks."""


def material_of(part: Part) -> Generator[Event, None, Material]:
    """A part as text with its name: texts, code and tables as they stand, documents by their reader, whose pages are
    told as progress and whose notes go along.

    Raises UnsupportedInput for a file that holds no text or is no document, TooLarge over 64 MB, MissingExtra.
    """
    if part.text is not None:
        return Material(part.text, part.name or "")
    name = part.name or "the attachment"
    if part.path is not None and part.path.stat().st_size > MOST_BYTES:
        raise TooLarge(f"{name} is larger than 64 MB.", hint="Give the part of it that matters.")
    data = part.read()
    text = None if PurePath(name).suffix.lower() in MARKED_UP else _plain(data)
    notes: list[str] = []
    if text is None:
        content = yield from _read(data, name)
        text, notes = content.text, content.notes
    if not text.strip():
        raise UnsupportedInput(
            f"{name} holds no text.", hint="A scanned document must be recognised by an OCR program first."
        )
    return Material(text, part.name or "", tuple(f"{name}: {note}" for note in notes))


def _plain(data: bytes) -> str | None:
    """The bytes as text; None when they are none."""
    if b"\0" in data or data.startswith((b"%PDF-", *OTHERS)):
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def _read(data: bytes, name: str) -> Generator[Event, None, Content]:
    with tempfile.TemporaryDirectory(prefix="castalia-") as folder, Reader() as reader:
        path = Path(folder) / "document"
        path.write_bytes(data)
        return (yield from reader.reading(path, name))
