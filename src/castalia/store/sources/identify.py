"""What kind of model files are: decided by their contents, not by their names alone."""

import json
import re
import shutil
import struct
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from castalia.core.errors import UnsupportedInput
from castalia.core.events import Progress
from castalia.store.locking import storage_errors
from castalia.store.sources.staging import Meter

Format = Literal["gguf", "piper-onnx", "whisper-ctranslate2", "sentence-vectors", "castalia"]

SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
CTRANSLATE2_VERSIONS = range(3, 20)
"""Binary versions that a CTranslate2 ``model.bin`` may state in its first four bytes; 6 since 2021."""


@dataclass(frozen=True)
class Found:
    """One model among the files: its format, its files (the one with the weights first) and their folder."""

    format: Format
    folder: Path
    files: tuple[Path, ...]

    @property
    def stem(self) -> str:
        """A word for it, from its main file or folder."""
        if self.format in {"gguf", "piper-onnx"}:
            match = SHARD.fullmatch(self.files[0].name)
            return match["stem"] if match else self.files[0].name.removesuffix(self.files[0].suffix)
        return self.folder.name


def identify(root: Path) -> list[Found]:
    """Every model below ``root``, in order of path.

    Raises UnsupportedInput with the reason when there is none, when a file is a pickle, or is cut off.
    """
    found: list[Found] = []
    for folder in [root, *sorted(path for path in root.rglob("*") if path.is_dir())]:
        names = {path.name for path in folder.iterdir() if path.is_file()}
        if {"config.json", "weights.safetensors"} <= names:
            own = tuple(path for path in sorted(folder.rglob("*")) if path.is_file())
            return [*found, Found("castalia", folder, (folder / "weights.safetensors", *_others(own)))]
        found += _ggufs(folder, names)
        found += [
            Found("piper-onnx", folder, _piper_files(folder, name, names))
            for name in sorted(names)
            if name.endswith(".onnx") and f"{name}.json" in names
        ]
        if {"model.onnx", "tokenizer.json"} <= names:
            found.append(Found("sentence-vectors", folder, (folder / "model.onnx", folder / "tokenizer.json")))
        if "model.bin" in names:
            found.append(Found("whisper-ctranslate2", folder, _whisper_files(folder, names)))
    if not found:
        raise UnsupportedInput(f"These files are no model that Castalia can run: {_reason(root)}.", hint=HINT)
    return found


HINT = "Castalia reads GGUF, Piper voices (.onnx with .onnx.json), Whisper for CTranslate2 and its own artifacts."


def join_parts(root: Path) -> Generator[Progress]:
    """Put ``model.bin.part1``, ``.part2``, ... together as ``model.bin`` and remove them. Raises UnsupportedInput."""
    for first in sorted(root.rglob("*.part1")):
        whole = first.with_suffix("")
        parts = sorted(first.parent.glob(f"{whole.name}.part*"), key=lambda part: int(part.suffix[5:] or 0))
        numbers = [int(part.suffix[5:]) for part in parts]
        if numbers != list(range(1, len(parts) + 1)) or len(parts) < 2:
            raise UnsupportedInput(
                f"Of the split file {whole.name} only the parts {numbers} are here.",
                hint="Put all parts into one folder and pull that folder.",
            )
        meter = Meter(f"Joining {whole.name}", sum(part.stat().st_size for part in parts))
        with storage_errors(str(whole)), whole.open("wb") as target:
            for part in parts:
                with part.open("rb") as source:
                    while block := source.read(1 << 22):
                        target.write(block)
                        if progress := meter.advance(len(block)):
                            yield progress
        for part in parts:
            part.unlink()


def gather(found: Found, target: Path) -> Found:
    """Move the files of one model into the folder ``target``, without what lies around them. Raises StorageError."""
    places = tuple(target / file.relative_to(found.folder) for file in found.files)
    with storage_errors(str(target)):
        for file, place in zip(found.files, places, strict=True):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, place)
    return Found(found.format, target, places)


def _others(files: tuple[Path, ...]) -> list[Path]:
    return [path for path in files if path.name != "weights.safetensors"]


