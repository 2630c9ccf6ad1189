"""The image modality: reading a folder, and turning arrays into finished pictures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Representation, Sample, Sampler, Survey
from castalia.core.errors import UnsupportedInput
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.asking import Askable
from castalia.modalities.captions import Captions, read_captions, without_captions
from castalia.modalities.folders import Listing
from castalia.modalities.image import figures, fingerprints, surveying
from castalia.modalities.image.drawing import read_drawing
from castalia.modalities.image.options import ImageData, ImageOptions
from castalia.modalities.image.pixels import animate, decode, encode, is_grey, resize, square, to_array, to_image
from castalia.modalities.image.reading import FEWEST, list_folder, refuse, side_for, sizes_of
from castalia.modalities.image.representation import PixelRepresentation, restore
from castalia.modalities.image.sheet import contact_sheet
from castalia.modalities.image.spec import SPEC


class ImageModality:
    """Pictures as pixels. Implements `castalia.core.contracts.Modality`."""

    def recognises(self, source: Path) -> float:
        """The share of a folder's visible files that have a picture's suffix; 0 for a single file.

        Files that may move count a little less, so that a folder of animations is one of films.
        """
        if not source.is_dir():
            return 0.0
        listing = without_captions(list_folder(source, ImageData()))
        doubtful = sum(item.path.suffix.lower() in {".gif", ".webp"} for item in listing.items)
        return listing.share * (1.0 - 0.1 * doubtful / max(1, len(listing.items)))

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Decode every picture and report every problem at once."""
        return surveying.survey(source, _data_options(options))

    def data_options(self) -> type[BaseModel]:
        """How a folder becomes a training set."""
        return ImageData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "continuous") -> tuple[PixelRepresentation, Encoded]:  # noqa: ARG002 - one kind so far
        """All readable pictures as (n, channels, side, side), one for each caption of theirs; exact duplicates of
        the same class and caption count once.

        Raises DatasetError with all unreadable files unless ``skip_bad``, and for fewer than 16 pictures.
        """
        chosen = _data_options(options)
        listing = list_folder(source, chosen)
        captions = read_captions(listing, chosen.captions)
        side = side_for(sizes_of(listing.items), chosen)
        found = _read(listing, captions, side, chosen.crop, skip_bad=chosen.skip_bad)
        channels = 1 if chosen.channels == "grey" or (chosen.channels == "auto" and found.grey) else 3
        askable = Askable(
            tuple(one for one in listing.classes if one in set(found.labels)), bool(captions.texts), captions.bare
        )
        representation = PixelRepresentation(side, channels, askable, chosen.crop)
        return representation, _encoded(representation, found)

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Other pictures at the size, in the channels and with the classes of a representation."""
        chosen, view = _data_options(options), _pixels(representation)
        listing = list_folder(source, chosen)
        captions = read_captions(listing, chosen.captions)
        return _encoded(view, _read(listing, captions, view.side, view.crop, skip_bad=chosen.skip_bad))

    def restore(self, config: dict[str, object]) -> PixelRepresentation:
        """The representation that a model's ``config.json`` describes."""
        return restore(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Descriptors of the training pictures and their usual distances, see `fingerprints`."""
        del representation
        return fingerprints.fingerprints(data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Pictures of the classes that options or prompt name, in turn, or, of a model that has learnt captions, as the
        prompt says in words; of any kind when it names nothing that the model knows. See `read_drawing` for attached
        pictures and transitions.

        Each sample's info holds ``width``, ``height`` and ``native``, the side that the model draws at; ``label`` and
        ``caption`` where one was asked for, and ``note`` where the prompt names no class of a model that has some.
        Raises BadRequest for a label that is no class.
        """
        pixels = _pixels(representation)
        options = ImageOptions.model_validate(request.options)
        drawing = read_drawing(pixels, options, request)
        together = options.sheet or options.format == "gif"
        images: list[Image.Image] = []
        for number, (values, facts) in enumerate(drawing.pictures(sampler), start=1):
            image = _sized(to_image(values), options.size)
            if together:
                images.append(image)
            else:
                yield _sample(image, options, facts | {"native": pixels.side})
            yield Progress(message="drawing", fraction=number / drawing.asked.count)
        if together:
            facts: dict[str, object] = {"count": len(images), "labels": drawing.asked.labels} | drawing.asked.note
            yield _animation(images, facts) if not options.sheet else _sheet(images, options, facts)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """A contact sheet as PNG; info holds its width, height and the count of pictures."""
        del representation
        sheet = contact_sheet([to_image(values) for values in data])
        return Sample(
            encode(sheet, "png"), "image/png", {"width": sheet.width, "height": sheet.height, "count": len(data)}
        )

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """Realism, coverage, diversity and sharpness against held-out pictures, see `figures`."""
        del representation
        return figures.training_figures(real, synthetic)


@dataclass
class _Found:
    """Pictures with their labels and captions, one for each caption; whether all are grey."""

    pictures: list[Image.Image] = field(default_factory=list[Image.Image])
    labels: list[str | None] = field(default_factory=list[str | None])
    words: list[str | None] = field(default_factory=list[str | None])
    grey: bool = True


def _read(listing: Listing, captions: Captions, side: int, crop: Literal["centre", "fit"], *, skip_bad: bool) -> _Found:
    """All different pictures as squares. Raises DatasetError."""
    found, problems = _Found(), list(captions.problems)
    seen: set[tuple[bytes, str | None, str | None]] = set()
    for item in listing.items:
        try:
            image = decode(item.path, at_least=2 * side)
        except UnsupportedInput as error:
            problems.append(f"{item.name}: {error.message}")
            continue
        content, picture = surveying.digest(image), square(image, side, crop)
        for caption in captions.of(item.name):
            if (key := (content, item.label, caption)) not in seen:
                seen.add(key)
                found.grey = found.grey and is_grey(image)
                found.pictures.append(picture)
                found.labels.append(item.label)
                found.words.append(caption)
    if problems and not skip_bad:
        raise refuse(problems)
    if len({content for content, *_ in seen}) < FEWEST:
        raise refuse([f"{len(found.pictures)} different readable pictures; at least {FEWEST} are needed"])
    return found


def _encoded(view: PixelRepresentation, found: _Found) -> Encoded:
    data = np.stack([to_array(picture, view.channels) for picture in found.pictures])
    return Encoded(data, *view.askable.encode(found.labels, found.words))


def _sized(image: Image.Image, side: int | None) -> Image.Image:
    return image if side is None else resize(image, side, side)


def _sample(image: Image.Image, options: ImageOptions, facts: dict[str, object]) -> Sample:
    info: dict[str, object] = {"width": image.width, "height": image.height, **facts}
    encoding = "png" if options.format == "gif" else options.format
    return Sample(encode(image, encoding), f"image/{encoding}", info)


def _sheet(images: list[Image.Image], options: ImageOptions, facts: dict[str, object]) -> Sample:
    return _sample(contact_sheet(images), options, facts | {"sheet": True})


def _animation(images: list[Image.Image], facts: dict[str, object]) -> Sample:
    """All pictures one after the other, as an animated GIF without end."""
    size: dict[str, object] = {"width": images[0].width, "height": images[0].height, "frames": len(images)}
    return Sample(animate(images), "image/gif", size | facts)


def _data_options(options: BaseModel) -> ImageData:
    return options if isinstance(options, ImageData) else ImageData.model_validate(options.model_dump())


def _pixels(representation: Representation) -> PixelRepresentation:
    if not isinstance(representation, PixelRepresentation):
        raise TypeError(f"{SPEC.name} draws from pixels, not from {representation.name}")
    return cast("PixelRepresentation", representation)
