"""Finished clips seen again as items of a representation, and what is said of a training set's clips."""

from pathlib import Path

from pydantic import BaseModel

from castalia.core.contracts import Array, Representation
from castalia.modalities.captions import different_captions
from castalia.modalities.image.pixels import square
from castalia.modalities.video.clips import read_clip, sampled, to_clip
from castalia.modalities.video.options import VideoData
from castalia.modalities.video.reading import list_folder
from castalia.modalities.video.representation import FrameRepresentation


def observe(representation: Representation, data: bytes) -> Array:
    """A film as (channels, frames, side, side) in [-1, 1]. Raises UnsupportedInput for a damaged one."""
    assert isinstance(representation, FrameRepresentation)  # noqa: S101 - made by this modality alone
    view = representation
    clip = read_clip(data)
    frames = clip.frames if len(clip.frames) == view.frames else sampled(clip, view.frames, None)
    return to_clip([square(frame, view.side, view.crop) for frame in frames], view.channels)


def captions(source: Path, options: BaseModel) -> list[str]:
    """All different captions, in the order of the items."""
    assert isinstance(options, VideoData)  # noqa: S101 - made by this modality alone
    return different_captions(list_folder(source, options), options.captions)
