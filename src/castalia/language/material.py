"""What is given to a task as text: texts as they stand, and files.

`text_of` is the one place where files are read for tasks.
"""

import tempfile
from pathlib import Path, PurePath

from castalia.core.content import Part
from castalia.core.errors import TooLarge, UnsupportedInput
from castalia.language.documents.reading import Reader
from castalia.language.task import Material

MOST_BYTES = 64 * 1024 * 1024
MARKED_UP = frozenset({".html", ".htm", ".eml"})
"""Texts whose words must be found among their marks."""


def material_of(part: Part) -> Material:
    """A part as text with its name. Raises UnsupportedInput, TooLarge, MissingExtra."""
    if part.text is not None:
        return Material(part.text, part.name or "")
    return Material(text_of(part), part.name or "")


def text_of(part: Part) -> str:
    """The text of an attached file: texts, code and tables as they stand, documents by their reader.

    Raises UnsupportedInput for a file that holds no text or is no document, TooLarge over 64 MB, MissingExtra.
    """
    name = part.name or "the attachment"
    if part.path is not None and part.path.stat().st_size > MOST_BYTES:
        raise TooLarge(f"{name} is larger than 64 MB.", hint="Give the part of it that matters.")
    data = part.read()
    text = None if PurePath(name).suffix.lower() in MARKED_UP else _plain(data)
    if text is None:
        text = _read(data, name)
    if not text.strip():
        raise UnsupportedInput(
            f"{name} holds no text.", hint="A scanned document must be recognised by an OCR program first."
        )
    return text


def _plain(data: bytes) -> str | None:
    """The bytes as text; None when they are none."""
    if b"\0" in data or data.startswith(b"%PDF-"):
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def _read(data: bytes, name: str) -> str:
    with tempfile.TemporaryDirectory(prefix="castalia-") as folder, Reader() as reader:
        path = Path(folder) / "document"
        path.write_bytes(data)
        return reader.read(path, name).text
