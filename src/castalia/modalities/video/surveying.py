"""Looking through a folder of clips before training, so that every problem is told at once."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from castalia.core.contracts import Survey
from castalia.modalities.captions import read_captions, tell_captions
from castalia.modalities.folders import Item, Listing, class_findings, duplicate_warnings, file_warnings, some
from castalia.modalities.image.pixels import is_grey
from castalia.modalities.video.clips import Clip, read_clip
from castalia.modalities.video.options import VideoData
from castalia.modalities.video.reading import FEWEST, FEWEST_FRAMES, LARGEST, UNREADABLE, list_folder, side_for

STILL = 0.5
"""Mean change in grey levels (of 255) over a whole clip below which nothing moves."""


@dataclass
class Watched:
    """What decoding every clip showed."""

    good: list[Item] = field(default_factory=list[Item])
    counts: list[int] = field(default_factory=list[int])
    speeds: list[float] = field(default_factory=list[float])
    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    grey: list[bool] = field(default_factory=list[bool])
    digests: list[bytes] = field(default_factory=list[bytes])
    still: list[str] = field(default_factory=list[str])
    bad: dict[str, str] = field(default_factory=dict[str, str])


def digest(clip: Clip) -> bytes:
    """A hash of the decoded frames: the same clip in another file or encoding without loss has the same one."""
    sha = hashlib.sha256()
    for frame in clip.frames:
        sha.update(f"{frame.mode}{frame.size}".encode() + frame.tobytes())
    return sha.digest()


def survey(source: Path, options: VideoData) -> Survey:
    """All problems, warnings and facts of the folder; decodes every clip once."""
    found = Survey(modality="video", source=source, count=0)
    if not source.is_dir():
        found.problems.append(f"{source} is not a folder; clips for training lie in one folder")
        return found
    listing = list_folder(source, options)
    captions = read_captions(listing, options.captions)
    watched = _watch(listing)
    found.count = len(watched.good)

    unreadable = [f"{name}: {reason}" for name, reason in watched.bad.items()]
    (found.warnings if options.skip_bad else found.problems).extend(
        f"{line}; left out" if options.skip_bad else line for line in unreadable
    )
    _judge_count(found, watched, listing)
    found.warnings += file_warnings(listing, "clips")
    problems, warnings = class_findings(listing, options.labels, "clips", FEWEST)
    found.problems += problems
    found.warnings += warnings
    side = side_for([min(size) for size in watched.sizes], options)
    _judge_clips(found, watched, side, options)
    found.warnings += duplicate_warnings(watched.good, watched.digests, "clips")
    grey = bool(watched.grey) and all(watched.grey)
    found.facts = {
        "clips": len(watched.good),
        "trained at": f"{options.frames} frames of {side} x {side}",
        "channels": options.channels if options.channels != "auto" else "grey" if grey else "rgb",
        "fewest frames": min(watched.counts, default=0),
        "most frames": max(watched.counts, default=0),
        "classes": listing.classes,
    }
    tell_captions(found, captions, listing, "clips")
    return found


def _watch(listing: Listing) -> Watched:
    watched = Watched()
    for item in listing.items:
        try:
            clip = read_clip(item.path, LARGEST)
        except UNREADABLE as error:
            watched.bad[item.name] = error.message
            continue
        if len(clip.frames) < FEWEST_FRAMES:
            watched.bad[item.name] = f"{len(clip.frames)} frames are no film"
            continue
        watched.good.append(item)
        watched.counts.append(len(clip.frames))
        watched.speeds.append(clip.fps)
        watched.sizes.append(clip.frames[0].size)
        watched.grey.append(all(is_grey(frame) for frame in clip.frames[:: max(1, len(clip.frames) // 4)]))
        watched.digests.append(digest(clip))
        small = np.stack([np.asarray(frame.convert("L").resize((32, 32)), dtype=np.float32) for frame in clip.frames])
        if float(np.abs(small - small[0]).mean(axis=(1, 2)).max()) < STILL:
            watched.still.append(item.name)
    return watched


def _judge_count(found: Survey, watched: Watched, listing: Listing) -> None:
    unique = len(set(watched.digests))
    if not listing.items:
        found.problems.append("there is no clip in the folder (mp4, webm, mov, gif, or folders of frames)")
    elif unique < FEWEST:
        found.problems.append(
            f"{unique} different readable clips are too few: at least {FEWEST} are needed, hundreds are better"
        )
    elif unique < 100:
        found.warnings.append(f"{unique} different clips are few: the model may repeat them; hundreds are better")


def _judge_clips(found: Survey, watched: Watched, side: int, options: VideoData) -> None:
    if watched.still:
        found.warnings.append(f"in {len(watched.still)} clips nothing moves: {some(watched.still)}")
    short = [item.name for item, count in zip(watched.good, watched.counts, strict=True) if count < options.frames]
    if short:
        found.warnings.append(
            f"{len(short)} clips have fewer than {options.frames} frames, some of which are repeated: {some(short)}"
        )
    if options.fps is not None:
        seconds = options.frames / options.fps
        pairs = zip(watched.good, watched.counts, watched.speeds, strict=True)
        long = [item.name for item, count, fps in pairs if count / fps > seconds + 0.5 / options.fps]
        if long:
            how = "cut into pieces" if options.longer == "cut" else "trimmed to their beginning"
            found.warnings.append(f"{len(long)} clips are longer than {seconds:.2f} s and {how}: {some(long)}")
    speeds = Counter(round(speed, 1) for speed in watched.speeds)
    if len(speeds) > 1 and options.fps is None:
        found.warnings.append(
            f"clips run at {min(speeds):g} to {max(speeds):g} frames a second; each is spread over {options.frames} "
            "frames, so fast and slow ones may look alike (--data fps=N keeps their pace)"
        )
    if len(set(watched.sizes)) > 1:
        how = "cut to their centre square" if options.crop == "centre" else "padded to squares"
        found.warnings.append(
            f"{len(set(watched.sizes))} different sizes: frames are {how} and resized to {side} x {side}"
        )
