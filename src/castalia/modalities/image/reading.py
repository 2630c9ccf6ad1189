"""Walking a folder of pictures: which files count, and which class each belongs to."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from castalia.core.errors import DatasetError, UnsupportedInput
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import open_image
from castalia.modalities.image.spec import SPEC

SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
"""Sub-folders of these names are parts of a data set, not classes of pictures."""

SMALLEST, LARGEST = 8, 64
"""Sides that are trained at without being asked for: below, there is nothing to learn; above, a CPU takes hours."""

FEWEST = 16
"""Fewer pictures than this are not a distribution."""


@dataclass(frozen=True)
class Item:
    """One file that should be a picture; ``label`` is its class folder or None."""

    path: Path
    name: str
    label: str | None


@dataclass
class Listing:
    """The files of a folder by kind. Names are relative to the folder, with forward slashes."""

    root: Path
    items: list[Item] = field(default_factory=list[Item])
    others: list[str] = field(default_factory=list[str])
    escaping: list[str] = field(default_factory=list[str])
    left_out: int = 0

    @property
    def classes(self) -> dict[str, int]:
        """Pictures by class, sorted by name; numbers sort as numbers."""
        counts = Counter(item.label for item in self.items if item.label is not None)
        return {label: counts[label] for label in sorted(counts, key=_natural)}


def list_folder(root: Path, options: ImageData) -> Listing:
    """All files below ``root``. Links that lead out of it are named in ``escaping`` and not followed."""
    listing = Listing(root)
    inside = root.resolve()
    files: list[Path] = []
    for folder, folders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = here / name
            shown = path.relative_to(root).as_posix()
            if name.startswith(".") or name.lower() in {"thumbs.db", "desktop.ini"}:
                continue
            if not path.resolve().is_relative_to(inside):
                listing.escaping.append(shown)
            elif path.suffix.lower() in SPEC.suffixes:
                files.append(path)
            else:
                listing.others.append(shown)
    kept = _spread(files, options.max_items)
    listing.left_out = len(files) - len(kept)
    labels = _labels([path.relative_to(root).parts[:-1] for path in kept], options.labels)
    listing.items = [
        Item(path, path.relative_to(root).as_posix(), label) for path, label in zip(kept, labels, strict=True)
    ]
    return listing


def sizes_of(items: list[Item]) -> list[tuple[int, int]]:
    """Width and height of every picture whose header can be read; the others are left to the decoder to report."""
    sizes: list[tuple[int, int]] = []
    for item in items:
        try:
            with open_image(item.path) as image:
                sizes.append(image.size)
        except UnsupportedInput:
            continue
    return sizes


def side_for(sizes: list[tuple[int, int]], options: ImageData) -> int:
    """The side to train at: asked for, or the median shorter side, down to a multiple of four, within 8 to 64."""
    if options.size is not None:
        return options.size
    shorter = sorted(min(size) for size in sizes)
    middle = shorter[len(shorter) // 2] if shorter else SMALLEST
    return max(SMALLEST, min(LARGEST, middle // 4 * 4))


def refuse(problems: list[str]) -> DatasetError:
    """The error that lists all problems of a training set."""
    listed = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
    return DatasetError(
        f"These pictures cannot be trained on: {listed}.",
        problems=problems,
        hint="Correct the files, or leave unreadable ones out with skip_bad.",
    )


def _labels(parents: list[tuple[str, ...]], wanted: Literal["auto", "folders", "none"]) -> list[str | None]:
    if wanted == "none":
        return [None] * len(parents)
    below = [_below_split(folders) for folders in parents]
    labels = [folders[0] if folders else None for folders in below]
    if wanted == "auto" and len({label for label in labels if label is not None}) < 2:
        return [None] * len(parents)
    return labels


def _below_split(folders: tuple[str, ...]) -> tuple[str, ...]:
    return folders[1:] if folders and folders[0].lower() in SPLITS else folders


def _spread(files: list[Path], most: int) -> list[Path]:
    # evenly over the sorted list, so that every class keeps its share
    if len(files) <= most:
        return files
    return [files[index * len(files) // most] for index in range(most)]


def _natural(label: str) -> tuple[int, float, str]:
    return (0, float(label), label) if label.isdecimal() else (1, 0.0, label)
