"""Files that models share, such as the weights that turn sentences into vectors: told to each process once, by name.

A model's own folder holds all that is its own. What many models need lies in the home as a model of its own; whoever
starts a process that needs it (the pool, a training) says where.
"""

from collections.abc import Mapping
from pathlib import Path

from castalia.core.errors import NotFound

SENTENCE_VECTORS = "sentence-vectors"
"""A folder with ``model.onnx`` and ``tokenizer.json``: see `castalia.modalities.sentences`."""

SOURCES = {SENTENCE_VECTORS: "starter:minilm"}
"""Where `castalia pull` finds each."""

_folders: dict[str, Path] = {}


def provide(folders: Mapping[str, Path]) -> None:
    """Tell this process where assets lie; what was told before stays known."""
    _folders.update(folders)


def asset(name: str) -> Path:
    """The folder of an asset. Raises NotFound with the command that brings it."""
    if name not in _folders:
        raise NotFound(
            f"This needs {name.replace('-', ' ')}, which are not here yet.",
            hint=f"castalia pull {SOURCES.get(name, 'starter')}",
        )
    return _folders[name]