def _ggufs(folder: Path, names: set[str]) -> list[Found]:
    """GGUF models; the pieces of a split one together. Projectors for pictures (mmproj) are no models of their own."""
    found: list[Found] = []
    for name in sorted(names):
        if not name.lower().endswith(".gguf") or "mmproj" in name.lower():
            continue
        match = SHARD.fullmatch(name)
        if match is None:
            found.append(Found("gguf", folder, (folder / name,)))
        elif int(match["number"]) == 1:
            count = int(match["count"])
            pieces = [f"{match['stem']}-{number:05d}-of-{match['count']}.gguf" for number in range(1, count + 1)]
            missing = [piece for piece in pieces if piece not in names]
            if missing:
                raise UnsupportedInput(f"The model {match['stem']} lacks {', '.join(missing)}.", hint="Add the pieces.")
            found.append(Found("gguf", folder, tuple(folder / piece for piece in pieces)))
    return found


def _piper_files(folder: Path, name: str, names: set[str]) -> tuple[Path, ...]:
    config = read_json(folder / f"{name}.json")
    if "audio" not in config or "phoneme_id_map" not in config:
        raise UnsupportedInput(f"{name}.json is not the configuration of a Piper voice.", hint=HINT)
    if (folder / name).stat().st_size < 1024:
        raise UnsupportedInput(f"{name} holds no network; it may be cut off.", hint="Fetch it again.")
    return tuple(folder / entry for entry in (name, f"{name}.json", "MODEL_CARD") if entry in names)


def _whisper_files(folder: Path, names: set[str]) -> tuple[Path, ...]:
    with (folder / "model.bin").open("rb") as file:
        head = file.read(64)
    if head[:2] in {b"PK", b"\x80\x02", b"\x80\x04"}:
        raise UnsupportedInput("model.bin is a pickle, which could run code.", hint=HINT)
    kind = _ctranslate2_kind(head)
    if kind != "WhisperSpec":
        what = f"a CTranslate2 model of the kind {kind}" if kind else "no CTranslate2 model"
        raise UnsupportedInput(f"model.bin is {what}; only Whisper can be run.", hint=HINT)
    vocabulary = next((name for name in ("vocabulary.txt", "vocabulary.json") if name in names), None)
    missing = [name for name in ("config.json", "tokenizer.json") if name not in names]
    if vocabulary is None:
        missing.append("vocabulary.txt")
    if missing:
        raise UnsupportedInput(f"Beside model.bin {', '.join(missing)} is missing.", hint="Add it to the folder.")
    kept = ("model.bin", "config.json", "tokenizer.json", str(vocabulary), "preprocessor_config.json")
    return tuple(folder / name for name in kept if name in names)


def _ctranslate2_kind(head: bytes) -> str | None:
    """The model specification that a CTranslate2 file names after its version, or None when it is none."""
    if len(head) < 8:
        return None
    version, length = struct.unpack_from("<IH", head)
    if version not in CTRANSLATE2_VERSIONS or length > 50:
        return None
    return head[6 : 6 + length].rstrip(b"\0").decode("ascii", "replace")


def _reason(root: Path) -> str:
    names = sorted(path.name for path in root.rglob("*") if path.is_file())
    if any(name.endswith(".onnx") for name in names):
        return "an ONNX file without the .onnx.json of a Piper voice"
    if any(name.endswith(".safetensors") for name in names):
        return "safetensors of another program; look for a GGUF version of that model"
    if any(name.endswith(".bin") for name in names):
        return "a .bin file that may be a pickle, which could run code"
    return ", ".join(names[:5]) or "nothing at all"


def read_json(path: Path) -> dict[str, object]:
    """A JSON object from a file. Raises UnsupportedInput."""
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnsupportedInput(f"{path.name} is not valid JSON: {error}.", hint="Fetch it again.") from None
    if not isinstance(data, dict):
        raise UnsupportedInput(f"{path.name} does not hold a JSON object.", hint="Fetch it again.")
    return cast("dict[str, object]", data)
