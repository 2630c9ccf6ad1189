"""Writing an artifact: every file into a folder beside it, then one rename."""

import json
import mimetypes
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import Tensor

from castalia.core.contracts import Sample
from castalia.families.artifact import (
    CARD,
    CARD_TEXT,
    COMPRESSOR_WEIGHTS,
    CONFIG,
    FINGERPRINTS,
    SAMPLES,
    WEIGHTS,
    ArtifactConfig,
)
from castalia.store.locking import storage_errors
from castalia.training.events import Trained
from castalia.training.plan import TrainingPlan

FOLDER = "artifact"


@dataclass
class Product:
    """All that goes into an artifact."""

    plan: TrainingPlan
    config: ArtifactConfig
    weights: dict[str, Tensor]
    compressor: dict[str, Tensor]
    """The autoencoder's weights; empty without one."""
    fingerprints: dict[str, NDArray[np.generic]]
    figures: dict[str, float]
    data: dict[str, object]
    """Facts about the training set: items, what its modality found."""
    samples: list[Sample] = field(default_factory=list[Sample])


def finished(run_folder: Path) -> Trained | None:
    """The end of a run that has its artifact already."""
    folder = run_folder / FOLDER
    if not (folder / CARD).is_file():
        return None
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return Trained(artifact=folder, figures=card["figures"], card=card)


def write(run_folder: Path, product: Product) -> Trained:
    """Write the artifact of a run, whole or not at all. Raises StorageError."""
    staged = run_folder / f"{FOLDER}.partial"
    card = _card(product)
    with storage_errors(str(run_folder / FOLDER)):
        shutil.rmtree(staged, ignore_errors=True)
        (staged / SAMPLES).mkdir(parents=True)
        (staged / CONFIG).write_text(product.config.model_dump_json(indent=2), encoding="utf-8")
        for name, weights in ((WEIGHTS, product.weights), (COMPRESSOR_WEIGHTS, product.compressor)):
            if weights:
                save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, staged / name)
        arrays = {name: np.ascontiguousarray(value) for name, value in product.fingerprints.items()}
        save_arrays(arrays, staged / FINGERPRINTS)
        for index, sample in enumerate(product.samples):
            suffix = mimetypes.guess_extension(sample.media_type) or ".bin"
            (staged / SAMPLES / f"sheet-{index}{suffix}").write_bytes(sample.data)
        (staged / CARD).write_text(json.dumps(card, indent=2, default=str), encoding="utf-8")
        (staged / CARD_TEXT).write_text(_card_text(card), encoding="utf-8")
        staged.rename(run_folder / FOLDER)
    return Trained(artifact=run_folder / FOLDER, figures=product.figures, card=card)


def _card(product: Product) -> dict[str, object]:
    plan, config = product.plan, product.config
    items = product.data.get("items")
    return {
        "name": plan.name,
        "description": f"{config.family} of {config.modality}, learnt from {items} items of {plan.source.name}",
        "licence": plan.licence,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "modality": config.modality,
        "family": config.family,
        "size": config.size,
        "data": {"source": plan.source.name, "licence": plan.licence or "not stated"} | product.data,
        "details": product.data,
        "conditions": [group.name for group in config.conditions.groups] if config.conditions else [],
        "recipe": {
            "minutes": plan.minutes,
            "max_steps": plan.max_steps,
            "seed": plan.seed,
            "data_options": plan.data_options,
            "family_options": plan.family_options,
            **({} if plan.start_from is None else {"started_from": _name_of(plan.start_from)}),
            "derived": config.family_config,
            "training": {name: value for name, value in config.training.items() if name != "history"},
        },
        "figures": product.figures,
    }


def _name_of(folder: Path) -> str:
    """The name of the model in an artifact."""
    return str(json.loads((folder / CARD).read_text(encoding="utf-8"))["name"])


def _card_text(card: dict[str, object]) -> str:
    made = (
        f"A {card['family']} ({card['size']}) that makes {card['modality']}, trained by Castalia on {card['created']}."
    )
    return card_page(card, made)


def card_page(card: dict[str, object], opening: str) -> str:
    """A card for people, in Markdown: its name, what it is, and tables of data, figures and recipe."""
    lines = [f"# {card['name']}", "", opening, ""]
    for title in ("data", "figures", "recipe"):
        lines += [f"## {title.capitalize()}", "", "| | |", "| --- | --- |"]
        section = cast("dict[str, object]", card[title])
        lines += [f"| {name} | {_cell(value)} |" for name, value in section.items()]
        lines.append("")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 300 else f"{text[:300]} ... (all of it in {CARD})"
