"""Reading files in a child process, so that a hostile or endless one costs its own time and memory only."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Self, cast

from castalia.core.errors import InternalError, NotFound, TooLarge, UnsupportedInput, rebuild
from castalia.core.events import Progress
from castalia.language.documents.content import Content
from castalia.language.documents.formats import check_installed, format_of

MOST_BYTES = 256 * 1024 * 1024
"""Bytes of a file that is read at all."""
SECONDS = 120.0
"""Seconds that a file may take, or a page of one that is read page by page."""
MOST_SECONDS = 3600.0
"""Seconds that all pages of such a file may take together."""


class Reader:
    """Reads files one by one in a child process that is started at the first and stopped at the end.

    Use it as a context manager. ``seconds`` bound each file, or each page of one that is read page by page; a child
    that takes longer is killed.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path, name: str | None = None) -> Content:
        """What stands in a file. ``name`` tells its format where ``path`` has another one. See `reading`."""
        pages = self.reading(path, name)
        while True:
            try:
                next(pages)
            except StopIteration as done:
                return cast(Content, done.value)

    def reading(self, path: Path, name: str | None = None, fraction: float = 0.0) -> Generator[Progress, None, Content]:
        """The same, while the pages that the reader has come to are told, at that ``fraction`` of the whole work.

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
        content = yield from self._asked(path, name, fraction)
        if not content.text:
            raise UnsupportedInput(f"{name} holds no text.", hint="Leave it out.")
        return content

    def _asked(self, path: Path, name: str, fraction: float) -> Generator[Progress, None, Content]:
        child = self._running()
        stdin, stdout = cast("IO[str]", child.stdin), cast("IO[str]", child.stdout)
        started = time.monotonic()
        overdue = threading.Event()
        line = self._line(child, overdue, json.dumps({"path": str(path.resolve()), "name": name}), stdin, stdout)
        while line.startswith('{"page"') and time.monotonic() - started < MOST_SECONDS:
            try:
                yield Progress(message=f"{name}: reading page {json.loads(line)['page']}", fraction=fraction)
            except GeneratorExit:  # what the child would still say belongs to no later file
                self._stop()
                raise
            line = self._line(child, overdue, None, stdin, stdout)
        if not line or line.startswith('{"page"'):
            self._stop()
            if line or overdue.is_set():
                seconds = MOST_SECONDS if line else self.seconds
                raise UnsupportedInput(
                    f"{name} took longer than {seconds:g} s to read and was given up.",
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

    def _line(
        self, child: "subprocess.Popen[str]", overdue: threading.Event, asked: str | None, stdin: IO[str], out: IO[str]
    ) -> str:
        """The child's next line, after it was asked something perhaps; empty when it ended or had to be killed."""

        def end() -> None:
            overdue.set()
            child.kill()

        timer = threading.Timer(self.seconds, end)
        timer.start()
        try:
            if asked is not None:
                stdin.write(asked + "\n")
                stdin.flush()
            return out.readline()
        except BrokenPipeError:
            return ""
        finally:
            timer.cancel()

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
