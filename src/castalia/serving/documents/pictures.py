"""What pages can show of media: pictures as PNG or JPEG, films by their first frame, sounds as files that go along."""

import io
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, UnidentifiedImageError

from castalia.core.content import Part
from castalia.store.blobs import SUFFIXES

SMALL = 96
"""Side below which a picture is enlarged, in whole steps, so that it can be seen at all."""
LARGER = 320


@dataclass
class Picture:
    """Bytes that python-docx and reportlab read, with width and height in pixels."""

    data: bytes
    width: int
    height: int


def picture_of(part: Part) -> Picture | None:
    """The part as a picture, None when it is none or cannot be read as one."""
    if not (part.media_type or "").startswith("image/"):
        return None
    try:
        image = Image.open(io.BytesIO(part.read()))
        image.load()
    except (UnidentifiedImageError, OSError):
        return None
    image = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    if max(image.size) < SMALL:
        times = LARGER // max(image.size)
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return Picture(stream.getvalue(), image.width, image.height)


def file_name(part: Part, number: int) -> str:
    """The name under which a part goes along: ``2-speech.wav``."""
    kept = PurePath(str(part.path)).suffix if part.path is not None else ""
    suffix = kept or SUFFIXES.get(part.media_type or "") or ".bin"
    return f"{number}-{part.type}{suffix}"
