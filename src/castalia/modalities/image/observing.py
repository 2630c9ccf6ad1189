"""Finished pictures seen again as items of a representation, and what is said of a training set's pictures."""

from pathlib import Path

from pydantic import BaseModel

from castalia.core.contracts import Array, Representation
from castalia.modalities.captions import different_captions
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import decode, square, to_array
from castalia.modalities.image.reading import list_folder
from castalia.modalities.image.representation import PixelRepresentation


def observe(representation: Representation, data: bytes) -> Array:
    """A picture file as (channels, side, side) in [-1, 1]. Raises UnsupportedInput for a damaged one."""
    assert isinstance(representation, PixelRepresentation)  # noqa: S101 - made by this modality alone
    return to_array(square(decode(data), representation.side, representation.crop), representation.channels)


def captions(source: Path, options: BaseModel) -> list[str]:
    """All different captions, in the order of the items."""
    assert isinstance(options, ImageData)  # noqa: S101 - made by this modality alone
    return different_captions(list_folder(source, options), options.captions)
