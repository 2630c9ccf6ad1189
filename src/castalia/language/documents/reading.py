"""Reading files in a child process, so that a hostile or endless one costs its own time and memory only."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Self, cast

from castalia.core.errors import InternalError, NotFound, TooLarge, UnsupportedInput, rebuild
from castalia.language.documents.content import Content
from castalia.language.documents.formats import check_installed, format_of

MOST_BYTES = 256 * 1024 * 1024
"""Bytes of a file that is read at all."""
SECONDS = 120.0
"""Seconds that reading one file may take."""


class Reader:
    """Reads files one by one in a child process that is started at the first and stopped at the end.

    Use it as a context manager. ``seconds`` bound each file; a child that takes longer is killed.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path, name: str | None = None) -> Content:
        """What stands in a file. ``name`` tells its format where ``path`` has another one.

        Raises NotFound, UnsupportedInput (of no known kind, broken, encrypted, empty, mislabelled), TooLarge,
        MissingExtra.
        """
        name = name or path.name
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", hint="Check the path.")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise TooLarge(f"{name} has {size / 1e6:.0f} MB; {MOST_BYTES / 1e6:.0f} MB is the limit.", hint="Split it.")
        if size == 0:
            raise UnsupportedInput(f"{name} is empty.", hint="Leave it out.")
        with path.open("rb") as file:
            head = file.read(4096)
        check_installed(format_of(path.read_bytes() if head.startswith(b"PK") else head, name))
        content = self._asked(path, name)
        if not content.text:
            raise UnsupportedInput(f"{name} holds no text.", hint="Leave it out.")
        return content

    def _asked(self, path: Path, name: str) -> Content:
        child = self._running()
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            child.kill()

        timer = threading.Timer(self.seconds, end)
        timer.start()
        try:
            stdin, stdout = cast("IO[str]", child.stdin), cast("IO[str]", child.stdout)
            stdin.write(json.dumps({"path": str(path.resolve()), "name": name}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            self._stop()
            if overdue.is_set():
                raise UnsupportedInput(
                    f"{name} took longer than {self.seconds:g} s to read and was given up.",
                    hint="It may be a trap or very long: split it, or save it in another format.",
                )
            raise UnsupportedInput(
                f"Reading {name} ended its process: it needs more memory than is allowed, or it is broken.",
                hint="Split it, or save it in another format.",
            )
        answer: dict[str, dict[str, object]] = json.loads(line)
        if "error" in answer:
            raise rebuild(answer["error"])
        return Content.model_validate(answer["content"])

    def _running(self) -> "subprocess.Popen[str]":
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "castalia.language.documents.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                continue


def read_bytes(data: bytes, name: str) -> Content:
    """What stands in these bytes, read in this process: for the child. Raises what `Reader.read` raises."""
    from castalia.language.documents.content import assembled

    one = format_of(data, name)
    try:
        return assembled(one.name, one.read(data, name))
    except RecursionError:
        raise UnsupportedInput(f"{name} is nested too deeply.", hint="Save it in another format.") from None
    except MemoryError:
        raise InternalError(f"{name} needs more memory than is allowed.", hint="Split it.") from None
