"""Locks between processes, and files that appear whole or not at all."""

import errno
import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from castalia.core.errors import StorageError


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold an advisory lock on ``path`` (made when missing); the system frees it when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def try_locked(path: Path) -> Generator[bool]:
    """As `locked`, without waiting: yields whether the lock was free and is now held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def storage_errors(what: str) -> Generator[None]:
    """Turn a full disk or a missing permission into StorageError that says what could not be written."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageError(f"No space is left to write {what}.", hint="Free some space and try again.") from error
        if error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
            raise StorageError(f"{what} cannot be written: {error.strerror}.", hint="Check the permissions.") from error
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` is either absent, as before, or complete. Raises StorageError."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with storage_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def publish_folder(staged: Path, parent: Path, name: str) -> Path:
    """Move a finished folder to ``parent/name`` in one step; when that is taken, to a free name beside it.

    What was there stays until nothing points at it any more. Returns the folder's place. Raises StorageError.
    """
    target = parent / name
    with storage_errors(str(target)):
        parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target = parent / f"{name}.{secrets.token_hex(4)}"
        staged.rename(target)
    return target
