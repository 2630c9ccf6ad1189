"""Learning a code first: both halves stop, resume and end alike; the artifact serves; who meets whom is told."""

import base64
import io
import threading

import numpy as np
import pytest
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.core.plugins import families, modalities
from castalia.core.requests import Request
from castalia.core.specs import FamilySpec
from castalia.engines.native.engine import NativeEngine
from castalia.families.artifact import read_config
from castalia.serving.artifacts import model_from_artifact
from castalia.training.events import Stopped, Trained
from castalia.training.plan import Meeting, meeting
from castalia.training.runs import run_training


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """160 grey pictures of a bright disc somewhere."""
    folder = tmp_path_factory.mktemp("blobs")
    rows, columns = np.mgrid[:16, :16]
    draw = np.random.default_rng(0)
    for number in range(160):
        y, x = draw.uniform(4, 12, 2)
        disc = 255 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def plan(plan_of, blobs):
    return plan_of(source=blobs, modality="image", family="vae", compress="latents", max_steps=100)


def test_a_run_stopped_in_either_half_ends_like_one_that_was_not(plan, train, tmp_path):
    whole, whole_folder, told = train(plan, "whole")
    assert isinstance(whole, Trained)
    fractions = [event.fraction for event in told if event.fraction is not None]
    assert fractions == sorted(fractions)
    assert "compressor_held_out_loss" in whole.figures
    folder = tmp_path / "stopped"
    folder.mkdir()
    plan.write(folder)
    for share in (0.2, 0.7):
        stop = threading.Event()
        outcome = run_training(folder, lambda event, at=share, s=stop: (event.fraction or 0) > at and s.set(), stop)
        assert isinstance(outcome, Stopped)
    assert isinstance(run_training(folder, lambda _: None, threading.Event()), Trained)
    for name in ("weights.safetensors", "compressor.safetensors"):
        assert (folder / "artifact" / name).read_bytes() == (whole_folder / "artifact" / name).read_bytes()


def test_the_artifact_draws_pictures(plan, train, generate):
    done, _, _ = train(plan)
    config = read_config(done.artifact)
    assert config.compressor is not None
    assert config.layout != config.compressor.layout
    media = [event for event in generate(done.artifact, "image", count=2) if event.event == "media"]
    sizes = {Image.open(io.BytesIO(chunk.data)).size for chunk in media}
    assert len(media) == 2
    assert sizes == {(config.compressor.layout.shape[2], config.compressor.layout.shape[1])}


def test_a_picture_is_gone_on_with_through_a_code(plan_of, blobs, train):
    plan = plan_of(source=blobs, modality="image", family="diffusion", compress="latents", max_steps=40)
    done, _, _ = train(plan)
    assert model_from_artifact(done.artifact, "m").inputs == ["text", "image"]
    side = read_config(done.artifact).compressor.layout.shape[1]
    halved = np.full((side, side, 2), 255, np.uint8)
    halved[:, side // 2 :] = 0
    buffer = io.BytesIO()
    Image.fromarray(halved, "LA").save(buffer, "PNG")
    part = Part(type="image", data=base64.b64encode(buffer.getvalue()).decode(), media_type="image/png")
    model = Model(name="m", format="castalia", engines=["native"], outputs=["image"], folder=done.artifact)
    request = Request.of_text("fill it", [part], modality="image", seed=1)
    (chunk,) = [one for one in NativeEngine(model, {"threads": 1}).generate(request) if one.event == "media"]
    with Image.open(io.BytesIO(chunk.data)) as image:
        drawn = np.asarray(image.convert("L"))
    assert (drawn[:, : side // 2] == 255).all(), "what is given stays"
    assert drawn[:, side // 2 :].std() > 0


def test_nothing_is_gone_on_with_through_tokens(plan_of, blobs, train):
    plan = plan_of(source=blobs, modality="image", family="transformer", compress="tokens", max_steps=20)
    done, _, _ = train(plan)
    assert model_from_artifact(done.artifact, "m").inputs == ["text"]


def test_a_family_of_tokens_meets_pictures_through_a_code():
    image, vae = modalities().spec("image"), families().spec("vae")
    tokens = FamilySpec(name="words", summary="", representations=("tokens",), options="")
    assert meeting(vae, image) == Meeting("continuous", "none")
    assert meeting(tokens, image) == Meeting("continuous", "tokens")
    assert meeting(vae, image, "latents") == Meeting("continuous", "latents")
    with pytest.raises(BadRequest, match="--compress tokens"):
        meeting(vae, image, "tokens")
    texts = image.model_copy(update={"name": "notes", "representations": ("tokens",)})
    with pytest.raises(BadRequest, match="notes offers tokens"):
        meeting(vae, texts)
