"""From a model that was trained here to a GGUF file that llama.cpp runs."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import BadRequest, Conflict, UnsupportedInput
from castalia.core.exporting import Network, Vocabulary
from castalia.core.plugins import families, modalities, resolve
from castalia.core.representation import Conditions
from castalia.families.artifact import ArtifactConfig, damaged, read_config
from castalia.serving.house import House
from castalia.store.gguf_writing import write_gguf

SUFFIX = ".gguf"
NetworkOf = Callable[[Path, ArtifactConfig, NDArray[np.float32], NDArray[np.bool_]], tuple[Network, int]]


def export(house: House, name: str, target: Path, conditions: dict[str, str] | None = None) -> Path:
    """Write the model as a GGUF file and return its path.

    ``conditions`` choose, once for the file, what the model was conditioned on, by name (``{"key": "minor"}``); what is
    not chosen is left open. Raises NotFound, Conflict when there is a file already, UnsupportedInput for a model that
    GGUF has no place for, BadRequest for a condition that cannot be exported, StorageError.
    """
    model = house.registry.get(name)
    target = target.expanduser()
    if target.suffix.lower() != SUFFIX:
        raise BadRequest(f"{target.name} is no GGUF file's name.", hint=f"End it with {SUFFIX}.")
    if target.exists():
        raise Conflict(f"{target} is there already.", hint="Choose another name, or remove it.")
    if model.format != "castalia":
        raise UnsupportedInput(
            f"{model.name} was not trained here: it is a model in the format {model.format}.",
            hint="castalia show tells where its files lie.",
        )
    config = read_config(model.folder)
    layout = families().spec(config.family).gguf
    names = modalities().spec(config.modality).vocabulary
    if layout is None:
        raise UnsupportedInput(
            f"{model.name} is a {config.family}, and llama.cpp runs no such network of ours.",
            hint=f"What can be exported: {', '.join(name for name, spec in families().specs().items() if spec.gguf)}.",
        )
    if names is None or config.compressor is not None:
        raise UnsupportedInput(
            f"{model.name} makes {config.modality}, whose tokens are no text.",
            hint="Models of text and music can be exported.",
        )
    try:
        vocabulary = cast("Callable[[dict[str, object]], Vocabulary]", resolve(names))(config.representation)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(model.folder, f"its representation cannot be restored: {error!r}") from None
    wished = _encoded(config.conditions, vocabulary.conditions, conditions or {})
    network, start = cast("NetworkOf", resolve(layout))(model.folder, config, *wished)
    about = {
        "name": model.name,
        "license": model.licence,
        "description": model.description,
        "modality": config.modality,
    }
    write_gguf(target, network, vocabulary, start, about, config.representation)
    return target


def _encoded(
    conditions: Conditions | None, values: dict[str, tuple[str, ...]], wished: dict[str, str]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The vector (width,) and known groups (groups,) of named values. Raises BadRequest for what there is not."""
    groups = conditions.groups if conditions is not None else ()
    vector = np.zeros(sum(group.width for group in groups), dtype=np.float32)
    known = np.zeros(len(groups), dtype=np.bool_)
    for name, value in wished.items():
        place = next((index for index, group in enumerate(groups) if group.name == name and name in values), None)
        if place is None:
            there = ", ".join(group.name for group in groups if group.name in values) or "none"
            raise BadRequest(f"The model has no condition {name!r} to export.", hint=f"There are: {there}.")
        if value not in values[name]:
            raise BadRequest(f"{name} is never {value!r}.", hint=f"It can be: {', '.join(values[name])}.")
        vector[groups[place].start + values[name].index(value)] = 1.0
        known[place] = True
    return vector, known
