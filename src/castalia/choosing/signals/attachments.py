"""What is attached: its kind by part type, media type or suffix, and the columns of an attached table."""

import csv
from pathlib import PurePath

from castalia.choosing.reading import KIND_OF_SUFFIX, KINDS
from castalia.core.content import Part
from castalia.core.requests import Request

HEAD_BYTES = 65_536
"""As much of a table is read as its header can fill."""


def kind_of(part: Part) -> str:
    """``image``, ``audio``, ``video``, ``table``, ``text`` or, when nothing tells, ``file``."""
    if part.type != "file":
        return "audio" if part.type in {"speech", "music"} else part.type
    for name in (part.name, part.path.name if part.path else None):
        if name:
            kind = name if name in KINDS else KIND_OF_SUFFIX.get(PurePath(name).suffix.lower().removeprefix("."))
            if kind:
                return kind
    media = part.media_type or ""
    if media in {"text/csv", "text/tab-separated-values", "application/vnd.apache.parquet"}:
        return "table"
    top = media.split("/")[0]
    return top if top in {"image", "audio", "video", "text"} else "file"


def kinds_of(request: Request) -> list[str]:
    """The kinds of everything attached, without repetition, in order."""
    return list(dict.fromkeys(kind_of(part) for part in request.attachments))


def columns_of(part: Part) -> list[str] | None:
    """The column names of an attached CSV; None when it is none, or its header cannot be read as text."""
    if part.data is not None:
        head = part.data[:HEAD_BYTES]
    elif part.path is not None and part.path.suffix.lower() in {".csv", ".tsv"} and part.path.is_file():
        with part.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    else:
        return None
    lines = head.decode("utf-8-sig", errors="replace").splitlines()
    if not lines or "\x00" in lines[0]:
        return None
    separator = max(",;\t|", key=lines[0].count)
    return [name.strip() for name in next(csv.reader([lines[0]], delimiter=separator))]
