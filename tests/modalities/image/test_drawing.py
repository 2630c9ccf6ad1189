"""From arrays to finished pictures: wishes, classes, encodings, sheets, fingerprints and figures."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from castalia.core.contracts import Sample
from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.requests import Request
from castalia.modalities.asking import Askable
from castalia.modalities.image.drawing import PICTURES
from castalia.modalities.image.fingerprints import fingerprints, nearest_training
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageData, ImageOptions
from castalia.modalities.image.representation import PixelRepresentation, restore
from castalia.modalities.wording import Wish, read_wish

MODALITY = ImageModality()
DIGITS = tuple("0123456789")
PETS = ("cat", "dog", "golden_retriever", "Häuser", "puppies")


class FlatSampler:
    """Draws each picture in a grey that tells its class; unknown classes are black."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.seeds: list[int] = []

    def __call__(self, count, conditions, known, seed):
        self.seeds.append(seed)
        levels = np.full(count, -1.0)
        if conditions is not None:
            levels = np.where(known[:, 0], conditions.argmax(axis=1) / 10, -1.0)
        return np.broadcast_to(levels.reshape(-1, 1, 1, 1), (count, *self.shape)).astype(np.float32)


def draw(prompt: str, classes: tuple[str, ...] = DIGITS, side: int = 8, **options: object) -> list[Sample]:
    representation = PixelRepresentation(side, 1, Askable(classes))
    complete = ImageOptions.model_validate(options).model_dump()
    request = Request.of_text(prompt, modality="image", seed=1, options=complete)
    made = list(MODALITY.generate(representation, FlatSampler((1, side, side)), request))
    assert isinstance(made[-1], Progress) or complete["sheet"]
    return [item for item in made if isinstance(item, Sample)]


@pytest.mark.parametrize(
    ("prompt", "wish"),
    [
        ("draw a handwritten seven", Wish(None, ("7",))),
        ("a 7", Wish(None, ("7",))),
        ("dibuja un siete", Wish(None, ("7",))),
        ("dessine un sept", Wish(None, ("7",))),
        ("zeichne eine Sieben", Wish(None, ("7",))),
        ("draw three sevens", Wish(3, ("7",))),
        ("drei Bilder von einer Acht", Wish(3, ("8",))),
        ("trois images de 4", Wish(3, ("4",))),
        ("5 pictures of the digit 2", Wish(5, ("2",))),
        ("twelve small grey drawings", Wish(12, ())),
        ("draw a three and a five", Wish(None, ("3", "5"))),
        ("draw a one", Wish(None, ("1",))),
        ("dessine un un", Wish(None, ("1",))),
        ("something nice from 2024", Wish(None, ())),
        ("a picture of 77", Wish(None, ())),
        ("two 2s", Wish(2, ("2",))),
        ("draw 1 2 3, please", Wish(None, ("1", "2", "3"))),
    ],
)
def test_digits_in_words(prompt: str, wish: Wish) -> None:
    assert read_wish(prompt, DIGITS, PICTURES) == wish


@pytest.mark.parametrize(
    ("prompt", "wish"),
    [
        ("four cats please", Wish(4, ("cat",))),
        ("a cat and two dogs", Wish(2, ("cat", "dog"))),
        ("photos of Golden Retrievers", Wish(None, ("golden_retriever",))),
        ("zeichne ein Haus", Wish(None, ("Häuser",))),
        ("a puppy", Wish(None, ("puppies",))),
        ("a catalogue of dogma", Wish(None, ())),
        ("take care", Wish(None, ())),
    ],
)
def test_classes_and_their_plurals(prompt: str, wish: Wish) -> None:
    assert read_wish(prompt, PETS, PICTURES) == wish


def test_number_folders_in_words_match_digits() -> None:
    assert read_wish("draw a 7", ("seven", "eight"), PICTURES).labels == ("seven",)


def test_the_prompt_gives_count_and_class() -> None:
    samples = draw("draw three sevens")
    assert [sample.info["label"] for sample in samples] == ["7", "7", "7"]
    assert [sample.info["width"] for sample in samples] == [8, 8, 8]


def test_several_classes_take_turns() -> None:
    assert [sample.info["label"] for sample in draw("a two and a six", count=4)] == ["2", "6", "2", "6"]
    assert [sample.info["label"] for sample in draw("a two and a six")] == ["2", "6"]


def test_options_win_over_the_prompt() -> None:
    samples = draw("three sevens", label="eight", count=2)
    assert [sample.info["label"] for sample in samples] == ["8", "8"]


