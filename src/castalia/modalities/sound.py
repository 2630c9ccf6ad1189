"""Samples to WAV, FLAC, OGG (Opus) and MP3, whole or piece by piece, and back from anything that people upload.

Samples are mono float32 in [-1, 1]; a rate is samples a second. WAV of whole numbers needs only the standard library;
everything else goes through PyAV, which brings FFmpeg's libraries with it (the ``speech`` extra).

A file that grows while it is sent cannot know its length at its beginning. A streamed WAV therefore states the largest
length there is, as FFmpeg does, and a streamed FLAC states none; players accept both. `join` makes the finished file,
with the true lengths, out of the pieces.
"""

import importlib
import io
import struct
import wave
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import BadRequest, MissingExtra, TooLarge, UnsupportedInput

Samples = NDArray[np.float32]

LONGEST_SECONDS = 6 * 3600
"""Longest recording that is decoded: half a minute of upload can unpack to days of silence."""

_UNKNOWN = 0xFFFFFFFF
_WAV_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FLAC_TOTAL = slice(21, 26)
"""The bytes of STREAMINFO whose low 36 bits are the number of samples (RFC 9639, section 8.2)."""
_OPUS_RATE = 48_000
_CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "audio/flac": ("flac", "flac", {}),
    "audio/ogg": ("ogg", "libopus", {"page_duration": "20000"}),
    "audio/mpeg": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
}
"""Container, codec and container options of each media type."""
_BITS_PER_SECOND = {"libopus": 48_000, "libmp3lame": 96_000}


class SoundEncoder(Protocol):
    """Encodes one recording piece by piece; the pieces in order are one valid stream."""

    def write(self, samples: Samples) -> bytes:
        """Encode more samples; returns the bytes that are ready, which may be none."""
        ...

    def finish(self) -> bytes:
        """The remaining bytes; called once."""
        ...


def open_encoder(rate: int, media_type: str) -> SoundEncoder:
    """An encoder for mono samples at ``rate``.

    Raises BadRequest for a media type that is not written here, MissingExtra when it needs PyAV and that is absent.
    """
    if media_type == "audio/wav":
        return _WavEncoder(rate)
    if media_type not in _CODECS:
        known = ", ".join(["audio/wav", *_CODECS])
        raise BadRequest(f"Sound cannot be written as {media_type!r}.", hint=f"Choose one of {known}.")
    return _AvEncoder(rate, media_type)


def encode(samples: Samples, rate: int, media_type: str) -> bytes:
    """A finished file. Errors as in `open_encoder`."""
    encoder = open_encoder(rate, media_type)
    return join([encoder.write(samples), encoder.finish()], media_type)


def join(pieces: list[bytes], media_type: str) -> bytes:
    """One finished file from the pieces of a stream: lengths that were unknown at its beginning are filled in."""
    data = b"".join(pieces)
    if media_type == "audio/wav" and data[40:44] == struct.pack("<I", _UNKNOWN):
        length = len(data) - _WAV_HEADER.size
        sizes = struct.pack("<I", len(data) - 8), struct.pack("<I", length)
        return data[:4] + sizes[0] + data[8:40] + sizes[1] + data[44:]
    if media_type == "audio/flac" and data[:4] == b"fLaC":
        return _with_flac_length(data)
    return data


def decode(data: bytes, rate: int | None = None) -> tuple[Samples, int]:
    """Any sound file as mono samples and their rate: the file's own, or ``rate`` by resampling.

    Reads whatever FFmpeg reads: WAV, FLAC, OGG, MP3, M4A, WebM, ... Channels are averaged. Raises UnsupportedInput
    when the bytes are no sound or hold none, TooLarge beyond `LONGEST_SECONDS`, MissingExtra without PyAV.
    """
    plain = _plain_wav(data)
    if plain is not None and rate in {None, plain[1]}:
        return plain
    return _decode_with_av(data, rate)


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Samples as 16-bit whole numbers; what lies outside [-1, 1] is clipped."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")


def from_int16(data: bytes) -> Samples:
    """16-bit little-endian whole numbers as samples."""
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768.0


