"""Sounds and clips are trained on, sampled under a condition and handed out as files."""

import numpy as np
import pytest
from PIL import Image

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.events import MediaChunk
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.native.engine import NativeEngine
from castalia.modalities.image.pixels import encode as encode_picture
from castalia.modalities.sound import decode
from castalia.modalities.sound import encode as encode_sound
from castalia.modalities.video.clips import encode as encode_clip
from castalia.modalities.video.clips import read_clip

RATE = 16_000


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """60 noises that die away: dull ones in ``low``, bright ones in ``high``."""
    root, rng = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    fade = np.exp(-np.arange(RATE // 4) / RATE / 0.05)
    for name in ("low", "high"):
        (root / name).mkdir()
        for index in range(30):
            noise = rng.standard_normal(RATE // 4 + 15)
            noise = np.convolve(noise, np.ones(16) if name == "low" else np.tile([1, -1], 8), "valid") * fade
            data = encode_sound((0.8 * noise / np.abs(noise).max()).astype(np.float32), RATE, "audio/wav")
            (root / name / f"{index}.wav").write_bytes(data)
    return root


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """32 clips of a bar that crosses the picture downwards."""
    root, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    for index in range(32):
        frames = np.zeros((8, 16, 16), np.uint8)
        left, grey = rng.integers(0, 10), rng.integers(180, 255)
        for moment in range(8):
            frames[moment, 2 * moment : 2 * moment + 2, left : left + 6] = grey
        (root / f"{index}.gif").write_bytes(encode_clip([Image.fromarray(frame) for frame in frames], 8.0, "gif"))
    return root


def test_sounds_of_the_wanted_class_come_out(train, plan_of, generate, sounds):
    plan = plan_of(source=sounds, modality="audio", family="vae", max_steps=200, family_options={"rate": 4e-3})
    _, folder, _ = train(plan)
    centres = {}
    for label in ("low", "high"):
        events = generate(folder / "artifact", "audio", f"the sound of a {label} noise", count=4)
        made = [decode(event.data) for event in events if isinstance(event, MediaChunk)]
        assert len(made) == 4
        power = sum(np.abs(np.fft.rfft(samples, 8192)) ** 2 for samples, _ in made)
        centres[label] = (power * np.fft.rfftfreq(8192, 1 / RATE)).sum() / power.sum()
    assert centres["low"] + 1000 < centres["high"], f"hertz: {centres}"


def test_clips_come_out_and_a_first_frame_is_refused_clearly(train, plan_of, generate, clips):
    options = {"frames": 8, "size": 16}
    plan = plan_of(source=clips, modality="video", family="vae", max_steps=30, data_options=options)
    _, folder, _ = train(plan)
    (chunk,) = [one for one in generate(folder / "artifact", "video", "a clip") if isinstance(one, MediaChunk)]
    assert chunk.media_type == "video/mp4"
    assert len(read_clip(chunk.data).frames) == 8

    picture = Part(type="image", media_type="image/png", data=encode_picture(Image.new("L", (16, 16)), "png"))
    model = Model(name="m", format="castalia", engines=["native"], outputs=["video"], folder=folder / "artifact")
    request = Request.of_text("go on", [picture], modality="video", seed=1, options={})
    with pytest.raises(BadRequest, match="go on from a beginning"):
        list(NativeEngine(model, {"threads": 1}).generate(request))
