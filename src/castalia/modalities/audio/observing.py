"""Finished sounds seen again as items of a representation, and what is said of a training set's sounds."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from castalia.core.contracts import Array, Representation
from castalia.modalities.audio.options import AudioData
from castalia.modalities.audio.reading import list_folder, pieces
from castalia.modalities.audio.representation import MelRepresentation
from castalia.modalities.captions import different_captions
from castalia.modalities.sound import decode


def observe(representation: Representation, data: bytes) -> Array:
    """A sound file as its spectrogram (mels, frames) in [-1, 1], levelled and cut as training sounds are.

    Raises UnsupportedInput for a damaged one.
    """
    assert isinstance(representation, MelRepresentation)  # noqa: S101 - made by this modality alone
    found = pieces(data, representation.rate, representation.frames, AudioData())
    samples = found[0] if found else decode(data, representation.rate)[0]
    return np.asarray(representation.encode(samples), dtype=np.float32)


def captions(source: Path, options: BaseModel) -> list[str]:
    """All different captions, in the order of the items."""
    assert isinstance(options, AudioData)  # noqa: S101 - made by this modality alone
    return different_captions(list_folder(source, options), options.captions)
