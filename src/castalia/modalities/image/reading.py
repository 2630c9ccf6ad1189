"""A folder of pictures: which files count, of what size they are, and the side to train at."""

from pathlib import Path

from castalia.core.errors import DatasetError, UnsupportedInput
from castalia.modalities import folders
from castalia.modalities.folders import Item, Listing
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import open_image
from castalia.modalities.image.spec import SPEC

SMALLEST, LARGEST = 8, 64
"""Sides that are trained at without being asked for: below, there is nothing to learn; above, a CPU takes hours."""

FEWEST = 16
"""Fewer pictures than this are not a distribution."""


def list_folder(root: Path, options: ImageData) -> Listing:
    """All pictures below ``root`` with their classes, see `castalia.modalities.folders.list_folder`."""
    return folders.list_folder(root, SPEC.suffixes, options.labels, options.max_items)


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
    return folders.refuse("pictures", problems)
