"""For the modalities that are learnt as tokens: an outside family of tokens, installed for a module of tests."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from castalia.core.models import Model
from castalia.core.plugins import families, modalities, resolve
from castalia.core.requests import Request
from castalia.training.plan import TrainingPlan

OUTSIDE = Path(__file__).parent / "outside"


@pytest.fixture(scope="module")
def token_family():
    """The name of a family of tokens that the source does not know, found here and by child processes."""
    path = os.environ.get("PYTHONPATH")
    sys.path.insert(0, str(OUTSIDE))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(OUTSIDE), *([path] if path else [])])
    families().forget()
    yield "triples"
    sys.path.remove(str(OUTSIDE))
    del os.environ["PYTHONPATH"]
    if path:
        os.environ["PYTHONPATH"] = path
    families().forget()


@pytest.fixture(scope="module")
def artifact_of(token_family, tmp_path_factory):
    """Trains the outside family on a source for some steps; returns the artifact's folder."""
    from castalia.training.runs import run_training

    def train(source, modality, steps=150, **data_options):
        run = tmp_path_factory.mktemp("run")
        plan = {"source": source, "modality": modality, "family": token_family, "name": "m", "size": "tiny"}
        plan |= {"threads": 1, "max_steps": steps, "data_options": data_options}
        TrainingPlan.model_validate(plan).write(run)
        run_training(run, lambda _: None, threading.Event())
        return run / "artifact"

    return train


@pytest.fixture
def ask():
    """Asks the native engine for an artifact's output with complete options; returns the events but progress."""
    from castalia.engines.native.engine import NativeEngine

    def run(folder, modality, prompt="", seed=1, **options):
        model = Model(name="m", format="castalia", engines=["native"], outputs=[modality], folder=folder)
        complete = resolve(modalities().spec(modality).options).model_validate(options).model_dump()
        request = Request.of_text(prompt, modality=modality, seed=seed, options=complete)
        events = NativeEngine(model, {"threads": 1}).generate(request)
        return [event for event in events if event.event != "progress"]

    return run


@pytest.fixture
def card_of():
    """The card in an artifact's folder."""
    return lambda folder: json.loads((folder / "card.json").read_text())
