"""Instant checks of clips: each fault is found, and good clips pass."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.judging.context import CheckContext
from castalia.judging.instant.video import check
from castalia.modalities.video.clips import encode, to_clip
from castalia.modalities.video.likeness import fingerprints


def disc(start, drift, frames=12, flash=0):
    """A light disc that moves over a dark ground; every second frame is lighter by ``flash``."""
    rows, columns = np.mgrid[:32, :32]
    found = []
    for index in range(frames):
        inside = (columns - start - drift * index) ** 2 + (rows - 16) ** 2 < 36
        found.append(Image.fromarray(np.where(inside, 220, 20 + flash * (index % 2)).astype(np.uint8)))
    return found


def judged(shown, model=None, format="webp", **info):
    data = encode(shown, 8.0, format)
    part = Part(type="video", media_type=f"image/{format}", data=data, info={"native": 32, **info})
    context = CheckContext(request=Request.of_text("a clip"), model=model)
    return {measure.name: measure for measure in check(part, context)}


def flagged(measures):
    return {name for name, measure in measures.items() if measure.status != "pass"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of moving discs with its fingerprints; no weights are needed to judge."""
    folder = tmp_path_factory.mktemp("model")
    starts = [(start, drift) for start in range(4, 20, 2) for drift in (0.5, 0.8, 1.1)]
    data = np.stack([to_clip(disc(start, drift), 1) for start, drift in starts])
    save_file(fingerprints(data), folder / "fingerprints.safetensors")
    return Model(name="m", format="castalia", engines=["native"], outputs=["video"], folder=folder)


@pytest.mark.parametrize("format", ["webp", "mp4"])
def test_good_clips_pass(model, format):
    assert flagged(judged(disc(5, 1.0), format=format, frames=12)) == set()
    measures = judged(disc(9, 0.65), model, format=format, frames=12)
    assert flagged(measures) == set()
    assert measures["originality"].value > 0.35


def test_what_cannot_be_read_is_blocked():
    part = Part(type="video", media_type="video/mp4", data=b"nothing of the kind")
    (measure,) = check(part, CheckContext(request=Request.of_text("a clip")))
    assert (measure.name, measure.status) == ("readable", "block")


def test_blank_and_frozen_clips_are_flagged(model):
    assert {"contrast", "motion"} <= flagged(judged([Image.new("L", (32, 32), 90)] * 12))
    assert flagged(judged(disc(9, 0.0))) == {"motion"}
    assert "motion" in flagged(judged(disc(9, 0.0), model))


def test_flicker_is_flagged(model):
    assert flagged(judged(disc(5, 1.0, flash=40))) == {"flicker"}
    assert "flicker" in flagged(judged(disc(5, 1.0, flash=40), model))


def test_noise_is_flagged():
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)) for _ in range(12)]
    assert "smoothness" in flagged(judged(frames))


@pytest.mark.parametrize("format", ["webp", "mp4"])
def test_a_copy_is_flagged(model, format):
    measure = judged(disc(8, 0.8), model, format=format)["originality"]
    assert measure.status == "flag"
    assert "training clip number 7" in measure.note


def test_missing_frames_are_flagged():
    assert flagged(judged(disc(5, 1.0, frames=10), frames=12)) == {"frames"}
