"""The child process that reads files: ``{"path", "name"}`` a line in, ``{"content"}`` or ``{"error"}`` a line out.

Before it may come ``{"page"}``: how far a reader is that takes its time.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path

from castalia.core.errors import CastaliaError, InternalError
from castalia.language.documents.content import PAGES
from castalia.language.documents.reading import read_bytes

MEMORY = 3 * 1024**3
"""Bytes of address space that the child may take."""


def main() -> None:
    """Answer line by line until stdin ends; what libraries print goes to stderr."""
    with contextlib.suppress(ValueError, OSError):  # a system without this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    PAGES.set(lambda number: print(json.dumps({"page": number}), file=out))
    for line in sys.stdin:
        asked: dict[str, str] = json.loads(line)
        out.write(json.dumps(_answer(asked["path"], asked["name"])) + "\n")


def _answer(path: str, name: str) -> dict[str, object]:
    try:
        return {"content": read_bytes(Path(path).read_bytes(), name).model_dump()}
    except CastaliaError as error:
        return {"error": error.as_dict()}
    except Exception as error:  # noqa: BLE001 - the end of the process: whatever a file provoked is told, not lost
        unexpected = InternalError(f"Reading {name} failed: {type(error).__name__}: {error}.", hint="Please report it.")
        return {"error": unexpected.as_dict()}


if __name__ == "__main__":
    main()
