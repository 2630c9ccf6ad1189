"""Tiny valid files made of random numbers: a PNG, a WAV, a CSV."""

import io
import random
import struct
import wave
import zlib

SIDE = 16
SAMPLE_RATE = 16000


def png(draw: random.Random) -> bytes:
    """A 16 x 16 picture of random colours in 4 x 4 blocks."""
    blocks = [[draw.randbytes(3) for _ in range(4)] for _ in range(4)]
    rows = b"".join(b"\0" + b"".join(blocks[y // 4][x // 4] for x in range(SIDE)) for y in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def wav(draw: random.Random, seconds: float) -> bytes:
    """A quiet hum of 16-bit mono samples whose pitch changes a few times a second."""
    samples = bytearray()
    while len(samples) < 2 * int(seconds * SAMPLE_RATE):
        half_period = draw.randrange(20, 80)
        wave_form = struct.pack("<h", 6000) * half_period + struct.pack("<h", -6000) * half_period
        samples += wave_form * (SAMPLE_RATE // 5 // (2 * half_period))
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(bytes(samples[: 2 * int(seconds * SAMPLE_RATE)]))
    return stream.getvalue()


def csv(draw: random.Random, rows: int) -> bytes:
    """A table of columns ``number`` (0 to 1), ``count`` (whole) and ``colour``."""
    lines = [
        f"{draw.random():.4f},{draw.randrange(100)},{draw.choice(['red', 'green', 'blue'])}\n" for _ in range(rows)
    ]
    return ("number,count,colour\n" + "".join(lines)).encode()
