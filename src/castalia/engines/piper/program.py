"""The Piper program: one warm process that speaks the lines that it is given.

Piper (GPL-3.0) is started as ``python -m piper`` and never imported. It reads one text a line from standard input,
writes one WAV file a line into a folder of our own, and reports each finished file by a line ``Wrote PATH`` on standard
error: that line is how the end of a sentence is known. How fast it speaks and how much it varies is settled at its
start, so other settings need another process.
"""

import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from castalia.core.errors import EngineCrashed, EngineError

POLL = 0.25
"""Seconds between two signs of life while a sentence is being spoken."""
LONGEST_WAIT = 300.0
"""Seconds after which a sentence is given up: a hundred times what the longest takes."""
_VOLUME = 0.9
"""Piper scales each sentence to full scale; a little room is left so that lossy encodings do not clip."""
_LOG_LINES = 40
_FOLDER = "castalia-piper-"
"""Folders of sentences are named for this and for the process that owns them."""


@dataclass(frozen=True)
class Manner:
    """What one process is started for. ``speaker`` is None for the voice's own."""

    speed: float
    noise_scale: float
    noise_w_scale: float
    speaker: int | None


class PiperProgram:
    """One running process. Raises EngineCrashed when it dies, EngineError when it hangs."""

    def __init__(self, voice: Path, manner: Manner) -> None:
        self.manner = manner
        _remove_orphans()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._written: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        command = [sys.executable, "-m", "piper", "--model", str(voice), "--config", f"{voice}.json"]
        command += ["--output-dir", str(self._folder), "--volume", str(_VOLUME)]
        command += ["--length-scale", f"{1 / manner.speed:.4f}"]
        command += ["--noise-scale", f"{manner.noise_scale:.4f}", "--noise-w-scale", f"{manner.noise_w_scale:.4f}"]
        if manner.speaker is not None:
            command += ["--speaker", str(manner.speaker)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
            cwd=self._folder,
        )
        self._reader = threading.Thread(target=self._read_reports, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of the program."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take a sentence."""
        return self._process.poll() is None

    def speak(self, sentence: str) -> Iterator[bytes]:
        """Yields b"" every `POLL` seconds, at last the sentence as a WAV file.

        ``sentence`` is one line that holds something to pronounce. Closing the iterator before the end leaves the
        program in mid-sentence: close the program then.
        """
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        try:
            self._process.stdin.write(sentence.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._crashed(sentence) from None
        waited = 0.0
        while True:
            try:
                path = self._written.get(timeout=POLL)
            except queue.Empty:
                waited += POLL
                if waited >= LONGEST_WAIT:
                    self.close()
                    raise EngineError(
                        f"Piper did not speak a sentence of {len(sentence)} characters in {LONGEST_WAIT:.0f} s.",
                        hint="Ask again; if it repeats, the machine is overloaded.",
                        details={"log": self.log},
                    ) from None
                yield b""
                continue
            if path is None:
                raise self._crashed(sentence)
            data = path.read_bytes()
            path.unlink()
            yield data
            return

    @property
    def log(self) -> str:
        """The last lines that the program said about itself."""
        return "\n".join(self._log)

    def close(self) -> None:
        """End the process and remove its folder."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        with contextlib.suppress(OSError):  # unsent bytes for a process that is gone
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read_reports(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - opened as a pipe above
        with self._process.stderr as reports:
            for report in reports:
                line = report.decode(errors="replace").rstrip()
                _, found, path = line.partition(":Wrote ")
                if found:
                    self._written.put(self._folder / Path(path).name)
                else:
                    self._log.append(line)
        self._written.put(None)

    def _crashed(self, sentence: str) -> EngineCrashed:
        self._reader.join(POLL)
        said = self._log[-1] if self._log else "nothing was said about it"
        return EngineCrashed(
            f"The Piper program ended with exit status {self._process.wait()} while speaking: {said}.",
            hint="Ask again: it is started afresh. If it repeats, leave out unusual characters.",
            details={"sentence": sentence, "log": self.log},
        )


def _remove_orphans() -> None:
    """Remove the folders of processes that were killed: a sentence in them is nobody else's to read."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        owner = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
