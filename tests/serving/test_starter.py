"""The starter models, pulled for real once, as everybody will find them."""

import hashlib

import pytest

from castalia.core.events import ModelReady, Progress
from castalia.serving.house import House
from castalia.serving.install import pull

pytestmark = pytest.mark.models


def test_language_speech_and_transcription_are_there(starter: House):
    by_name = {model.name: model for model in starter.registry.list()}
    assert {"smollm2-135m", "joe", "whisper-base"} <= by_name.keys()
    assert starter.registry.get("smollm2").name == "smollm2-135m"
    for model in by_name.values():
        assert model.licence
        assert model.source.startswith("starter:")
        for file in model.files:
            data = (model.folder / file.path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file.sha256


def test_the_language_model_is_rewritten_and_measured(starter: House):
    model = starter.registry.get("smollm2")
    assert model.details["requantised"] == "Q4_1 to Q8_0"
    assert model.details["context_length"] == 8192
    assert model.engine in model.engine_reason
    for engine in model.engines:
        assert model.figures[f"{engine}.tokens_per_second"] > 0
        assert model.figures[f"{engine}.first_token_seconds"] > 0


def test_pulling_again_is_quick(starter: House):
    events = list(pull(starter, "starter"))
    assert len([event for event in events if isinstance(event, ModelReady)]) == 3
    assert all(event.fraction == 1.0 for event in events if isinstance(event, Progress))
