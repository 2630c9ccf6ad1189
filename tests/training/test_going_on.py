"""Trainings that go on from a model's weights: they keep its network and its code, and never end worse than it."""

import threading

import numpy as np
import pytest
from PIL import Image

from castalia.core.config import Settings
from castalia.core.errors import BadRequest
from castalia.families.artifact import read_config
from castalia.serving.artifacts import model_from_artifact
from castalia.serving.house import House
from castalia.serving.planning import plan_training
from castalia.training.events import Stopped
from castalia.training.runs import run_training


def discs(folder, count, seed, brightest=255):
    """Grey pictures of a bright disc somewhere."""
    folder.mkdir()
    rows, columns = np.mgrid[:16, :16]
    draw = np.random.default_rng(seed)
    for number in range(count):
        y, x = draw.uniform(4, 12, 2)
        disc = brightest * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def base(plan_of, train, tmp_path):
    """The artifact of a VAE on a code of discs."""
    data = discs(tmp_path / "first", 160, 0)
    plan = plan_of(source=data, modality="image", family="vae", compress="latents", max_steps=100, name="base")
    return train(plan, "base")[1] / "artifact"


@pytest.fixture
def home(base, tmp_path):
    with House(Settings(home=tmp_path / "home")) as house:
        house.registry.add(model_from_artifact(base, "base"))
        yield house


def loss_at_start(config):
    return config.training["history"][0]


def test_it_starts_where_the_model_ended_and_keeps_its_code(plan_of, train, base, tmp_path):
    data = discs(tmp_path / "second", 120, 1, brightest=120)
    fields = {"source": data, "modality": "image", "family": "vae", "compress": "latents", "max_steps": 60}
    anew = read_config(train(plan_of(**fields), "anew")[1] / "artifact")
    trained, folder, told = train(plan_of(**fields, start_from=base), "on")
    config = read_config(folder / "artifact")
    first = loss_at_start(config)
    assert first["step"] == 0
    assert first["held_out"] < loss_at_start(anew)["held_out"]
    assert trained.figures["held_out_loss"] <= first["held_out"]
    assert trained.figures["steps"] == 60, "no step is spent on a code"
    assert not any("first a code" in event.message for event in told)
    weights = "compressor.safetensors"
    assert (folder / "artifact" / weights).read_bytes() == (base / weights).read_bytes()
    assert trained.card["recipe"]["started_from"] == "base"


def test_stopped_and_resumed_it_ends_the_same(plan_of, train, base, tmp_path):
    data = discs(tmp_path / "second", 120, 1)
    plan = plan_of(source=data, modality="image", family="vae", compress="latents", max_steps=60, start_from=base)
    _, whole, _ = train(plan, "whole")
    folder = tmp_path / "stopped"
    folder.mkdir()
    plan.write(folder)
    stop = threading.Event()
    assert isinstance(run_training(folder, lambda event: (event.fraction or 0) > 0.4 and stop.set(), stop), Stopped)
    run_training(folder, lambda _: None, threading.Event())
    weights = "artifact/weights.safetensors"
    assert (folder / weights).read_bytes() == (whole / weights).read_bytes()


def test_the_model_decides_what_it_is(home, tmp_path):
    data = discs(tmp_path / "second", 40, 1)
    plan, _ = plan_training(home, data, name="m", start_from="base", minutes=1, family_options={"rate": "0.001"})
    assert (plan.modality, plan.family, plan.size, plan.compress) == ("image", "vae", "tiny", "latents")
    assert plan.family_options == {"rate": 0.001}
    with pytest.raises(BadRequest, match="has the family vae"):
        plan_training(home, data, name="m", start_from="base", family="gan")
    with pytest.raises(BadRequest, match="latent cannot change") as error:
        plan_training(home, data, name="m", start_from="base", family_options={"latent": 7})
    assert "rate" in error.value.hint


def test_families_that_cannot_go_on_say_so(home, plan_of, train, dots, tmp_path):
    """A table's trees are fitted in one go."""
    rows = tmp_path / "rows.csv"
    draw = np.random.default_rng(0)
    rows.write_text("a,b\n" + "\n".join(f"{a:.3f},{a + b:.3f}" for a, b in draw.normal(size=(80, 2))))
    _, folder, _ = train(plan_of(source=rows, modality="table", family="trees", max_steps=1), "trees")
    home.registry.add(model_from_artifact(folder / "artifact", "forest"))
    with pytest.raises(BadRequest, match="does not keep what a training needs"):
        plan_training(home, rows, name="m", start_from="forest")
