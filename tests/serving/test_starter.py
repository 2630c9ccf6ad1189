"""The starter models, pulled for real once, as everybody will find them."""

import hashlib

import numpy as np
import pytest

from castalia.core.assets import provide
from castalia.core.errors import BadRequest
from castalia.core.events import ModelReady, Progress
from castalia.core.requests import Request
from castalia.modalities import sentences
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.serving.origins import origins

pytestmark = pytest.mark.models


def test_language_speech_and_transcription_are_there(starter: House):
    by_name = {model.name: model for model in starter.registry.list()}
    assert {"smollm2-135m", "joe", "whisper-base", "minilm"} <= by_name.keys()
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
    assert len([event for event in events if isinstance(event, ModelReady)]) == len(origins("starter"))
    assert all(event.fraction == 1.0 for event in events if isinstance(event, Progress))


def test_sentences_near_in_meaning_are_near_as_vectors(starter: House):
    provide(starter.assets())
    told = sentences.vectors(["a red apple", "a crimson apple", "the stock market fell", "a red apple"])
    assert told.shape == (4, sentences.WIDTH)
    np.testing.assert_allclose(np.square(told).mean(axis=1), 1.0, rtol=1e-4)
    likeness = told @ told.T / sentences.WIDTH
    assert likeness[0, 1] > 0.7 > 0.4 > likeness[0, 2]
    np.testing.assert_array_equal(told[0], told[3])
    np.testing.assert_array_equal(told[1], sentences.vectors(["a crimson apple"])[0])


def test_sentence_vectors_answer_nothing_by_themselves(starter: House):
    assert "minilm" not in {model.name for model in starter.registry.list() if model.outputs}
    with pytest.raises(BadRequest, match="answers nothing by itself"):
        starter.chooser.choose(Request.of_text("hello", model="minilm"), starter.registry.list())
