"""The video modality: reading a folder, and turning arrays into finished clips."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Given, Representation, Sample, Sampler, Survey
from castalia.core.errors import UnsupportedInput
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.asking import Askable, read_request
from castalia.modalities.captions import Captions, read_captions, without_captions
from castalia.modalities.folders import Listing
from castalia.modalities.image.pixels import decode as decode_picture
from castalia.modalities.image.pixels import encode as encode_picture
from castalia.modalities.image.pixels import is_grey, resize, square, to_array
from castalia.modalities.image.sheet import contact_sheet
from castalia.modalities.video import likeness, surveying
from castalia.modalities.video.clips import MEDIA_TYPES, Clip, encode, read_clip, to_clip, to_frames
from castalia.modalities.video.options import VideoData, VideoOptions
from castalia.modalities.video.reading import (
    FEWEST,
    FEWEST_FRAMES,
    LARGEST,
    UNREADABLE,
    list_folder,
    piece,
    refuse,
    side_for,
    starts_of,
)
from castalia.modalities.video.representation import FrameRepresentation, restore
from castalia.modalities.video.spec import SPEC

CLIPS = frozenset(
    {
        *("clips", "videos", "films", "movies", "animations", "gifs"),
        *("peliculas", "animaciones", "videoclips", "filme", "animationen"),
    }
)
"""Words by which clips are counted."""

MOST = 16
"""Clips of one request."""

BATCH = 4
"""Clips made at once, so that a long request can be stopped between batches."""

SHOWN_AT = 128
"""Clips are enlarged by a whole factor to at least this side: films keep colour at half the resolution."""

SHEET_CLIPS, SHEET_FRAMES = 8, 8
"""A preview shows so many clips, one under the other, and so many of each one's frames, spread over its length."""

LOOKED_AT = 16
"""Files of a folder that are opened to see whether they move."""


