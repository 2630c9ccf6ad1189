"""Every check of pictures finds its planted fault, with and without training pictures; held-out pictures pass."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.image import check
from castalia.modalities.image.fingerprints import fingerprints
from castalia.modalities.image.pixels import resize, to_image
from castalia.modalities.image.sheet import contact_sheet

DIGITS = (load_digits().images[:, None] / 8 - 1).astype(np.float32)
ORDER = np.random.default_rng(0).permutation(len(DIGITS))
TRAIN, FRESH = DIGITS[ORDER[:1400]], DIGITS[ORDER[1400:]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model folder that was "trained" on 1,400 digits: only its fingerprints are looked at."""
    folder = tmp_path_factory.mktemp("model")
    save_file(fingerprints(TRAIN), folder / "fingerprints.safetensors")
    return Model(name="digits", format="castalia", engines=["native"], outputs=["image"], folder=folder)


def measures(
    picture: np.ndarray | Image.Image, model: Model | None = None, format: str = "PNG", **info: object
) -> dict[str, Measure]:
    image = picture if isinstance(picture, Image.Image) else to_image(picture)
    buffer = io.BytesIO()
    image.save(buffer, format)
    part = Part(type="image", media_type=f"image/{format.lower()}", data=buffer.getvalue(), info=info)
    context = CheckContext(request=Request.of_text("draw a digit"), model=model)
    return {measure.name: measure for measure in check(part, context)}


def flagged(picture: np.ndarray | Image.Image, model: Model | None = None, **fields: object) -> set[str]:
    return {name for name, measure in measures(picture, model, **fields).items() if measure.status != "pass"}


def test_unreadable_blocks() -> None:
    part = Part(type="image", media_type="image/png", data=b"\x89PNG\r\n\x1a\nrubbish")
    (measure,) = check(part, CheckContext(request=Request.of_text("draw")))
    assert measure.status == "block"
    assert measure.name == "readable"


def test_held_out_digits_pass(model: Model) -> None:
    faults = [flagged(picture, model) for picture in FRESH]
    assert sum(bool(fault) for fault in faults) <= 0.03 * len(FRESH)
    # without training pictures the bounds are wide
    assert sum(bool(flagged(picture)) for picture in FRESH) <= 0.01 * len(FRESH)


@pytest.mark.parametrize("known", [True, False])
def test_blank(model: Model, known: bool) -> None:
    faint = np.full((1, 8, 8), -0.5) + np.random.default_rng(0).normal(size=(1, 8, 8)) * 0.01
    assert "contrast" in flagged(faint, model if known else None)


@pytest.mark.parametrize("known", [True, False])
def test_noise(model: Model, known: bool) -> None:
    generator = np.random.default_rng(0)
    caught = [
        "smoothness" in flagged(generator.uniform(-1, 1, (1, 8, 8)), model if known else None) for _ in range(100)
    ]
    # 36 inner pixels are few to tell noise by
    assert sum(caught) >= (90 if known else 80)
    assert "smoothness" in flagged(generator.uniform(-1, 1, (3, 32, 32)))


def test_enlarging_does_not_hide_noise(model: Model) -> None:
    noise = to_image(np.random.default_rng(3).uniform(-1, 1, (1, 8, 8)))
    assert "smoothness" in flagged(resize(noise, 64, 64), model, native=8)


def test_burnt_out(model: Model) -> None:
    assert "extremes" in flagged(np.clip(FRESH[0] * 9 + 5, -1, 1), model)
    assert "extremes" in flagged(np.sign(FRESH[0]))


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
@pytest.mark.parametrize("size", [8, 64])
def test_copies_of_training_pictures(model: Model, format: str, size: int) -> None:
    for picture in TRAIN[:20]:
        image = resize(to_image(picture), size, size)
        found = measures(image, model, format=format, native=8)["originality"]
        assert found.status == "flag"
        assert found.value is not None
        assert found.value < 0.4


def test_a_copy_with_a_little_noise(model: Model) -> None:
    generator = np.random.default_rng(0)
    noisy = [np.clip(picture + generator.normal(size=picture.shape) * 0.05, -1, 1) for picture in TRAIN[:100]]
    assert sum("originality" in flagged(picture, model) for picture in noisy) >= 99


def test_what_the_training_pictures_do_is_no_fault(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (200, 1, 16, 16)).astype(np.float32)
    save_file(fingerprints(noise[:150]), tmp_path / "fingerprints.safetensors")
    model = Model(name="noise", format="castalia", engines=["native"], outputs=["image"], folder=tmp_path)
    assert sum(bool(flagged(picture, model)) for picture in noise[150:]) <= 3


def test_a_sheet_is_not_taken_for_one_picture(model: Model) -> None:
    sheet = contact_sheet([to_image(picture) for picture in TRAIN[:9]])
    assert set(measures(sheet, model, sheet=True)) == {"readable", "contrast"}
    assert flagged(sheet, model, sheet=True) == set()


def test_pictures_of_other_models_are_checked_too() -> None:
    gradient = np.broadcast_to(np.linspace(-0.9, 0.9, 32, dtype=np.float32), (3, 32, 32))
    found = measures(gradient, format="JPEG")
    assert set(found) == {"readable", "contrast", "smoothness", "extremes"}
    assert all(measure.status == "pass" for measure in found.values())
