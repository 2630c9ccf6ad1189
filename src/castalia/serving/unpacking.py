"""Archives of training data that others send: opened within bounds, and never beyond their own folder."""

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from castalia.core.errors import UnsupportedInput
from castalia.store.locking import storage_errors

MOST_FILES = 200_000
MOST_BYTES = 8 * 2**30
"""Of all files together, unpacked."""
CHUNK = 2**20


def unpack(archive: Path, target: Path, name: str) -> Path:
    """Open a ZIP archive as the folder ``target``, whole or not at all; of one folder alone inside, that folder.

    ``name`` is what its sender calls it. What macOS and hidden folders add is left out. Raises UnsupportedInput for
    what is no ZIP archive, is encrypted, leads out of its folder or is larger than the bounds; StorageError.
    """
    if not target.exists():
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            with storage_errors(str(target)), zipfile.ZipFile(archive) as opened:
                _write(opened, _checked(opened, name), partial, name)
                partial.rename(target)
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            raise UnsupportedInput(
                f"{name} is no ZIP archive that can be read: {error}.", hint="Pack it anew."
            ) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target


def _checked(opened: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The files to write."""
    entries = [entry for entry in opened.infolist() if not entry.is_dir() and not _beside_the_point(entry.filename)]
    if not entries:
        raise UnsupportedInput(f"{name} holds no files.", hint="Pack the folder of training data.")
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise UnsupportedInput(
            f"{name} holds more than {MOST_FILES:,} files or {MOST_BYTES // 2**30} GiB.", hint="Send less of it."
        )
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise UnsupportedInput(
                f"{name} has a file outside of its folder: {entry.filename!r}.", hint="Pack it anew."
            )
        if entry.flag_bits & 1:
            raise UnsupportedInput(f"{name} is encrypted.", hint="Pack it without a password.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsupportedInput(f"{name} holds a link: {entry.filename!r}.", hint="Pack the file that it means.")
    return entries


def _write(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, name: str) -> None:
    """Write the files, counting what really comes out of them."""
    left = MOST_BYTES
    for entry in entries:
        path = folder / PurePosixPath(entry.filename.replace("\\", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source, path.open("wb") as file:
            while chunk := source.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise UnsupportedInput(f"{name} is larger than it says.", hint="Pack it anew.")
                file.write(chunk)


def _beside_the_point(path: str) -> bool:
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in PurePosixPath(path).parts)
