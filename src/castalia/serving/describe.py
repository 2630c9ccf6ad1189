"""From files on disk to a registry entry, one function per format."""

from pathlib import Path
from typing import cast

from castalia.core.assets import SENTENCE_VECTORS
from castalia.core.errors import UnsupportedInput
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.serving.artifacts import describe_file, model_from_artifact
from castalia.store.gguf import MODALITY, read_header
from castalia.store.sources.identify import Found, read_json

CONTINUATION = "continuation"
EXPORTED_FOR = "llamacpp"
"""The one engine for files that were exported here: OpenVINO's leaves out the start token of a text."""


def model_of(found: Found, name: str) -> Model:
    """The entry of a model that has its folder to itself; every engine that reads its format, none measured yet.

    Raises UnsupportedInput when the files contradict themselves.
    """
    main, folder = found.files[0], found.folder
    if found.format == "castalia":
        return model_from_artifact(folder, name)
    about = {"gguf": _gguf, "piper-onnx": _piper, "whisper-ctranslate2": _whisper, SENTENCE_VECTORS: _vectors}[
        found.format
    ](main)
    readers = [spec.name for spec in engines().specs().values() if found.format in spec.formats]
    if about.details.get("kind") == CONTINUATION:
        readers = [name for name in readers if name == EXPORTED_FOR]
    if not readers and found.format != SENTENCE_VECTORS:
        raise UnsupportedInput(f"No engine here reads {found.format}.", hint="castalia doctor lists the engines.")
    return about.model_copy(
        update={
            "name": name,
            "format": found.format,
            "engines": readers,
            "engine_reason": f"{readers[0]} is the engine for {found.format}" if len(readers) == 1 else "",
            "folder": folder,
            "files": [describe_file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()],
        }
    )


def _entry(**fields: object) -> Model:
    return Model.model_validate({"name": "", "format": "", "engines": [], "folder": Path(), **fields})


def _gguf(main: Path) -> Model:
    header = read_header(main)
    if not header.architecture or not header.context_length:
        raise UnsupportedInput(
            f"{main.name} is no language model: it names no architecture or no context length.",
            hint="Adapters and projectors cannot be pulled by themselves.",
        )
    details: dict[str, object] = {
        "gguf": main.name,
        "architecture": header.architecture,
        "context_length": header.context_length,
        "parameters": header.parameters,
        "tensor_types": header.tensor_types,
        "chat_template": bool(header.chat_template),
        "tools_in_template": "tools" in header.chat_template,
    }
    if header.text(MODALITY):
        details |= {"kind": CONTINUATION, "content": header.text(MODALITY)}
    family = "recurrent" if header.architecture.startswith(("rwkv", "mamba")) else "transformer"
    return _entry(
        family=family,
        outputs=["text"],
        licence=header.text("general.license"),
        description=header.text("general.name"),
        details=details,
    )


def _piper(main: Path) -> Model:
    config = read_json(main.with_name(f"{main.name}.json"))
    audio, language = _section(config, "audio"), _section(config, "language")
    speakers = config.get("num_speakers", 1)
    details: dict[str, object] = {
        "onnx": main.name,
        "sample_rate": audio.get("sample_rate"),
        "language": language.get("code", ""),
        "speakers": speakers,
    }
    description = f"A Piper voice: {language.get('name_english', 'unknown language')}, {audio.get('sample_rate')} Hz"
    return _entry(family="vae", outputs=["speech"], description=description, details=details)


def _whisper(main: Path) -> Model:
    config = read_json(main.with_name("config.json"))
    languages = config.get("lang_ids")
    count = len(cast("list[object]", languages)) if isinstance(languages, list) else 1
    details: dict[str, object] = {"multilingual": count > 1, "languages": count}
    return _entry(
        family="transformer",
        inputs=["speech", "audio"],
        outputs=["text"],
        description="Whisper: transcription",
        details=details,
    )


def _vectors(main: Path) -> Model:
    """Not asked for anything by itself: other models read captions by it."""
    read_json(main.with_name("tokenizer.json"))
    return _entry(
        family="transformer", inputs=[], outputs=[], description="Sentences as vectors, for models with captions"
    )


def _section(config: dict[str, object], name: str) -> dict[str, object]:
    value = config.get(name)
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
