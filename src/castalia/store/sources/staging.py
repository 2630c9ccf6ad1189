"""What a source hands over: a folder of checked files, and facts about them."""

import hashlib
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from castalia.core.errors import StorageError
from castalia.core.events import Progress
from castalia.core.models import ModelFile
from castalia.store.locking import storage_errors

BLOCK = 1 << 20
MARGIN = 64 << 20
"""Bytes that must stay free besides what is written: the database and other programs go on living."""


@dataclass
class Fetched:
    """Files in ``folder``, complete and checked, with their origin. ``source`` can be pulled again as it stands."""

    folder: Path
    source: str
    licence: str
    description: str = ""
    files: list[ModelFile] = field(default_factory=list[ModelFile])

    @property
    def digest(self) -> str:
        """One SHA-256 over names and contents: two pulls with the same digest brought the same files."""
        return digest_of({file.path: file.sha256 for file in self.files})


def digest_of(files: dict[str, str]) -> str:
    """One SHA-256 over files: their own SHA-256 by path."""
    lines = sorted(f"{sha256}  {path}\n" for path, sha256 in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_space(folder: Path, needed: int) -> None:
    """Raise StorageError before writing ``needed`` bytes below ``folder`` when they cannot fit."""
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN:
        raise StorageError(
            f"{folder} has {free / 1e6:,.0f} MB free, {(needed + MARGIN) / 1e6:,.0f} MB are needed.",
            hint="Free some space, or move the home folder: --home or CASTALIA_HOME.",
        )


class Meter:
    """Progress of a counted piece of work: speaks at most twice a second."""

    def __init__(self, message: str, total: int | None, done: int = 0) -> None:
        self.message = message
        self.total = total
        self.done = self._start_done = done
        self._start = self._spoke = time.monotonic()

    def advance(self, amount: int) -> Progress | None:
        """Count ``amount`` more; the progress when it is time to tell it."""
        self.done += amount
        now = time.monotonic()
        if now - self._spoke < 0.5:
            return None
        self._spoke = now
        rate = (self.done - self._start_done) / (now - self._start)
        values = {"done": float(self.done), "per_second": rate}
        if not self.total:
            return Progress(message=self.message, values=values)
        eta = (self.total - self.done) / rate if rate else None
        fraction = min(self.done / self.total, 1.0)
        return Progress(message=self.message, fraction=fraction, eta=eta, values={**values, "total": float(self.total)})


def copy_checked(source: IO[bytes], target: Path, meter: Meter, limit: int) -> Generator[Progress, None, ModelFile]:
    """Copy a stream of at most ``limit`` bytes into ``target``; its size and SHA-256.

    Raises StorageError when the disk is full or the stream is longer than it said.
    """
    digest, size = hashlib.sha256(), 0
    with storage_errors(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while block := source.read(BLOCK):
                size += len(block)
                if size > limit:
                    raise StorageError(
                        f"{target.name} is longer than the {limit} bytes it was announced with.",
                        hint="The source is damaged or hostile; do not use it.",
                    )
                digest.update(block)
                file.write(block)
                if progress := meter.advance(len(block)):
                    yield progress
    return ModelFile(path=target.name, size=size, sha256=digest.hexdigest())