def test_a_prompt_without_a_class_says_so() -> None:
    (sample,) = draw("a sunset")
    assert "label" not in sample.info
    assert "0, 1, 2" in str(sample.info["note"])


def test_a_label_that_is_no_class_names_the_classes() -> None:
    with pytest.raises(BadRequest) as caught:
        draw("draw", label="cow")
    assert "0, 1, 2" in caught.value.hint
    with pytest.raises(BadRequest, match="no classes"):
        draw("draw", classes=(), label="cow")


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_encodings_and_sizes(format: str) -> None:
    (sample,) = draw("a 9", format=format, size=64)
    image = Image.open(io.BytesIO(sample.data))
    assert sample.media_type == f"image/{format}"
    assert image.format == format.upper()
    assert image.size == (64, 64)
    # 0.9 in [-1, 1]; lossy encodings may be a level or two off
    assert np.asarray(image.convert("L")).mean() == pytest.approx(242, abs=3)


def test_long_requests_come_in_batches_with_seeds_of_their_own() -> None:
    sampler = FlatSampler((1, 8, 8))
    request = Request.of_text("x", seed=5, options=ImageOptions(count=20).model_dump())
    made = list(MODALITY.generate(PixelRepresentation(8, 1), sampler, request))
    assert sum(isinstance(item, Sample) for item in made) == 20
    assert len(set(sampler.seeds)) == 4
    assert sampler.seeds[0] == 5


def test_one_sheet() -> None:
    (sample,) = draw("x", count=5, sheet=True)
    assert sample.info["count"] == 5
    assert Image.open(io.BytesIO(sample.data)).size == (4 + 3 * 68, 4 + 2 * 68)


def test_preview_keeps_pixels_hard(digits: Path) -> None:
    representation, encoded = MODALITY.fit(digits, ImageData())
    sheet = MODALITY.preview(representation, encoded.data[:9])
    image = np.asarray(Image.open(io.BytesIO(sheet.data)))
    assert image.shape == (208, 208)
    first = np.rint((encoded.data[0, 0] + 1) * 127.5)
    assert np.array_equal(image[4:68:8, 4:68:8], first)


def test_damaged_configuration_is_refused() -> None:
    with pytest.raises(BadRequest, match="config"):
        restore({"name": "pixels", "side": "eight"})


class TestNearness:
    def test_copies_are_nearer_than_held_out_pictures(self, digits: Path) -> None:
        _, encoded = MODALITY.fit(digits, ImageData())
        order = np.random.default_rng(0).permutation(len(encoded.data))
        train, fresh = encoded.data[order[:1400]], encoded.data[order[1400:]]
        prints = fingerprints(train)
        copies = [nearest_training(np.clip(item * 0.95 + 0.03, -1, 1), prints).ratio for item in train[:100]]
        others = [nearest_training(item, prints).ratio for item in fresh]
        assert max(copies) < min(others)
        assert nearest_training(train[7], prints).row == 7
        assert nearest_training(train[7], prints).distance == 0

    def test_large_pictures_are_described_small(self) -> None:
        data = np.random.default_rng(0).uniform(-1, 1, (20, 3, 40, 40))
        prints = fingerprints(data)
        assert prints["images"].shape == (20, 3, 12, 12)
        assert prints["images"].dtype == np.uint8


class TestFigures:
    def test_held_out_pictures_look_better_than_noise_and_than_one_repeated(self, digits: Path) -> None:
        representation, encoded = MODALITY.fit(digits, ImageData())
        order = np.random.default_rng(0).permutation(len(encoded.data))
        left, right = encoded.data[order[:400]], encoded.data[order[400:800]]
        same = MODALITY.training_figures(representation, left, right)
        noise = MODALITY.training_figures(representation, left, np.random.default_rng(1).uniform(-1, 1, right.shape))
        collapsed = MODALITY.training_figures(representation, left, np.repeat(right[:5], 80, axis=0))
        assert same["mmd"] < 0.01 < noise["mmd"]
        assert same["coverage"] > 0.95
        assert noise["coverage"] < 0.1
        assert collapsed["coverage"] < 0.3
        assert same["diversity"] == pytest.approx(1, abs=0.05)
        assert same["sharpness"] == pytest.approx(1, abs=0.05)
        assert noise["sharpness"] > 1.2

    def test_too_few_to_tell(self) -> None:
        few = np.zeros((5, 1, 8, 8))
        assert MODALITY.training_figures(PixelRepresentation(8, 1), few, few) == {}
