"""The native engine runs artifacts of any family and modality, repeats by seed, and can be stopped."""

import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from castalia.core.errors import BadRequest, EngineError
from castalia.core.models import Model
from castalia.core.plugins import modalities, resolve
from castalia.core.requests import Request
from castalia.engines.native.engine import NativeEngine
from castalia.training.plan import TrainingPlan
from castalia.training.runs import run_training


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """A picture model after a few steps, on light and dark squares."""
    folder = tmp_path_factory.mktemp("squares")
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 200)):
        (folder / name).mkdir()
        for index in range(40):
            pixels = np.clip(level + 20 * rng.standard_normal((8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    run = tmp_path_factory.mktemp("run")
    plan = {"source": folder, "modality": "image", "family": "vae", "name": "squares", "size": "tiny", "max_steps": 150}
    TrainingPlan.model_validate(plan | {"threads": 1}).write(run)
    run_training(run, lambda _: None, threading.Event())
    return run / "artifact"


def engine_of(folder):
    model = Model(name="squares", format="castalia", engines=["native"], outputs=["image"], folder=folder)
    return NativeEngine(model, {"threads": 1, "context": 4096})


def request_of(seed=1, **options):
    complete = resolve(modalities().spec("image").options).model_validate(options).model_dump()
    return Request.of_text("", modality="image", seed=seed, options=complete)


def test_one_output_for_each_wish(artifact):
    events = list(engine_of(artifact).generate(request_of(count=3, label="light")))
    media = [event for event in events if event.event == "media"]
    assert [event.index for event in media] == [0, 1, 2]
    assert all(event.data.startswith(b"\x89PNG") and event.modality == "image" for event in media)
    assert [event.event for event in events][-2:] == ["usage", "done"]
    assert events[-2].counts.units == {"outputs": 3.0}


def test_the_seed_repeats_and_others_differ(artifact):
    engine = engine_of(artifact)
    images = [
        next(event.data for event in engine.generate(request_of(seed)) if event.event == "media") for seed in (1, 1, 2)
    ]
    assert images[0] == images[1] != images[2]


def test_impossible_conditions_name_the_possible_ones(artifact):
    with pytest.raises(BadRequest) as error:
        list(engine_of(artifact).generate(request_of(label="purple")))
    assert "dark" in error.value.hint


def test_closing_stops_between_batches(artifact, monkeypatch):
    engine = engine_of(artifact)
    drawn = []
    sample = engine._learner.sample
    monkeypatch.setattr("castalia.engines.native.engine.BATCH", 1)
    monkeypatch.setattr(engine._learner, "sample", lambda count, *rest: drawn.append(count) or sample(count, *rest))
    monkeypatch.setattr("castalia.engines.native.engine.PULSE", 0.001)
    events = engine.generate(request_of(count=64))
    next(events)
    events.close()
    made = len(drawn)
    assert made < 64
    list(engine.generate(request_of(count=1)))
    assert len(drawn) == made + 1, "nothing went on behind our back"


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("config.json", None),
        ("config.json", b"{}"),
        ("config.json", b"\x00\xff"),
        ("weights.safetensors", None),
        ("weights.safetensors", b"garbage"),
        ("weights.safetensors", "cut"),
    ],
)
def test_a_damaged_artifact_is_a_clear_error(artifact, tmp_path, name, damage):
    folder = tmp_path / "copy"
    shutil.copytree(artifact, folder)
    if damage is None:
        (folder / name).unlink()
    else:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2] if damage == "cut" else damage)
    with pytest.raises(EngineError, match="is damaged") as error:
        engine_of(folder)
    assert "castalia rm" in error.value.hint


def test_weights_of_another_size_are_refused(artifact, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(artifact, folder)
    config = json.loads((folder / "config.json").read_text())
    config["family_config"]["latent"] += 1
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(EngineError, match="has shape"):
        engine_of(folder)