class VideoModality:
    """Clips as frames. Implements `castalia.core.contracts.Modality`."""

    def recognises(self, source: Path) -> float:
        """The share of a folder's visible files that are clips; GIF and WebP count when they move."""
        if not source.is_dir():
            return 0.0
        listing = without_captions(list_folder(source, VideoData()))
        files = [item.path for item in listing.items if item.path.is_file()]
        doubtful = [path for path in files if path.suffix.lower() in {".gif", ".webp"}]
        looked = doubtful[:: max(1, len(doubtful) // LOOKED_AT)]
        moving = sum(_moves(path) for path in looked) / len(looked) if looked else 1.0
        still = len(doubtful) * (1.0 - moving)
        return listing.share * (len(files) - still) / max(1, len(files))

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Decode every clip and report every problem at once."""
        return surveying.survey(source, _data_options(options))

    def data_options(self) -> type[BaseModel]:
        """How a folder becomes a training set."""
        return VideoData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "continuous") -> tuple[FrameRepresentation, Encoded]:  # noqa: ARG002 - one kind so far
        """All clips as (n, channels, frames, side, side), one for each caption of theirs; exact duplicates of the same
        class and caption count once.

        Raises DatasetError with all unreadable files unless ``skip_bad``, and for fewer than 16 clips.
        """
        chosen = _data_options(options)
        listing = list_folder(source, chosen)
        captions = read_captions(listing, chosen.captions)
        side = side_for(_sides(listing), chosen)
        clips, labels, words = _read(listing, captions, side, chosen)
        grey = chosen.channels == "grey" or (
            chosen.channels == "auto" and all(is_grey(frame) for clip in clips for frame in clip.frames)
        )
        askable = Askable(
            tuple(label for label in listing.classes if label in set(labels)), bool(captions.texts), captions.bare
        )
        fps = chosen.fps or float(np.clip(np.median([clip.fps for clip in clips]), 1.0, 30.0))
        view = FrameRepresentation(side, chosen.frames, round(fps, 2), 1 if grey else 3, askable, chosen.crop)
        data = np.stack([to_clip(clip.frames, view.channels) for clip in clips])
        return view, Encoded(data, *askable.encode(labels, words))

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Other clips at the size and length, in the channels and with the classes of a representation."""
        view = _frames(representation)
        chosen = _data_options(options).model_copy(update={"frames": view.frames, "crop": view.crop})
        listing = list_folder(source, chosen)
        clips, labels, words = _read(listing, read_captions(listing, chosen.captions), view.side, chosen)
        data = np.stack([to_clip(clip.frames, view.channels) for clip in clips])
        return Encoded(data, *view.askable.encode(labels, words))

    def restore(self, config: dict[str, object]) -> FrameRepresentation:
        """The representation that a model's ``config.json`` describes."""
        return restore(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Descriptors of the training clips and their usual distances, see `likeness`."""
        del representation
        return likeness.fingerprints(data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Clips of the classes that options or prompt name, in turn, or, of a model that has learnt captions, as the
        prompt says in words; of any kind when it names nothing that the model knows.

        A picture that is attached becomes the first frame, where the family can go on from one. Each sample's info
        holds ``width``, ``height``, ``frames``, ``fps`` and ``native``, the side that the model works at; ``label``,
        ``caption`` and ``note`` as for pictures. Raises BadRequest for a label that is no class, and for a first frame
        that the family cannot go on from.
        """
        view = _frames(representation)
        options = VideoOptions.model_validate(request.options)
        asked = read_request(view.askable, options.label, request.prompt, CLIPS, options.count)
        count = min(MOST, asked.count)
        first = _first_frame(view, request)
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            labels = [asked.label(start + index) for index in range(size)]
            conditions = view.askable.encode(labels, [asked.caption] * size)
            # a seed of its own for each batch, far from those that a person would ask for next
            seed = (request.seed or 0) + start * 1_000_003
            given = [] if first is None else [_given(view, first, size)]
            for index, array in enumerate(sampler(size, *conditions, seed, *given)):
                yield _sample(view, to_frames(array), options, asked.facts(start + index))
            yield Progress(message="filming", fraction=(start + size) / count)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """A filmstrip: clips one under the other, frames spread over each from left to right."""
        del representation
        clips = data[np.linspace(0, len(data) - 1, min(SHEET_CLIPS, len(data))).astype(int)]
        places = np.linspace(0, data.shape[2] - 1, SHEET_FRAMES).astype(int)
        sheet = contact_sheet([to_frames(clip)[place] for clip in clips for place in places], columns=SHEET_FRAMES)
        facts: dict[str, object] = {"width": sheet.width, "height": sheet.height, "count": len(clips)}
        return Sample(encode_picture(sheet, "png"), "image/png", facts)

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """Realism of clips, frames and motion against held-out clips, see `likeness`."""
        del representation
        return likeness.training_figures(real, synthetic)


def _sample(
    view: FrameRepresentation, frames: list[Image.Image], options: VideoOptions, facts: dict[str, object]
) -> Sample:
    side = options.size or view.side * max(1, -(-SHOWN_AT // view.side))
    fps = options.fps or view.fps
    shown = [resize(frame, side, side) for frame in frames]
    info: dict[str, object] = {"width": side, "height": side, "frames": len(frames), "fps": fps, "native": view.side}
    return Sample(encode(shown, fps, options.format, options.loop), MEDIA_TYPES[options.format], info | facts)


def _first_frame(view: FrameRepresentation, request: Request) -> NDArray[np.float32] | None:
    """The attached picture as the model sees frames; None when there is none."""
    for part in request.attachments:
        if part.type == "image" or (part.media_type or "").startswith("image/"):
            return to_array(square(decode_picture(part.read()), view.side, view.crop), view.channels)
    return None


def _given(view: FrameRepresentation, first: NDArray[np.float32], count: int) -> Given:
    data = np.zeros((count, *view.layout.shape), dtype=np.float32)
    mask = np.zeros(data.shape, dtype=np.bool_)
    data[:, :, 0], mask[:, :, 0] = first, True
    return Given(data, mask)


def _moves(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return int(getattr(image, "n_frames", 1)) >= FEWEST_FRAMES
    except (OSError, ValueError, SyntaxError):
        return False


def _sides(listing: Listing) -> list[int]:
    """The shorter sides of clips that can be read."""
    found: list[int] = []
    for item in listing.items:
        try:
            found.append(min(read_clip(item.path, LARGEST).frames[0].size))
        except UNREADABLE:
            continue  # `_read` tells
    return found


def _read(
    listing: Listing, captions: Captions, side: int, options: VideoData
) -> tuple[list[Clip], list[str | None], list[str | None]]:
    """Training clips with their labels and captions. Raises DatasetError."""
    clips: list[Clip] = []
    labels: list[str | None] = []
    words: list[str | None] = []
    problems = list(captions.problems)
    seen: set[tuple[bytes, str | None, str | None]] = set()
    for item in listing.items:
        try:
            clip = read_clip(item.path, side)
            if len(clip.frames) < FEWEST_FRAMES:
                raise UnsupportedInput(f"{len(clip.frames)} frames are no film")
        except UNREADABLE as error:
            problems.append(f"{item.name}: {error.message}")
            continue
        for start in starts_of(clip, options):
            part = piece(clip, side, options, start)
            content = surveying.digest(part)
            for caption in captions.of(item.name):
                if (key := (content, item.label, caption)) not in seen:
                    seen.add(key)
                    clips.append(part)
                    labels.append(item.label)
                    words.append(caption)
    if problems and not options.skip_bad:
        raise refuse(problems)
    if len(clips) < FEWEST:
        raise refuse([f"{len(clips)} different readable clips; at least {FEWEST} are needed"])
    return clips, labels, words


def _data_options(options: BaseModel) -> VideoData:
    return options if isinstance(options, VideoData) else VideoData.model_validate(options.model_dump())


def _frames(representation: Representation) -> FrameRepresentation:
    if not isinstance(representation, FrameRepresentation):
        raise TypeError(f"{SPEC.name} is made from frames, not from {representation.name}")
    return representation
