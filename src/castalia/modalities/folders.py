"""Walking a folder of training items, one file each: which files count, and which class each belongs to."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from castalia.core.errors import DatasetError
from castalia.modalities.wording import names_of

Labels = Literal["auto", "folders", "none"]
"""Where classes come from: sub-folders when there are at least two, sub-folders in any case, nowhere."""

SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
"""Sub-folders of these names are parts of a data set, not classes."""

SHOWN = 5
"""File names told in a warning; problems name every file."""


@dataclass(frozen=True)
class Item:
    """One file of the wanted kind; ``label`` is its class folder or None."""

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
        """Items by class, sorted by name; numbers sort as numbers."""
        counts = Counter(item.label for item in self.items if item.label is not None)
        return {label: counts[label] for label in sorted(counts, key=_natural)}

    @property
    def share(self) -> float:
        """The share of all visible files that are of the wanted kind."""
        wanted = len(self.items) + self.left_out
        return wanted / max(1, wanted + len(self.others))


def list_folder(root: Path, suffixes: Sequence[str], labels: Labels, max_items: int) -> Listing:
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
            elif path.suffix.lower() in suffixes:
                files.append(path)
            else:
                listing.others.append(shown)
    keep(listing, files, labels, max_items)
    return listing


def keep(listing: Listing, paths: list[Path], labels: Labels, max_items: int) -> None:
    """Make at most so many of ``paths``, files or folders, the items of the listing, with their classes."""
    kept = _spread(paths, max_items)
    listing.left_out = len(paths) - len(kept)
    found = _labels([path.relative_to(listing.root).parts[:-1] for path in kept], labels)
    listing.items = [
        Item(path, path.relative_to(listing.root).as_posix(), label) for path, label in zip(kept, found, strict=True)
    ]


def refuse(things: str, problems: list[str]) -> DatasetError:
    """The error that lists all problems of a training set of those things ("pictures")."""
    listed = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
    return DatasetError(
        f"These {things} cannot be trained on: {listed}.",
        problems=problems,
        hint="Correct the files, or leave unreadable ones out with skip_bad.",
    )


def some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def file_warnings(listing: Listing, things: str) -> list[str]:
    """What is told of files that are left out."""
    told: list[str] = []
    if listing.others:
        told.append(f"{len(listing.others)} files are not {things} and are left out: {some(listing.others)}")
    if listing.escaping:
        told.append(
            f"{len(listing.escaping)} links lead out of the folder and are not followed: {some(listing.escaping)}"
        )
    if listing.left_out:
        told.append(f"{listing.left_out} {things} beyond max_items are left out, spread evenly over the folder")
    return told


def class_findings(listing: Listing, labels: Labels, things: str, fewest: int) -> tuple[list[str], list[str]]:
    """Problems and warnings about the classes; a class with fewer than ``fewest`` items is hardly learnt."""
    classes = listing.classes
    folders = {Path(item.name).parts[0] for item in listing.items if len(Path(item.name).parts) > 1}
    if labels == "folders" and len(classes) < 2:
        return [f"labels=folders needs at least two sub-folders with {things}; there are {len(classes)}"], []
    if labels == "auto" and not classes and folders:
        return [], [f"all {things} are of one class, so the model cannot be asked for a class"]
    if not classes:
        return [], []
    told: list[str] = []
    bare = sum(item.label is None for item in listing.items)
    if bare:
        told.append(f"{bare} {things} lie outside the class folders and are learnt without a class")
    shared = [
        name for name, count in Counter(name for label in classes for name in names_of(label)).items() if count > 1
    ]
    if shared:
        told.append(f"names that stand for two classes ask for the first: {some(shared)}")
    small = [f"{label} ({count})" for label, count in classes.items() if count < fewest]
    if small:
        told.append(f"classes with fewer than {fewest} {things} are hardly learnt: {some(small)}")
    if max(classes.values()) > 20 * min(classes.values()):
        most, least = max(classes, key=classes.__getitem__), min(classes, key=classes.__getitem__)
        told.append(f"classes are far from balanced: {most} has {classes[most]} {things}, {least} has {classes[least]}")
    return [], told


def duplicate_warnings(items: list[Item], digests: list[bytes], things: str) -> list[str]:
    """What is told of items with the same content (``digests``), and of those that lie in two classes."""
    first: dict[bytes, Item] = {}
    copies: list[str] = []
    torn: list[str] = []
    for item, key in zip(items, digests, strict=True):
        original = first.setdefault(key, item)
        if original is not item:
            copies.append(f"{item.name} = {original.name}")
            if original.label != item.label:
                torn.append(f"{item.name} = {original.name}")
    told: list[str] = []
    if copies:
        told.append(f"{len(copies)} exact duplicates are used once: {some(copies)}")
    if torn:
        told.append(f"{len(torn)} {things} lie in two classes: {some(torn)}")
    return told


def _labels(parents: list[tuple[str, ...]], wanted: Labels) -> list[str | None]:
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
