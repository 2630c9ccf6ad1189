"""The document of a plan as bytes or as a file, in the format that its suffix names."""

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from castalia.core.errors import BadRequest, MissingExtra
from castalia.core.results import Result
from castalia.serving.documents.document import Document, document_of
from castalia.store.locking import write_whole

NEEDED = {
    "html": ("markdown_it",),
    "docx": ("markdown_it", "docx"),
    "pdf": ("markdown_it", "reportlab", "pypdf", "matplotlib"),
}
"""The formats, with the modules that each needs."""
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


def check_format(name: str) -> str:
    """The format itself. Raises BadRequest for one that there is not, MissingExtra when its libraries are missing."""
    if name not in NEEDED:
        raise BadRequest(
            f"Several outputs are put together as {', '.join(NEEDED)}, not as {name or 'a file without a suffix'!r}.",
            hint="For example -o report.html; or say --modality for one output.",
        )
    missing = [module for module in NEEDED[name] if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"A {name} document needs {', '.join(missing)}, which is not installed.",
            hint="pip install 'castalia[documents]', or take .html",
        )
    return name


def written(result: Result, prompt: str, format: str) -> bytes:
    """The document's bytes. Raises what `check_format` raises."""
    module = importlib.import_module(f"castalia.serving.documents.{check_format(format)}")
    return cast("Callable[[Document], bytes]", module.page)(document_of(result, prompt))


def save(result: Result, prompt: str, path: Path) -> Path:
    """Write the document to a file, whole or not at all; its suffix names the format."""
    write_whole(path, written(result, prompt, path.suffix.lower().lstrip(".")))
    return path
