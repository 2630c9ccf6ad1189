"""From an artifact's folder to a registry entry: the same for a trained model and for one pulled from a path."""

import hashlib
import json
from pathlib import Path
from typing import cast

from castalia.core.errors import UnsupportedInput
from castalia.core.models import Model, ModelFile
from castalia.core.plugins import families, modalities


def model_from_artifact(folder: Path, name: str, source: str = "") -> Model:
    """The entry that describes an artifact. Raises UnsupportedInput when files are missing or not an artifact's."""
    config = _read(folder / "config.json")
    card = _read(folder / "card.json")
    if not (folder / "weights.safetensors").is_file():
        raise UnsupportedInput(f"{folder} has no weights.safetensors.", hint="Train the model again.")
    modality = str(config["modality"])
    family = str(config["family"])
    kind, learner = modalities().spec(modality), families().specs().get(family)  # NotFound: its plug-in is missing
    layout = cast("dict[str, object]", config.get("layout") or {})
    whole = bool(config.get("compressor")) and layout.get("kind") == "tokens"
    begins = kind.begins_with if learner is not None and learner.completes and not whole else ()
    figures = card.get("figures")
    details = card.get("details")
    return Model(
        name=name,
        format="castalia",
        engines=["native"],
        engine_reason="native is the engine of models trained here",
        family=family,
        outputs=[modality],
        inputs=["text", *begins],
        folder=folder,
        files=[describe_file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()],
        source=source,
        licence=str(card.get("licence", "")),
        description=str(card.get("description", "")),
        figures=cast("dict[str, float]", figures) if isinstance(figures, dict) else {},
        details=cast("dict[str, object]", details) if isinstance(details, dict) else {},
    )


def describe_file(path: Path, folder: Path) -> ModelFile:
    """Size and SHA-256 of a file, its path relative to the model's folder."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(path=str(path.relative_to(folder)), size=path.stat().st_size, sha256=digest)


def _read(path: Path) -> dict[str, object]:
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnsupportedInput(
            f"{path.parent} is not a model artifact: no {path.name}.", hint="Name its folder."
        ) from None
    except ValueError as error:
        raise UnsupportedInput(f"{path} is damaged: {error}.", hint="Train or copy the model again.") from None
    if not isinstance(data, dict):
        raise UnsupportedInput(f"{path} does not hold an object.", hint="Train or copy the model again.")
    return cast("dict[str, object]", data)
