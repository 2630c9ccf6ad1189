"""Looking through a folder of pictures before training, so that every problem is told at once."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from castalia.core.contracts import Survey
from castalia.core.errors import UnsupportedInput
from castalia.modalities.captions import read_captions, tell_captions
from castalia.modalities.folders import Item, Listing, class_findings, duplicate_warnings, file_warnings, some
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import decode, is_grey
from castalia.modalities.image.reading import FEWEST, list_folder, side_for

NEAR = 3.0
"""Mean difference in grey levels (of 255) under which two pictures with the same gradients are near-duplicates."""

HUGE = 4096
"""A shorter side beyond this is worth a word: most of the picture is averaged away."""


@dataclass
class Looked:
    """What decoding every file showed. ``thumbs`` are 16 x 16 grey, ``gradients`` 64-bit difference hashes."""

    good: list[Item] = field(default_factory=list[Item])
    bad: dict[str, str] = field(default_factory=dict[str, str])
    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    grey: list[bool] = field(default_factory=list[bool])
    digests: list[bytes] = field(default_factory=list[bytes])
    gradients: list[bytes] = field(default_factory=list[bytes])
    thumbs: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])


def digest(image: Image.Image) -> bytes:
    """A hash of the decoded pixels: the same picture in another file or encoding without loss has the same one."""
    return hashlib.sha256(f"{image.mode}{image.size}".encode() + image.tobytes()).digest()


def survey(source: Path, options: ImageData) -> Survey:
    """All problems, warnings and facts of the folder; decodes every picture once."""
    found = Survey(modality="image", source=source, count=0)
    if not source.is_dir():
        found.problems.append(f"{source} is not a folder; pictures for training lie in one folder")
        return found
    listing = list_folder(source, options)
    captions = read_captions(listing, options.captions)
    looked = _look(listing)
    found.count = len(looked.good)

    unreadable = [f"{name}: {reason}" for name, reason in looked.bad.items()]
    (found.warnings if options.skip_bad else found.problems).extend(
        f"{line}; left out" if options.skip_bad else line for line in unreadable
    )
    _judge_count(found, looked, len(listing.items))
    found.warnings += file_warnings(listing, "pictures")
    problems, warnings = class_findings(listing, options.labels, "pictures", FEWEST)
    found.problems += problems
    found.warnings += warnings
    side = side_for(looked.sizes, options)
    _judge_sizes(found, looked, side, options)
    _judge_duplicates(found, looked)

    widths = [min(size) for size in looked.sizes]
    found.facts = {
        "pictures": len(looked.good),
        "trained at": f"{side} x {side}",
        "channels": _channels(looked, options),
        "smallest side": min(widths, default=0),
        "largest side": max((max(size) for size in looked.sizes), default=0),
        "classes": listing.classes,
    }
    tell_captions(found, captions, listing, "pictures")
    return found


def _look(listing: Listing) -> Looked:
    looked = Looked()
    for item in listing.items:
        try:
            image = decode(item.path)
        except UnsupportedInput as error:
            looked.bad[item.name] = error.message
            continue
        looked.good.append(item)
        looked.sizes.append(image.size)
        looked.grey.append(is_grey(image))
        looked.digests.append(digest(image))
        grey = image.convert("L")
        wide = np.asarray(grey.resize((9, 8), Image.Resampling.BILINEAR), dtype=np.int16)
        looked.gradients.append(np.packbits(wide[:, 1:] > wide[:, :-1]).tobytes())
        looked.thumbs.append(np.asarray(grey.resize((16, 16), Image.Resampling.BOX), dtype=np.float32))
    return looked


def _judge_count(found: Survey, looked: Looked, files: int) -> None:
    unique = len(set(looked.digests))
    if files == 0:
        found.problems.append("there is no picture in the folder (png, jpeg, webp, gif, bmp or tiff)")
    elif unique < FEWEST:
        found.problems.append(
            f"{unique} different readable pictures are too few: at least {FEWEST} are needed, hundreds are better"
        )
    elif unique < 100:
        found.warnings.append(f"{unique} different pictures are few: the model may repeat them; hundreds are better")


def _judge_sizes(found: Survey, looked: Looked, side: int, options: ImageData) -> None:
    names = [item.name for item in looked.good]
    sizes = looked.sizes
    if len(set(sizes)) > 1:
        common = Counter(sizes).most_common(1)[0][0]
        how = "cut to their centre square" if options.crop == "centre" else "padded to squares"
        found.warnings.append(
            f"{len(set(sizes))} different sizes, most often {common[0]} x {common[1]}: "
            f"pictures are {how} and resized to {side} x {side}"
        )
    elif sizes and sizes[0] != (side, side):
        found.warnings.append(f"pictures of {sizes[0][0]} x {sizes[0][1]} are resized to {side} x {side}")
    tests: list[tuple[Callable[[int, int], bool], str]] = [
        (lambda width, height: min(width, height) < 8, "are tiny (a side under 8 pixels) and enlarged"),
        (
            lambda width, height: min(width, height) > HUGE,
            f"are huge (over {HUGE} pixels) and lose most of their detail",
        ),
        (
            lambda width, height: max(width, height) > 3 * min(width, height),
            "are more than three times as long as wide",
        ),
    ]
    for test, words in tests:
        hits = [name for name, size in zip(names, sizes, strict=True) if test(*size)]
        if hits:
            found.warnings.append(f"{len(hits)} pictures {words}: {some(hits)}")


def _judge_duplicates(found: Survey, looked: Looked) -> None:
    found.warnings += duplicate_warnings(looked.good, looked.digests, "pictures")
    near = _near_duplicates(looked)
    if near:
        found.warnings.append(f"{len(near)} near-duplicates: {some(near)}")


def _near_duplicates(looked: Looked) -> list[str]:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, key in enumerate(looked.gradients):
        groups[key].append(index)
    near: list[str] = []
    for members in groups.values():
        kept: list[int] = []
        for index in members:
            twin = next((k for k in kept if np.abs(looked.thumbs[k] - looked.thumbs[index]).mean() < NEAR), None)
            if twin is None:
                kept.append(index)
            elif looked.digests[twin] != looked.digests[index]:
                near.append(f"{looked.good[index].name} ~ {looked.good[twin].name}")
    return near


def _channels(looked: Looked, options: ImageData) -> str:
    if options.channels != "auto":
        return options.channels
    return "grey" if looked.grey and all(looked.grey) else "rgb"
