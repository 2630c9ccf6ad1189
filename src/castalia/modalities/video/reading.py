"""A folder of clips: which files, or folders of frames, count, and at what side they are learnt."""

from collections import defaultdict
from pathlib import Path

from castalia.core.errors import DatasetError, TooLarge, UnsupportedInput
from castalia.modalities import folders
from castalia.modalities.folders import Listing
from castalia.modalities.image.pixels import square
from castalia.modalities.video.clips import PICTURES, Clip, sampled
from castalia.modalities.video.options import VideoData
from castalia.modalities.video.spec import SPEC

FEWEST = 16
"""Fewer clips than this are not a distribution."""

FEWEST_FRAMES = 4
"""A film of fewer frames does not move; a folder of fewer pictures is no clip."""

SMALLEST, LARGEST = 32, 64
"""Sides that are trained at without being asked for."""

UNREADABLE = (UnsupportedInput, TooLarge)


def list_folder(root: Path, options: VideoData) -> Listing:
    """All clips below ``root`` with their classes: files, or, where there are none, folders of frames."""
    listing = folders.list_folder(root, SPEC.suffixes, options.labels, options.max_items)
    if listing.items:
        return listing
    frames: defaultdict[Path, list[str]] = defaultdict(list)
    for name in listing.others:
        if Path(name).suffix.lower() in PICTURES:
            frames[(root / name).parent].append(name)
    clips = sorted(folder for folder, names in frames.items() if folder != root and len(names) >= FEWEST_FRAMES)
    used = {name for folder in clips for name in frames[folder]}
    listing.others = [name for name in listing.others if name not in used]
    folders.keep(listing, clips, options.labels, options.max_items)
    return listing


def refuse(problems: list[str]) -> DatasetError:
    """The error that lists all problems of a training set."""
    return folders.refuse("clips", problems)


def side_for(sides: list[int], options: VideoData) -> int:
    """The side to train at: asked for, or the median shorter side, down to a multiple of eight, within 32 to 64."""
    if options.size is not None:
        return options.size
    middle = sorted(sides)[len(sides) // 2] if sides else SMALLEST
    return max(SMALLEST, min(LARGEST, middle // 8 * 8))


def starts_of(clip: Clip, options: VideoData) -> range:
    """The places, in frames at the chosen rate, where the pieces of a clip begin: one piece unless it is cut."""
    if options.fps is None or options.longer == "trim":
        return range(1)
    total = round(clip.seconds * options.fps)
    return range(0, max(1, total - options.frames + 1), options.frames)


def piece(clip: Clip, side: int, options: VideoData, start: int = 0) -> Clip:
    """A training clip: so many square frames from ``start`` on."""
    chosen = sampled(clip, options.frames, options.fps, start)
    fps = options.fps or options.frames / clip.seconds
    # the same frame may be taken several times
    made = {id(frame): square(frame, side, options.crop) for frame in chosen}
    return Clip([made[id(frame)] for frame in chosen], fps)
