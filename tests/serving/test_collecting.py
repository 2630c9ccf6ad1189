"""What a generation gives in pieces becomes whole files, however many the pieces are."""

import io
import wave

import numpy as np
import pytest

from castalia.core.events import MediaChunk
from castalia.modalities.sound import decode, open_encoder
from castalia.serving.collecting import Collector

RATE = 22_050


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("media_type", ["audio/wav", "audio/flac"])
def test_a_file_says_how_long_it_is(media_type: str, count: int) -> None:
    encoder, samples = open_encoder(RATE, media_type), np.zeros(RATE, np.float32)
    pieces = [encoder.write(part) for part in np.array_split(samples, count)]
    pieces[-1] += encoder.finish()
    collector = Collector()
    for number, piece in enumerate(pieces):
        last = number == count - 1
        collector.add(MediaChunk(modality="speech", media_type=media_type, data=piece, last=last))
    (part,) = collector.outputs("speech")
    assert part.data is not None
    assert len(decode(part.data)[0]) == RATE
    if media_type == "audio/wav":
        with wave.open(io.BytesIO(part.data)) as file:
            assert file.getnframes() == RATE
    else:
        assert int.from_bytes(part.data[21:26], "big") & (2**36 - 1) == RATE
