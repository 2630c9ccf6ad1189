"""What an output is by its bytes, and a vector by which outputs of one model are told apart."""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import CastaliaError
from castalia.judging.comparing.observed import Output
from castalia.judging.repetition import words_of
from castalia.modalities.image.pixels import decode as decode_image
from castalia.modalities.music.piece import PITCH
from castalia.modalities.music.reading import read_music
from castalia.modalities.sound import decode as decode_sound
from castalia.modalities.video.clips import read_clip

SOUNDS = ("audio", "speech", "music")
SIDE, MOMENTS, BANDS, MOST_ROWS = 16, 24, 16, 64
LOUDEST, QUIETEST = 0.0, -80.0
"""Decibels between which bands of sounds are told apart."""
FEWEST_ROWS = 3
"""Lines with as many separators each, from which a text counts as a table."""
FENCE = re.compile(r"^```.*$", re.MULTILINE)

Array = NDArray[np.float64]


def observed(part: Part) -> Output:
    """The output as it is compared. Raises nothing: what cannot be read has no description."""
    data = part.read()
    kind = kind_of(part.text if part.text is not None else data, part.media_type or "", part.type)
    try:
        vector = _described(kind, data)
    except (CastaliaError, OSError, ValueError):
        vector = None
    return Output(
        claimed=part.type,
        kind=kind,
        media_type=part.media_type or "text/plain",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        facts=part.info,
        described=[] if vector is None else [float(value) for value in vector],
        words=words_of(part.text) if part.text is not None else [],
    )


SIGNATURES: tuple[tuple[int, tuple[bytes, ...], str], ...] = (
    (0, (b"MThd",), "music"),
    (4, (b"ftyp",), "video"),
    (0, (b"\x1aE\xdf\xa3",), "video"),
    (8, (b"WAVE",), "sound"),
    (0, (b"fLaC", b"OggS", b"ID3", b"\xff\xfb"), "sound"),
    (8, (b"WEBP",), "picture"),
    (0, (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II*", b"MM"), "picture"),
    (0, (b"PAR1",), "table"),
)
"""Where a file holds which bytes, and what it is then."""


def kind_of(content: str | bytes, media_type: str, claimed: str) -> str:
    """The modality that the bytes are of. Sound is speech or music where the engine says so: bytes cannot tell."""
    if isinstance(content, bytes):
        found = next((kind for start, signs, kind in SIGNATURES if content[start : start + 16].startswith(signs)), None)
        if found == "sound":
            return claimed if claimed in SOUNDS else "audio"
        if found == "picture":
            return "video" if _frames(content) > 1 else "image"
        if found is not None:
            return found
        content = content.decode("utf-8", errors="replace")
    if media_type.startswith("text/csv") or is_table(content):
        return "table"
    return "music" if "<score-partwise" in content[:2000] else "image" if "<svg" in content else "text"


def is_table(text: str) -> bool:
    """Whether all of a text, fences aside, is lines of as many fields each: three by commas, two by other signs."""
    lines = [line for line in FENCE.sub("", text).strip().splitlines() if line.strip()]
    if len(lines) < FEWEST_ROWS:
        return False
    fewest = {",": 2, "\t": 1, "|": 1, ";": 2}
    return any(len(counts := {line.count(sign) for line in lines}) == 1 and counts.pop() >= least
               for sign, least in fewest.items())  # fmt: skip


def _frames(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError):
        return 0


def _described(kind: str, data: bytes) -> Array | None:
    """Numbers in [0, 1], as many for every output of the kind."""
    if kind == "image":
        return _pixels(decode_image(data))
    if kind == "video":
        frames = read_clip(data).frames
        places = np.linspace(0, len(frames) - 1, 4).round().astype(int)
        return np.concatenate([_pixels(frames[int(place)]) for place in places])
    if kind in SOUNDS:
        return _notes(data) if data.startswith(b"MThd") else _sound(*decode_sound(data))
    if kind == "music":
        return _notes(data)
    if kind == "table":
        return _table(data.decode("utf-8", errors="replace"))
    return None


def _pixels(image: Image.Image) -> Array:
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE)), dtype=np.float64).ravel() / 255


def _sound(samples: NDArray[np.float32], rate: int) -> Array:  # noqa: ARG001 - bands are shares of the rate
    """Loudness in decibels of bands of equal width in octaves, at moments spread over the sound."""
    parts: list[Array] = []
    for piece in np.array_split(samples, MOMENTS):
        power = np.abs(np.fft.rfft(piece, n=max(512, len(piece)))) ** 2 / max(1, len(piece))
        edges = np.geomspace(1, len(power), BANDS + 1).astype(int)
        bands = [power[start : max(start + 1, end)].mean() for start, end in pairwise(edges)]
        parts.append(10 * np.log10(np.maximum(bands, 1e-12)))
    return np.clip((np.concatenate(parts) - QUIETEST) / (LOUDEST - QUIETEST), 0, 1)


def _notes(data: bytes) -> Array:
    """The pitch of the notes, over their number resampled to a fixed length, and the share of each pitch class."""
    piece = read_music(data)
    pitches = piece.notes[:, PITCH].astype(np.float64)
    if not len(pitches):
        return np.zeros(MOMENTS * 4 + 12)
    places = np.linspace(0, len(pitches) - 1, MOMENTS * 4).round().astype(int)
    classes = np.bincount(pitches.astype(int) % 12, minlength=12) / len(pitches)
    return np.concatenate([pitches[places] / 127, classes])


def _table(text: str) -> Array | None:
    """Cells of the first rows: numbers by their rank within the table's column, words by a hash."""
    rows = list(csv.reader(io.StringIO(text)))[1 : MOST_ROWS + 1]
    width = max((len(row) for row in rows), default=0)
    if not width or any(len(row) != width for row in rows):
        return None
    return np.concatenate([_column([row[place] for row in rows]) for place in range(width)])


def _column(cells: Sequence[str]) -> Array:
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array([hashlib.sha256(cell.encode()).digest()[0] / 255 for cell in cells])
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros(len(values))
