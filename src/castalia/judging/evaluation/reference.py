"""What a model is judged against: items that it learnt from, and items that it has not seen."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from castalia.core.assets import provide
from castalia.core.contracts import Encoded, Modality, Representation
from castalia.core.errors import BadRequest, DatasetError
from castalia.core.plugins import modalities
from castalia.core.representation import Layout, Tokens
from castalia.core.splitting import held_out_items, held_out_windows
from castalia.families.artifact import CARD, ArtifactConfig, read_config
from castalia.judging.evaluation.plan import EvaluationPlan

MOST_HELD_OUT = 1000
MOST_TRAINING = 20_000
FEWEST = 16


@dataclass
class Reference:
    """Real items of the model's representation.

    ``training`` and ``held_out`` (n, *shape) are items, of a stream its windows; ``labels`` of both (n,), -1 for
    unknown, None without classes. ``seen`` says whether the model learnt from ``training``: without that originality
    cannot be judged. ``source`` is where the training items are from.
    """

    modality: Modality
    representation: Representation
    config: ArtifactConfig
    training: NDArray[np.generic]
    held_out: NDArray[np.generic]
    training_labels: NDArray[np.int64] | None
    held_out_labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    seen: bool
    source: Path
    options: BaseModel
    facts: dict[str, object]
    notes: list[str] = field(default_factory=list[str])


def reference(plan: EvaluationPlan) -> Reference:
    """The data of a trained model, split as its training split it.

    Data that has as many items as the card names is taken to be what it learnt from; other data counts as unseen.
    Raises BadRequest where there is nothing to compare with, DatasetError for data that cannot be read.
    """
    provide(plan.assets)
    model = plan.model
    config = read_config(model.folder)
    card = cast("dict[str, dict[str, object]]", json.loads((model.folder / CARD).read_text(encoding="utf-8")))
    recipe, items = card["recipe"], card["data"].get("items")
    modality = cast("Modality", modalities().implementation(config.modality)())
    representation = modality.restore(config.representation)
    options = _options(modality, {**cast("dict[str, object]", recipe.get("data_options") or {}), **plan.data_options})
    own = _own(model.source)
    given = plan.data
    if given is None and own is None:
        raise BadRequest(
            f"There is nothing to judge {model.name} against: what it was trained on is not here.",
            hint=f"Name data like it: castalia evaluate {model.name} --data FOLDER",
        )
    source = cast("Path", given or own)
    if not source.exists():
        raise BadRequest(f"There is no {source}.", hint="Check the path after --data.")
    encoded = _read(modality, source, options, representation)
    seed = int(cast("int", recipe.get("seed", 0)))
    notes: list[str] = []
    same = items == len(encoded.data) or given is None or (own is not None and own.resolve() == source.resolve())
    if same:
        if isinstance(items, int) and items != len(encoded.data):
            notes.append(f"The data has {len(encoded.data)} items now, {items} when the model learnt from it.")
        training, held = _split(encoded, config.layout, seed)
        seen = not notes
    elif own is not None:
        held, _ = encoded, encoded
        training, _ = _split(_read(modality, own, options, representation), config.layout, seed)
        seen = True
        notes.append(f"Held-out items are all of {source.name}, training items those of {own.name}.")
    else:
        training, held = _split(encoded, config.layout, plan.seed, half=True)
        seen = False
        notes.append(
            f"What {model.name} was trained on is not here: half of {source.name} stands for it, and originality "
            "cannot be told."
        )
    stream = isinstance(config.layout, Tokens) and config.layout.stream
    training, held = _some(training, MOST_TRAINING, stream), _some(held, MOST_HELD_OUT, stream)
    if len(held.data) < FEWEST:
        raise DatasetError(
            f"Only {len(held.data)} items are left to judge by; at least {FEWEST} are needed.",
            hint="Give more data with --data: items that the model has not seen.",
        )
    classes = _classes(representation)
    facts: dict[str, object] = {
        "source": source.name,
        "training_items": len(training.data),
        "held_out_items": len(held.data),
        "training_items_were_learnt": seen,
    }
    return Reference(
        modality, representation, config, training.data, held.data, _labels(training, classes), _labels(held, classes),
        classes, seen, source if own is None or same else own, options, facts, notes,
    )  # fmt: skip


def _own(source: str) -> Path | None:
    """The training data of a model, where it still is; a model that was pulled from a path names another model."""
    path = Path(source)
    return path if source and path.exists() and not (path / CARD).is_file() else None


def _read(modality: Modality, source: Path, options: BaseModel, wanted: Representation) -> Encoded:
    """The data as the model sees it.

    What the model learnt from gives its representation again, and then exactly the items of the training, in their
    order; other data is read by the model's.
    """
    found, encoded = modality.fit(source, options, wanted.layout.kind)
    return encoded if found.config() == wanted.config() else modality.encode(wanted, source, options)


def _options(modality: Modality, values: dict[str, object]) -> BaseModel:
    try:
        return modality.data_options().model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(piece) for piece in first["loc"])
        names = ", ".join(modality.data_options().model_fields)
        raise BadRequest(f"The data option {name!r} is wrong: {first['msg']}.", hint=f"There are: {names}.") from None


def _split(encoded: Encoded, layout: Layout, seed: int, half: bool = False) -> tuple[Encoded, Encoded]:
    """Training and held-out items."""
    if isinstance(layout, Tokens) and layout.stream:
        held, training = held_out_windows(len(encoded.data), layout.length)
        places = np.arange(layout.length)
        return Encoded(encoded.data[training[:, None] + places]), Encoded(encoded.data[held[:, None] + places])
    held, training = held_out_items(len(encoded.data), seed)
    if half:
        order = np.random.default_rng([seed, 0]).permutation(len(encoded.data))
        held, training = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    return _rows(encoded, training), _rows(encoded, held)


def _rows(encoded: Encoded, places: NDArray[np.intp]) -> Encoded:
    if encoded.conditions is None or encoded.known is None:
        return Encoded(encoded.data[places])
    return Encoded(encoded.data[places], encoded.conditions[places], encoded.known[places])


def _some(encoded: Encoded, most: int, stream: bool) -> Encoded:
    if len(encoded.data) <= most:
        return encoded
    if stream:  # windows that follow each other hold whole documents
        return Encoded(encoded.data[:most])
    return _rows(encoded, np.sort(np.random.default_rng(0).permutation(len(encoded.data))[:most]))


def _classes(representation: Representation) -> tuple[str, ...]:
    askable = getattr(representation, "askable", None)
    return tuple(getattr(askable, "classes", ()))


def _labels(encoded: Encoded, classes: tuple[str, ...]) -> NDArray[np.int64] | None:
    if len(classes) < 2 or encoded.conditions is None or encoded.known is None:
        return None
    named = encoded.conditions[:, : len(classes)].argmax(axis=1).astype(np.int64)
    return np.where(encoded.known[:, 0], named, -1)
