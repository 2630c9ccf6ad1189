"""Fixtures of the training tests: an outside package with a modality and a family, and small training sets."""

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from castalia.core.models import Model
from castalia.core.plugins import families, modalities
from castalia.core.requests import Request
from castalia.training.plan import TrainingPlan

OUTSIDE = Path(__file__).parent / "outside"


@pytest.fixture(scope="session")
def outside():
    """The outside package is installed, here and for child processes; nothing in ``src`` knows of it."""
    path = os.environ.get("PYTHONPATH")
    sys.path.insert(0, str(OUTSIDE))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(OUTSIDE), *([path] if path else [])])
    for catalogue in (families(), modalities()):
        catalogue.forget()
    yield
    sys.path.remove(str(OUTSIDE))
    del os.environ["PYTHONPATH"]
    if path:
        os.environ["PYTHONPATH"] = path
    for catalogue in (families(), modalities()):
        catalogue.forget()


@pytest.fixture(scope="session")
def dots(tmp_path_factory, outside):
    """600 dots: red ones around (2, 2), blue ones on a ring around the origin."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 300)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.standard_normal((300, 2))
    cloud = 2 + 0.1 * rng.standard_normal((300, 2))
    lines = [f"{x} {y} blue" for x, y in ring] + [f"{x} {y} red" for x, y in cloud]
    path = tmp_path_factory.mktemp("dots") / "training.dots"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def plan_of(dots):
    """Makes plans of short, exactly repeatable trainings."""

    def make(**fields):
        defaults = {"source": dots, "modality": "dots", "family": "moments", "name": "m", "size": "tiny", "threads": 1}
        return TrainingPlan.model_validate(defaults | fields)

    return make


@pytest.fixture
def train(tmp_path):
    """Trains in this process; returns the last event, the run folder and all progress."""
    from castalia.training.runs import run_training

    def run(plan, name="run", stop=None):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        plan.write(folder)
        told = []
        return run_training(folder, told.append, stop or threading.Event()), folder, told

    return run


@pytest.fixture
def generate():
    """Generates with the native engine from an artifact's folder; returns all events."""
    from castalia.engines.native.engine import NativeEngine

    def run(folder, modality, prompt="", seed=1, **options):
        model = Model(name="m", format="castalia", engines=["native"], outputs=[modality], folder=folder)
        engine = NativeEngine(model, {"threads": 1})
        return list(engine.generate(Request.of_text(prompt, modality=modality, seed=seed, options=options)))

    return run


@pytest.fixture
def card_of():
    """The card of a run."""
    return lambda folder: json.loads((folder / "artifact" / "card.json").read_text())
