"""Instant checks of sounds: each fault is found, and good sounds pass."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.judging.context import CheckContext
from castalia.judging.instant.audio import check
from castalia.modalities.audio.likeness import fingerprints
from castalia.modalities.audio.modality import finished
from castalia.modalities.audio.representation import MelRepresentation
from castalia.modalities.sound import encode

RATE = 16_000
TIME = np.arange(RATE // 2) / RATE


def plucked(hertz, seconds=0.08):
    return (0.7 * np.sin(2 * np.pi * hertz * TIME) * np.exp(-TIME / seconds)).astype(np.float32)


def judged(samples, model=None, **options):
    part = Part(type="audio", media_type="audio/wav", data=encode(samples.astype(np.float32), RATE, "audio/wav"))
    request = Request.of_text("a sound", modality="audio", options=options)
    return {measure.name: measure for measure in check(part, CheckContext(request=request, model=model))}


def flagged(measures):
    return {name for name, measure in measures.items() if measure.status != "pass"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of plucked tones with its fingerprints; no weights are needed to judge."""
    folder = tmp_path_factory.mktemp("model")
    view = MelRepresentation(RATE, 32, 45.0)
    data = np.stack([view.encode(plucked(hertz)) for hertz in np.geomspace(150, 3000, 40)])
    save_file(fingerprints(data), folder / "fingerprints.safetensors")
    (folder / "config.json").write_text(json.dumps({"representation": view.config()}))
    return Model(name="m", format="castalia", engines=["native"], outputs=["audio"], folder=folder)


def test_good_sounds_pass(model):
    rng = np.random.default_rng(0)
    drum = rng.standard_normal(RATE // 2) * np.exp(-TIME / 0.03)
    for sound in (plucked(440.0), 0.9 * drum / np.abs(drum).max()):
        assert flagged(judged(sound)) == set()
    measures = judged(plucked(612.0, 0.05), model)
    assert flagged(measures) == set()
    assert measures["originality"].value > 0.35


def test_what_cannot_be_read_is_blocked():
    part = Part(type="audio", media_type="audio/wav", data=b"RIFFnothing of the kind")
    (measure,) = check(part, CheckContext(request=Request.of_text("a sound")))
    assert (measure.name, measure.status) == ("readable", "block")


def test_silence_is_flagged():
    assert flagged(judged(np.zeros(8000))) == {"peak"}
    assert flagged(judged(1e-3 * plucked(440.0))) == {"peak"}


def test_clipping_is_flagged():
    assert "clipped" in flagged(judged(np.clip(4.0 * plucked(200.0), -1.0, 1.0)))


def test_a_click_is_flagged():
    sound = plucked(200.0)
    sound[3000] += 0.3
    assert flagged(judged(sound)) == {"clicks"}


def test_an_abrupt_end_is_flagged():
    assert "ending" in flagged(judged(plucked(440.0, 2.0)[:4000]))


def test_white_noise_is_flagged(model):
    noise = finished((0.1 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32), RATE, None)
    assert "flatness" in flagged(judged(noise, model))


def test_a_copy_is_flagged(model):
    copied = judged(0.5 * plucked(float(np.geomspace(150, 3000, 40)[7])), model)["originality"]
    assert copied.status == "flag"
    assert "training sound number 7" in copied.note


def test_the_length_is_held_against_what_was_asked():
    assert judged(plucked(440.0), seconds=0.5)["length"].status == "pass"
    assert judged(plucked(440.0), seconds=2.0)["length"].status == "flag"
    assert "length" not in judged(plucked(440.0))
