"""What our models keep of their training items, as the instant checks read it."""

import importlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.modalities.likeness import Nearest

FINGERPRINTS = "fingerprints.safetensors"

Prints = dict[str, NDArray[np.generic]]


def prints_of(context: CheckContext, *needed: str) -> Prints | None:
    """The fingerprints of a model of ours that hold the ``needed`` arrays; None for other models."""
    if context.model is None or context.model.format != "castalia":
        return None
    path = context.model.folder / FINGERPRINTS
    prints = _load(path, path.stat().st_mtime_ns) if path.is_file() else None
    return prints if prints is not None and set(needed) <= prints.keys() else None


def representation_of(context: CheckContext) -> dict[str, object]:
    """How a model of ours sees its items, from its ``config.json``; empty for other models."""
    if context.model is None or context.model.format != "castalia":
        return {}
    try:
        config: object = json.loads((context.model.folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = cast("dict[str, object]", config).get("representation") if isinstance(config, dict) else None
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def usual(known: NDArray[np.generic], column: int, percentile: int) -> float:
    """That percentile of a statistic over the training items."""
    return float(np.percentile(np.asarray(known[:, column], dtype=np.float64), percentile))


def originality(near: Nearest, copy: float, thing: str) -> Measure:
    """The distance to the nearest training item over the usual one; below ``copy`` it is nearly a copy."""
    copied = near.ratio < copy
    distance = f"{near.ratio:.2f} of the usual distance from training {thing} number {near.row}"
    return Measure(
        name="originality",
        value=round(near.ratio, 3),
        unit="of the usual distance",
        direction="higher",
        threshold=copy,
        status="flag" if copied else "pass",
        note=f"Nearly a copy: it is {distance}." if copied else f"It is {distance}.",
        floor=1.0,
    )


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Prints:
    del changed  # part of the key: a model may be trained again under its name
    numpy_files: Any = importlib.import_module("safetensors.numpy")
    return numpy_files.load_file(path)