class _WavEncoder:
    """PCM of 16 bits behind a header of unknown length."""

    def __init__(self, rate: int) -> None:
        self._header = _WAV_HEADER.pack(
            b"RIFF", _UNKNOWN, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", _UNKNOWN
        )

    def write(self, samples: Samples) -> bytes:
        data = self._header + to_int16(samples).tobytes()
        self._header = b""
        return data

    def finish(self) -> bytes:
        header, self._header = self._header, b""
        return header


class _Growing:
    """A file to which FFmpeg can only append: without ``seek`` it never goes back to a header."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class _AvEncoder:
    def __init__(self, rate: int, media_type: str) -> None:
        self._av = _load_av()
        container, codec, options = _CODECS[media_type]
        self._rate = rate
        self._file = _Growing()
        self._container: Any = self._av.open(self._file, mode="w", format=container, options=options)
        self._stream: Any = self._container.add_stream(codec, rate=_OPUS_RATE if codec == "libopus" else rate)
        self._stream.layout = "mono"
        if codec in _BITS_PER_SECOND:
            self._stream.bit_rate = _BITS_PER_SECOND[codec]
        self._written = 0

    def write(self, samples: Samples) -> bytes:
        if len(samples):
            frame = self._av.AudioFrame.from_ndarray(to_int16(samples)[np.newaxis], format="s16", layout="mono")
            frame.sample_rate = self._rate
            frame.pts = self._written
            frame.time_base = Fraction(1, self._rate)
            self._written += len(samples)
            self._container.mux(self._stream.encode(frame))
        return self._file.take()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take()


def _with_flac_length(data: bytes) -> bytes:
    """A FLAC stream whose STREAMINFO states how many samples its frames hold."""
    av = _load_av()
    with av.open(io.BytesIO(data)) as container:
        total = sum(frame.samples for frame in container.decode(audio=0))
    others = int.from_bytes(data[_FLAC_TOTAL], "big") >> 36 << 36
    return data[: _FLAC_TOTAL.start] + (others | total).to_bytes(5, "big") + data[_FLAC_TOTAL.stop :]


def _plain_wav(data: bytes) -> tuple[Samples, int] | None:
    """A WAV file of 8, 16 or 32-bit whole numbers read by the standard library; None for anything else."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    try:
        with wave.open(io.BytesIO(data)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return None
    if width not in {1, 2, 4} or rate <= 0 or not raw:
        return None
    raw = raw[: len(raw) // (width * channels) * width * channels]
    whole = np.frombuffer(raw, dtype={1: "u1", 2: "<i2", 4: "<i4"}[width]).astype(np.float32)
    samples = (whole - 128.0) / 128.0 if width == 1 else whole / float(2 ** (8 * width - 1))
    return samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate


def _decode_with_av(data: bytes, rate: int | None) -> tuple[Samples, int]:
    av = _load_av()
    pieces: list[Samples] = []
    count = 0
    try:
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise UnsupportedInput("The file holds no sound.", hint="Attach a recording, such as WAV, MP3 or M4A.")
            wanted = rate or int(container.streams.audio[0].rate)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=wanted)
            for frame in _frames(container, resampler):
                pieces.append(np.asarray(frame.to_ndarray(), dtype=np.float32).reshape(-1))
                count += len(pieces[-1])
                if count > LONGEST_SECONDS * wanted:
                    raise TooLarge(
                        f"The recording is longer than {LONGEST_SECONDS // 3600} hours.", hint="Cut it into parts."
                    )
    except (av.FFmpegError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnsupportedInput(
            f"The sound cannot be read: {why}.", hint="Attach an undamaged recording, such as WAV, FLAC, MP3 or M4A."
        ) from None
    if not count:
        raise UnsupportedInput("The recording is empty.", hint="Attach a recording that holds sound.")
    return np.concatenate(pieces), wanted


def _frames(container: Any, resampler: Any) -> Any:
    for frame in container.decode(audio=0):
        frame.pts = None  # gaps in the time stamps of live recordings are no damage
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _load_av() -> Any:
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError:
        raise MissingExtra(
            "This encoding of sound needs av, which is not installed.", hint="pip install 'castalia[speech]'"
        ) from None
