"""What is given to a task as text: texts as they stand, and files of text, Markdown and PDF.

`text_of` is the one place where files are read for tasks.
"""

import importlib
import io
from typing import Any

from castalia.core.content import Part
from castalia.core.errors import MissingExtra, TooLarge, UnsupportedInput
from castalia.language.task import Material

MOST_BYTES = 64 * 1024 * 1024
PDF = b"%PDF-"


def material_of(part: Part) -> Material:
    """A part as text with its name. Raises UnsupportedInput, TooLarge, MissingExtra."""
    if part.text is not None:
        return Material(part.text, part.name or "")
    return Material(text_of(part), part.name or "")


def text_of(part: Part) -> str:
    """The text of an attached file, pages of a PDF apart by an empty line.

    Raises UnsupportedInput for a file that holds no text or is no text, TooLarge over 64 MB, MissingExtra.
    """
    name = part.name or "the attachment"
    if part.path is not None and part.path.stat().st_size > MOST_BYTES:
        raise TooLarge(f"{name} is larger than 64 MB.", hint="Give the part of it that matters.")
    data = part.read()
    text = _pdf(data, name) if data.startswith(PDF) else _plain(data, name)
    if not text.strip():
        raise UnsupportedInput(
            f"{name} holds no text.", hint="A scanned document must be recognised by an OCR program first."
        )
    return text


def _plain(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UnsupportedInput(
            f"{name} is no text that can be read: UTF-8 text, Markdown and PDF are.", hint="Save it as one of these."
        )
    return text.replace("\r\n", "\n")


def _pdf(data: bytes, name: str) -> str:
    try:
        pypdf: Any = importlib.import_module("pypdf")
    except ModuleNotFoundError:
        raise MissingExtra("Reading PDF needs pypdf.", hint="pip install 'castalia[documents]'") from None
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnsupportedInput(f"{name} is locked by a password.", hint="Save it without one.")
        return "\n\n".join(page.extract_text() for page in reader.pages)
    except pypdf.errors.PyPdfError as error:
        raise UnsupportedInput(f"{name} is a damaged PDF: {error}.", hint="Save it anew.") from None
