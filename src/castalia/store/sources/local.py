"""A path on this machine: a GGUF file, a Piper voice, a Whisper folder, one of our artifacts, or a folder of such."""

import os
from collections.abc import Generator
from pathlib import Path

from castalia.core.errors import NotFound, UnsupportedInput
from castalia.core.events import Progress
from castalia.core.models import ModelFile
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import Fetched, Meter, check_space, copy_checked
from castalia.store.sources.wheel import COMPANIONS, PICKLES, WEIGHTS


def fetch(path: Path, target: Path) -> Generator[Progress, None, Fetched]:
    """Copy the files that make up a model from ``path`` into ``target``; the original is not touched or needed again.

    Raises NotFound, UnsupportedInput (a pickle, no weights), StorageError (disk full).
    """
    path = path.expanduser().absolute()
    files = files_of(path)
    total = sum(file.stat().st_size for file in files.values())
    with storage_errors(str(target)):
        target.mkdir(parents=True, exist_ok=True)
    check_space(target, total)
    meter = Meter(f"Copying {path.name}", total)
    written: list[ModelFile] = []
    for name, file in files.items():
        with storage_errors(str(file)), file.open("rb") as source:
            copied = yield from copy_checked(source, target / name, meter, file.stat().st_size)
        written.append(copied.model_copy(update={"path": name}))
    return Fetched(target, str(path), "", f"{path.name} from this machine", written)


def files_of(path: Path) -> dict[str, Path]:
    """The files to copy by their names below the target."""
    if not path.exists():
        raise NotFound(f"There is no file or folder {path}.", hint="Check the path.")
    if path.is_file():
        if path.suffix in PICKLES:
            raise UnsupportedInput(
                f"{path} is a pickle, which could run code.", hint="Convert it to GGUF or safetensors first."
            )
        config = path.with_name(f"{path.name}.json")
        return {path.name: path, **({config.name: config} if path.suffix == ".onnx" and config.is_file() else {})}
    found: dict[str, Path] = {}
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            file = Path(folder, name)
            if file.suffix in WEIGHTS | COMPANIONS and file.is_file():
                found[file.relative_to(path).as_posix()] = file
    if not any(file.suffix in WEIGHTS for file in found.values()):
        pickles = [file.name for file in path.rglob("*") if file.suffix in PICKLES]
        reason = f"only pickles ({', '.join(pickles[:3])}), which could run code" if pickles else "no weights"
        raise UnsupportedInput(
            f"{path} holds {reason}.", hint="Castalia reads GGUF, Piper's ONNX, CTranslate2 and its own artifacts."
        )
    return found
