"""Transitions, pictures drawn anew, parts filled in, animations."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.requests import Request
from castalia.modalities.asking import Askable
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageOptions
from castalia.modalities.image.representation import PixelRepresentation

MODALITY = ImageModality()
PETS = PixelRepresentation(8, 3, Askable(("cat", "dog")))


class Recorder:
    """Draws grey; keeps what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __call__(self, count, conditions, known, seed, given=None):
        self.calls.append((count, conditions, known, seed, given))
        return np.zeros((count, 3, 8, 8), dtype=np.float32)


def draw(prompt: str, attachments: list[Part] | None = None, view: PixelRepresentation = PETS, **options: object):
    complete = ImageOptions.model_validate(options).model_dump()
    request = Request.of_text(prompt, attachments, modality="image", seed=5, options=complete)
    sampler = Recorder()
    made = [item for item in MODALITY.generate(view, sampler, request) if hasattr(item, "data")]
    return made, sampler.calls


def picture(mode: str = "RGB", hole: bool = False) -> Part:
    image = Image.new(mode, (16, 16), (255, 0, 0, 255)[: len(mode)])
    if hole:
        image.paste((0, 0, 0, 0), (0, 0, 8, 16))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Part(type="image", data=base64.b64encode(buffer.getvalue()).decode(), media_type="image/png")


def test_a_transition_goes_evenly_from_one_class_to_another() -> None:
    made, calls = draw("a cat", to="a dog", count=5)
    assert [item.info["share"] for item in made] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert {(item.info["from"], item.info["to"]) for item in made} == {("cat", "dog")}
    assert np.concatenate([call[1] for call in calls])[:, 1].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert {call[3] for call in calls} == {5}, "one noise for all"


def test_a_transition_has_eight_pictures_and_can_be_an_animation() -> None:
    made, _ = draw("a cat", to="a dog", format="gif")
    assert len(made) == 1
    assert made[0].media_type == "image/gif"
    assert made[0].info["frames"] == 8
    with Image.open(io.BytesIO(made[0].data)) as image:
        assert image.format == "GIF"


@pytest.mark.parametrize(("prompt", "to"), [("a cat", "a bird"), ("a bird", "a dog")])
def test_a_transition_needs_two_ends(prompt: str, to: str) -> None:
    with pytest.raises(BadRequest) as caught:
        draw(prompt, to=to)
    assert "cat, dog" in caught.value.hint


def test_a_whole_picture_is_drawn_anew() -> None:
    _, calls = draw("a dog", [picture()], count=2)
    given = calls[0][4]
    assert given is not None
    assert given.data.shape == (2, 3, 8, 8)
    assert not given.mask.any()
    np.testing.assert_allclose(given.data[:, :, 0, 0], [[1, -1, -1]] * 2)


def test_what_is_transparent_is_filled_and_the_rest_stays() -> None:
    _, calls = draw("a dog", [picture("RGBA", hole=True)])
    mask = calls[0][4].mask
    assert mask[0, :, :, 4:].all()
    assert not mask[0, :, :, :4].any()


def test_a_picture_without_holes_has_no_mask_even_with_an_alpha_channel() -> None:
    _, calls = draw("a dog", [picture("RGBA")])
    assert not calls[0][4].mask.any()


def test_a_damaged_picture_is_refused() -> None:
    with pytest.raises(BadRequest, match="attached picture"):
        draw(
            "a dog",
            [Part(type="image", data=base64.b64encode(b"\x89PNG\r\n\x1a\nnothing").decode(), media_type="image/png")],
        )


def test_nothing_is_given_without_an_attachment() -> None:
    _, calls = draw("a dog")
    assert calls[0][4] is None


def test_the_first_of_many_pictures_come_before_the_rest() -> None:
    made, calls = draw("a cat", count=16)
    assert len(made) == 16
    assert [call[0] for call in calls] == [2, 8, 6]
    assert len({call[3] for call in calls}) == 3, "each batch has noise of its own"
    assert [call[0] for call in draw("a cat", count=8)[1]] == [8]
