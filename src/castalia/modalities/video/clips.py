"""Clips between file bytes, Pillow frames and arrays (channels, frames, height, width) in [-1, 1].

GIF and WebP are Pillow's; everything else goes through PyAV, which brings FFmpeg's libraries with it. Films are written
as VP9, by libvpx, whose licence is BSD; the H.264 encoder in PyAV's wheels is under the GPL and is not used.
"""

import importlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from castalia.core.errors import MissingExtra, UnsupportedInput
from castalia.modalities.image.pixels import DECODER_ERRORS, decode, flatten, to_array, to_image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
"""Files that are single frames: a folder of them is one clip."""

MOST_FRAMES = 3000
"""So many frames of a file are read at most: two minutes at 25 frames a second."""

MOST_PIXELS = 3840 * 2160
MOST_REPEATED = 8
"""Frames that an animation shows are told apart in time as long as that makes at most so many times as many."""

USUAL_FPS = 10.0
"""For clips that do not say how fast they are."""

Format = Literal["mp4", "webm", "gif", "webp"]
MEDIA_TYPES: dict[Format, str] = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "webp": "image/webp"}


@dataclass(frozen=True)
class Clip:
    """Decoded frames, all of mode ``L`` or ``RGB``, and how fast they follow each other."""

    frames: list[Image.Image]
    fps: float

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.frames) / self.fps


def read_clip(source: Path | bytes, side: int | None = None) -> Clip:
    """All frames of a file, of a folder of numbered pictures, or of bytes. Raises UnsupportedInput, MissingExtra.

    ``side`` lets frames be kept at a smaller size whose shorter side is at least so long.
    """
    if isinstance(source, Path) and source.is_dir():
        return Clip([_shrunk(decode(path), side) for path in frame_files(source)], USUAL_FPS)
    data = source if isinstance(source, bytes) else source.read_bytes()
    clip = _animation(data, side) if data[:3] == b"GIF" or data[8:12] == b"WEBP" else _film(data, side)
    if not clip.frames:
        raise UnsupportedInput("The film holds no frame.", hint="Give an undamaged film, such as MP4, WebM or GIF.")
    return clip


def frame_files(folder: Path) -> list[Path]:
    """The pictures directly in a folder, in the order of the numbers in their names."""
    return sorted((path for path in folder.iterdir() if path.suffix.lower() in PICTURES), key=_order)


def sampled(clip: Clip, frames: int, fps: float | None, start: int = 0) -> list[Image.Image]:
    """``frames`` frames spread over the whole clip; with ``fps`` that many a second, the last one repeated at the end.

    ``start`` counts frames at ``fps`` that are left out before.
    """
    if fps is None:
        places = (np.arange(frames) + 0.5) * len(clip.frames) / frames
    else:
        places = (np.arange(start, start + frames) + 0.5) * clip.fps / fps
    return [clip.frames[min(int(place), len(clip.frames) - 1)] for place in places]


def to_clip(frames: list[Image.Image], channels: int) -> NDArray[np.float32]:
    """The array of frames of one size."""
    return np.stack([to_array(frame, channels) for frame in frames], axis=1)


def to_frames(array: NDArray[np.generic]) -> list[Image.Image]:
    """The frames of an array; values outside [-1, 1] are clipped."""
    return [to_image(array[:, index]) for index in range(array.shape[1])]


def encode(frames: list[Image.Image], fps: float, format: Format, loop: bool = True) -> bytes:
    """A finished file. Raises MissingExtra when it needs PyAV and that is absent."""
    if format in {"gif", "webp"}:
        return _encode_animation(frames, fps, "GIF" if format == "gif" else "WEBP", loop)
    av = _load_av()
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format=format) as container:
        options = {"crf": "18", "b": "0", "deadline": "good", "cpu-used": "4"}
        stream: Any = container.add_stream("libvpx-vp9", rate=Fraction(fps).limit_denominator(1000), options=options)
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame.convert("RGB")), format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _encode_animation(frames: list[Image.Image], fps: float, name: str, loop: bool) -> bytes:
    buffer = io.BytesIO()
    duration = max(20, round(1000.0 / fps))
    extra: dict[str, Any] = {"lossless": True} if name == "WEBP" else {"optimize": False, "disposal": 1}
    if loop:
        extra["loop"] = 0
    elif name == "WEBP":
        extra["loop"] = 1
    first, *rest = [frame.convert("RGB") for frame in frames]
    first.save(buffer, name, save_all=True, append_images=rest, duration=duration, **extra)
    return buffer.getvalue()


def _animation(data: bytes, side: int | None) -> Clip:
    frames: list[Image.Image] = []
    shown: list[float] = []
    try:
        with Image.open(io.BytesIO(data), formats=("GIF", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnsupportedInput(f"Frames of {image.width} x {image.height} pixels are too large.")
            for frame in ImageSequence.Iterator(image):
                frame.load()  # WebP tells the duration of a frame only then
                shown.append(float(frame.info.get("duration") or 0.0) or 1000.0 / USUAL_FPS)
                frames.append(_shrunk(flatten(frame.convert("RGBA")), side))
                if len(frames) >= MOST_FRAMES:
                    break
    except DECODER_ERRORS as error:
        raise UnsupportedInput(f"damaged or cut off ({error or type(error).__name__})") from None
    if not frames:
        return Clip([], USUAL_FPS)
    # equal frames that follow each other are one long frame in these files
    common = float(math.gcd(*(max(10, round(time)) for time in shown)))
    unit = common if sum(shown) / common <= MOST_REPEATED * len(frames) else max(10.0, min(shown))
    repeated = [frame for frame, time in zip(frames, shown, strict=True) for _ in range(max(1, round(time / unit)))]
    return Clip(repeated[:MOST_FRAMES], 1000.0 / unit)


def _film(data: bytes, side: int | None) -> Clip:
    av = _load_av()
    try:
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
            if not container.streams.video:
                raise UnsupportedInput("The file holds no film.", hint="Give MP4, WebM, MOV or GIF.")
            stream = container.streams.video[0]
            if stream.width * stream.height > MOST_PIXELS:
                raise UnsupportedInput(f"Frames of {stream.width} x {stream.height} pixels are too large.")
            frames = [_shrunk(Image.fromarray(frame), side) for frame in _rgb(container)]
            fps = float(stream.average_rate or USUAL_FPS)
    except (av.FFmpegError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnsupportedInput(f"The film cannot be read: {why}.", hint="Give an undamaged film.") from None
    return Clip(frames, fps)


def _rgb(container: Any) -> Iterator[NDArray[np.uint8]]:
    for index, frame in enumerate(container.decode(video=0)):
        if index >= MOST_FRAMES:
            return
        yield frame.to_ndarray(format="rgb24")


def _shrunk(image: Image.Image, side: int | None) -> Image.Image:
    factor = 1 if side is None else min(image.size) // (2 * side)
    return image if factor < 2 else image.reduce(factor)


def _order(path: Path) -> tuple[int, str]:
    digits = "".join(sign for sign in path.stem if sign.isdecimal())
    return (int(digits) if digits else 0, path.name)


def _load_av() -> Any:
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError:
        raise MissingExtra("Films need av, which is not installed.", hint="pip install 'castalia[train]'") from None
