"""Long work in a child process that says what it does in JSON lines: both ends of the pipe.

The child: `Channel` sends events, `watch_stdin` tells it when to stop. The parent: `lines_of` starts it, passes its
lines on and stops it. Death of the parent stops the child, too, because its stdin ends then.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import IO, cast

from pydantic import BaseModel

PATIENCE = 60.0
"""Seconds that a child told to stop gets to end by itself."""


class Channel:
    """Where a child's events go: our stdout and, where one is named, a file of record (without previews).

    What libraries print goes to stderr from now on.
    """

    def __init__(self, record: Path | None = None) -> None:
        self._out: IO[str] | None = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)
        self._record = None if record is None else record.open("a", buffering=1, encoding="utf-8")
        self._lock = threading.Lock()

    def emit(self, event: BaseModel) -> None:
        """Send one event, from any thread. A parent that is gone is no error: the child decides what becomes of the
        work."""
        with self._lock:
            if self._record is not None:
                self._record.write(event.model_dump_json(exclude={"preview"}, exclude_none=True) + "\n")
            if self._out is not None:
                try:
                    self._out.write(event.model_dump_json() + "\n")
                except BrokenPipeError:
                    self._out = None


def watch_stdin(stop: threading.Event) -> None:
    """Set ``stop`` at the first line, or at the end, of stdin."""

    def wait() -> None:
        os.read(0, 1)
        stop.set()

    threading.Thread(target=wait, daemon=True).start()


def lines_of(module: str, folder: Path, log: Path) -> Generator[bytes, None, int]:
    """Run ``python -m module folder``; yields each line of its stdout and returns its exit status.

    ``log`` takes its stderr. Closing the iterator tells the child to stop and kills it when it does not.
    """
    with log.open("ab") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches us alone; we then stop the child properly
        )
    try:
        yield from cast("IO[bytes]", worker.stdout)
        return worker.wait()
    finally:
        _stop(worker)


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    """Ask the child to end; kill it when it does not."""
    stdin, stdout = cast("IO[bytes]", worker.stdin), cast("IO[bytes]", worker.stdout)
    with contextlib.suppress(BrokenPipeError):
        stdin.write(b"stop\n")
        stdin.close()
    try:
        stdout.close()
        worker.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
