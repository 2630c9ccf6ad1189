"""Encoding and decoding sound."""

import io
import struct
import sys
import wave

import numpy as np
import pytest

from castalia.core.errors import BadRequest, MissingExtra, UnsupportedInput
from castalia.modalities.sound import Samples, decode, encode, join, open_encoder
from castalia.modalities.speech.options import MEDIA_TYPES

RATE = 22_050


@pytest.fixture
def tone() -> Samples:
    """Two seconds that fall from 600 to 200 Hz and fade out."""
    seconds = np.arange(2 * RATE) / RATE
    return (0.5 * np.sin(2 * np.pi * (600 - 100 * seconds) * seconds) * (1 - seconds / 2)).astype(np.float32)


def likeness(one: Samples, other: Samples) -> float:
    """The best correlation of two recordings over shifts of up to 60 ms: encoders put silence in front."""
    piece, longer = one[:30_000], other[:31_400]
    products = np.correlate(longer, piece, mode="valid")
    energies = np.correlate(np.square(longer), np.ones_like(piece), mode="valid")
    return float((products / np.sqrt(energies * np.square(piece).sum())).max())


@pytest.mark.parametrize("media_type", MEDIA_TYPES.values())
def test_what_is_encoded_in_pieces_is_decoded_alike(media_type: str, tone: Samples) -> None:
    encoder = open_encoder(RATE, media_type)
    pieces = [encoder.write(tone[:10_000]), encoder.write(tone[10_000:]), encoder.finish()]
    for data in (b"".join(pieces), join(pieces, media_type)):
        decoded, rate = decode(data, RATE)
        assert rate == RATE
        assert abs(len(decoded) / RATE - 2) < 0.08
        assert likeness(tone, decoded) > 0.98


@pytest.mark.parametrize("media_type", MEDIA_TYPES.values())
def test_another_reader_agrees_on_finished_files(media_type: str, tone: Samples) -> None:
    soundfile = pytest.importorskip("soundfile")
    info = soundfile.info(io.BytesIO(encode(tone, RATE, media_type)))
    assert info.channels == 1
    assert abs(info.duration - 2) < 0.08


def test_a_streamed_wav_states_no_length_and_the_joined_one_the_true_length(tone: Samples) -> None:
    encoder = open_encoder(RATE, "audio/wav")
    pieces = [encoder.write(tone[:100]), encoder.write(tone[100:]), encoder.finish()]
    assert pieces[0][40:44] == b"\xff\xff\xff\xff"
    with wave.open(io.BytesIO(join(pieces, "audio/wav"))) as file:
        assert (file.getnframes(), file.getframerate(), file.getsampwidth()) == (len(tone), RATE, 2)


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap() -> None:
    decoded, _ = decode(encode(np.array([2.0, -2.0, 0.0], dtype=np.float32), RATE, "audio/wav"))
    assert decoded == pytest.approx([1.0, -1.0, 0.0], abs=1e-3)


def test_channels_are_averaged_and_the_rate_is_changed() -> None:
    left = np.full(8_000, 0.5)
    stereo = np.stack([left, -left], axis=1)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes((stereo * 32767).astype("<i2").tobytes())
    plain, rate = decode(file.getvalue())
    assert rate == 8_000
    assert np.abs(plain).max() < 1e-3
    resampled, rate = decode(file.getvalue(), 16_000)
    assert rate == 16_000
    assert abs(len(resampled) - 16_000) < 100


def test_a_wav_of_floats_is_read(tone: Samples) -> None:
    data = tone.tobytes()
    form = struct.pack("<HHIIHH", 3, 1, RATE, RATE * 4, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    header = b"RIFF" + struct.pack("<I", len(body))
    decoded, _ = decode(header + body)
    assert decoded == pytest.approx(tone, abs=1e-4)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"RIFF" + bytes(100), b"fLaC" + bytes(200), b"ID3" + bytes(50), b"%PDF-1.7 no sound"]
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedInput) as caught:
        decode(data)
    assert "sound" in caught.value.message or "recording" in caught.value.message
    assert caught.value.hint


def test_a_file_that_breaks_off_is_refused_or_read_to_where_it_breaks(tone: Samples) -> None:
    data = encode(tone, RATE, "audio/flac")
    with pytest.raises(UnsupportedInput):
        decode(data[:500])


def test_a_wav_without_samples_is_refused() -> None:
    with pytest.raises(UnsupportedInput):
        decode(encode(np.zeros(0, dtype=np.float32), RATE, "audio/wav"))


def test_an_unknown_encoding_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="audio/midi"):
        open_encoder(RATE, "audio/midi")


def test_without_the_extra_wav_works_and_the_rest_names_the_extra(
    tone: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert len(decode(encode(tone, RATE, "audio/wav"))[0]) == len(tone)
    with pytest.raises(MissingExtra) as caught:
        encode(tone, RATE, "audio/mpeg")
    assert "castalia[speech]" in caught.value.hint
