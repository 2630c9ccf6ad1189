"""Pictures between file bytes, Pillow images and arrays. Pixel arrays are float32 in [-1, 1], channels first."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from castalia.core.errors import UnsupportedInput

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded: 64 megapixels are 256 MB in memory; a few bytes of file can claim far more."""

PIXEL_ART = 32
"""Pictures up to this side are enlarged by repeating pixels: smoothing would invent what the model did not draw."""

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise on damaged files."""

Pixels = NDArray[np.float32]


def open_image(source: Path | bytes) -> Image.Image:
    """The picture with its header read and its pixels not yet. Raises UnsupportedInput."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is stricter
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except DECODER_ERRORS as error:
        raise UnsupportedInput(f"not a readable picture ({_reason(error)})") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise UnsupportedInput(f"{width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read")
    return image


def decode(source: Path | bytes, at_least: int | None = None) -> Image.Image:
    """The whole first frame, upright, as mode ``L`` or ``RGB``, transparency over white.

    ``at_least`` lets JPEG decoders work at a reduced size that keeps the shorter side at least so long.
    Raises UnsupportedInput for damaged, cut off or oversized files.
    """
    with open_image(source) as image:
        try:
            if at_least is not None:
                image.draft(None, _draft_size(image.size, at_least))
            image.load()
            upright = ImageOps.exif_transpose(image)
            return flatten(upright)
        except DECODER_ERRORS as error:
            raise UnsupportedInput(f"damaged or cut off ({_reason(error)})") from None


def flatten(image: Image.Image) -> Image.Image:
    """Mode ``L`` or ``RGB`` of any picture: palettes looked up, 16 bits scaled, transparency laid over white."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _scaled(image)
    if image.has_transparency_data or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
        grey = image.mode in {"LA", "La"}
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layered).convert("L" if grey else "RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def opaque(source: bytes) -> Image.Image | None:
    """Where a picture is solid (white) and where it is transparent (black), mode ``L``; None when all of it is solid.

    Raises UnsupportedInput.
    """
    with open_image(source) as image:
        if not image.has_transparency_data and image.mode not in {"LA", "PA", "RGBA", "La", "RGBa"}:
            return None
        try:
            image.load()
            alpha = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")
        except DECODER_ERRORS as error:
            raise UnsupportedInput(f"damaged or cut off ({_reason(error)})") from None
    solid = Image.fromarray(np.where(np.asarray(alpha) > 127, 255, 0).astype(np.uint8))
    return None if solid.getextrema() == (255, 255) else solid


def is_grey(image: Image.Image) -> bool:
    """Whether it shows no colour; a difference of 8 in 255 between channels is what JPEG leaves on grey."""
    if image.mode == "L":
        return True
    small = np.asarray(image.resize((32, 32), Image.Resampling.BOX), dtype=np.int16)
    return int(np.ptp(small, axis=-1).max()) <= 8


def square(image: Image.Image, side: int, crop: Literal["centre", "fit"]) -> Image.Image:
    """The picture as ``side`` x ``side``: the centre cut out, or the whole padded with its border's mean colour."""
    width, height = image.size
    if width != height:
        if crop == "centre":
            edge = min(width, height)
            left, top = (width - edge) // 2, (height - edge) // 2
            image = image.crop((left, top, left + edge, top + edge))
        else:
            edge = max(width, height)
            canvas = Image.new(image.mode, (edge, edge), _border_colour(image))
            canvas.paste(image, ((edge - width) // 2, (edge - height) // 2))
            image = canvas
    return resize(image, side, side)


def resize(image: Image.Image, width: int, height: int) -> Image.Image:
    """Any other size: shrinking averages, enlarging small pictures repeats pixels, enlarging larger ones smooths."""
    if image.size == (width, height):
        return image
    enlarging = width >= image.width and height >= image.height
    small = max(image.size) <= PIXEL_ART
    return image.resize((width, height), Image.Resampling.NEAREST if enlarging and small else Image.Resampling.LANCZOS)


def to_array(image: Image.Image, channels: int) -> Pixels:
    """Pixels (channels, height, width) in [-1, 1]."""
    values = np.asarray(image.convert("L" if channels == 1 else "RGB"), dtype=np.float32) / 127.5 - 1.0
    return values[None] if channels == 1 else np.ascontiguousarray(values.transpose(2, 0, 1))


def to_image(pixels: NDArray[np.generic]) -> Image.Image:
    """A Pillow image from (channels, height, width) in [-1, 1]; values outside are clipped, NaN becomes black."""
    finite = np.nan_to_num(np.asarray(pixels, dtype=np.float32), nan=-1.0, posinf=1.0, neginf=-1.0)
    values = np.rint((np.clip(finite, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return Image.fromarray(values[0] if values.shape[0] == 1 else np.ascontiguousarray(values.transpose(1, 2, 0)))


def animate(images: list[Image.Image], milliseconds: int = 120) -> bytes:
    """An animated GIF that starts again at its end, each picture shown so long."""
    buffer = io.BytesIO()
    first, *rest = [image.convert("RGB") for image in images]
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return buffer.getvalue()


def encode(image: Image.Image, format: Literal["png", "jpeg", "webp"]) -> bytes:
    """The bytes of the picture: PNG without loss, JPEG at quality 95 without colour subsampling, WebP at 95."""
    buffer = io.BytesIO()
    if format == "png":
        image.save(buffer, "PNG", optimize=True)
    elif format == "jpeg":
        image.save(buffer, "JPEG", quality=95, subsampling=0)
    else:
        image.save(buffer, "WEBP", quality=95, method=4)
    return buffer.getvalue()


def _reason(error: BaseException) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "its content is none of " + ", ".join(FORMATS)
    return str(error) or type(error).__name__


def _draft_size(size: tuple[int, int], at_least: int) -> tuple[int, int]:
    scale = at_least / min(size)
    return (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def _scaled(image: Image.Image) -> Image.Image:
    # deep pixels: up to 1 are fractions, up to 255 are bytes, beyond that 16 bits
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    deep = image.mode.startswith("I;16") or float(values.max(initial=0.0)) > 255.0
    full = 65535.0 if deep else 1.0 if image.mode == "F" and float(values.max(initial=0.0)) <= 1.0 else 255.0
    return Image.fromarray(np.rint(np.clip(values / full, 0.0, 1.0) * 255.0).astype(np.uint8))


def _border_colour(image: Image.Image) -> int | tuple[int, ...]:
    values = np.asarray(image, dtype=np.float32)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]], axis=0)
    mean = np.rint(border.mean(axis=0)).astype(int)
    return int(mean) if image.mode == "L" else tuple(int(value) for value in mean)
