"""What is drawn for a request: under which conditions, from which noise, and from which given picture."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.content import Part
from castalia.core.contracts import Array, Given, Sampler
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.core.requests import Request
from castalia.modalities.asking import Asked, read_request
from castalia.modalities.image.options import ImageOptions
from castalia.modalities.image.pixels import Pixels, decode, opaque, square, to_array
from castalia.modalities.image.representation import PixelRepresentation

BATCH = 8
"""Pictures drawn at once, so that a long request can be stopped between batches."""
FIRST = 2
"""Pictures of the first batch, where there are more than `BATCH`: something is soon to be seen."""

PICTURES = frozenset(
    {
        *("pictures", "images", "photos", "drawings", "paintings", "sketches", "icons", "illustrations", "digits"),
        *("imagenes", "fotos", "dibujos", "pinturas", "iconos"),
        *("dessins", "peintures", "icones"),
        *("bilder", "zeichnungen", "skizzen"),
    }
)
"""Words by which pictures are counted."""


@dataclass(frozen=True)
class Drawing:
    """A request as this model understands it. ``ending`` is where a transition leads, ``given`` a picture to go on
    from: the entries of its mask stay."""

    pixels: PixelRepresentation
    asked: Asked
    seed: int
    ending: Asked | None = None
    given: Given | None = None

    def pictures(self, sampler: Sampler) -> Iterator[tuple[Pixels, dict[str, object]]]:
        """Every picture (channels, side, side) with the facts of what it was asked to be."""
        yield from self._batches(sampler) if self.ending is None else self._moving(sampler, self.ending)

    def _batches(self, sampler: Sampler) -> Iterator[tuple[Pixels, dict[str, object]]]:
        ahead = FIRST if self.asked.count > BATCH else 0
        starts = [*([0] if ahead else []), *range(ahead, self.asked.count, BATCH), self.asked.count]
        for start, end in itertools.pairwise(starts):
            size = end - start
            conditions = self._conditions(self.asked, start, size)
            # a seed of its own for each batch, far from those that a person would ask for next
            drawn = sampler(size, *conditions, self.seed + start * 1_000_003, *self._given(size))
            for index, values in enumerate(drawn):
                yield values.astype(np.float32), self.asked.facts(start + index)

    def _moving(self, sampler: Sampler, ending: Asked) -> Iterator[tuple[Pixels, dict[str, object]]]:
        """Each from the same noise, the conditions going evenly from what is asked to ``ending``."""
        (first, known), (last, also) = (self._conditions(one, 0, 1) for one in (self.asked, ending))
        if first is None or last is None or known is None or also is None or not (known & also).any():
            raise BadRequest(
                "There is nothing to go from or to: this model cannot be asked for both of these.",
                hint=_what_it_knows(self.pixels),
            )
        for index in range(self.asked.count):
            share = index / max(1, self.asked.count - 1)
            row = (first + share * (last - first)).astype(np.float32)
            values = sampler(1, row, known & also, self.seed, *self._given(1))[0]
            facts: dict[str, object] = {"from": _named(self.asked), "to": _named(ending), "share": round(share, 4)}
            yield values.astype(np.float32), facts

    def _conditions(self, asked: Asked, start: int, size: int) -> tuple[Array, NDArray[np.bool_]] | tuple[None, None]:
        labels = [asked.label(start + index) for index in range(size)]
        return self.pixels.askable.encode(labels, [asked.caption] * size)

    def _given(self, size: int) -> list[Given]:
        if self.given is None:
            return []
        return [Given(np.repeat(self.given.data, size, axis=0), np.repeat(self.given.mask, size, axis=0))]


def read_drawing(pixels: PixelRepresentation, options: ImageOptions, request: Request) -> Drawing:
    """The drawing that a request asks for.

    An attached picture is where the drawing begins; what is transparent in it is filled and the rest stays, a picture
    without transparency is drawn anew as far as ``strength`` says. Raises BadRequest for a label that is no class, and
    for a picture that cannot be read.
    """
    askable = pixels.askable
    asked = read_request(askable, options.label, request.prompt, PICTURES, options.count)
    ending = None
    if options.to is not None:
        ending = read_request(askable, None, options.to, PICTURES, 1)
        if options.count is None:
            asked = Asked(FRAMES, asked.labels, asked.caption, asked.note)
    return Drawing(pixels, asked, request.seed or 0, ending, _given(pixels, request))


FRAMES = 8
"""Pictures of a transition when nobody says how many."""


def _given(pixels: PixelRepresentation, request: Request) -> Given | None:
    part = next((one for one in request.attachments if _is_picture(one)), None)
    if part is None:
        return None
    data = part.read()
    try:
        picture = to_array(square(decode(data), pixels.side, pixels.crop), pixels.channels)
        solid = opaque(data)
    except UnsupportedInput as error:
        raise BadRequest(f"The attached picture cannot be used: {error.message}.", hint="Attach another.") from None
    kept = np.zeros(picture.shape, dtype=np.bool_)
    if solid is not None:
        kept[:] = to_array(square(solid, pixels.side, pixels.crop), 1) > 0.0
    return Given(picture[None], kept[None])


def _is_picture(part: Part) -> bool:
    return part.type == "image" or (part.media_type or "").startswith("image/")


def _named(asked: Asked) -> str:
    return asked.caption or ", ".join(asked.labels)


def _what_it_knows(pixels: PixelRepresentation) -> str:
    if pixels.askable.classes:
        return f"Its classes: {', '.join(pixels.askable.classes)}."
    return "Train on pictures with captions, or with one sub-folder for each class."
