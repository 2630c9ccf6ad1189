"""The end of what a child process says on stderr: read as it comes, so that neither a pipe nor a disk fills up."""

import os
import threading
from typing import TextIO

KEPT = 4096
"""Bytes."""
PIECE = 65536


class StderrTail:
    """A pipe for a child's stderr and the last `KEPT` bytes that came through it.

    ``file`` goes to the child; `opened` is called once it has started, so that the pipe ends with the child.
    """

    def __init__(self) -> None:
        self._read, write = os.pipe()
        self.file: TextIO = os.fdopen(write, "w")
        self._kept = b""
        self._thread = threading.Thread(target=self._run, name="castalia-stderr", daemon=True)
        self._thread.start()

    def opened(self) -> None:
        """The child has its own end: let go of ours."""
        self.file.close()

    def text(self, most: int, wait: float = 0.0) -> str:
        """The last ``most`` characters, after waiting at most so many seconds for a child that is ending."""
        self._thread.join(wait)
        return self._kept.decode("utf-8", "replace").strip()[-most:]

    def _run(self) -> None:
        while data := os.read(self._read, PIECE):
            self._kept = (self._kept + data)[-KEPT:]
        os.close(self._read)
