"""Evaluating a voice: with a fake one, and with what a listener is said to have heard."""

from pathlib import Path
from threading import Event

import pytest

from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.judging.evaluation import speech
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.plan import EvaluationPlan

SAID = [
    "The ferry leaves the pier at six.",
    "Please keep the door closed.",
    "A good map shows what to leave out.",
    "Rain is expected.",
]


def plan(folder: Path, **fields: object) -> EvaluationPlan:
    details = fields.pop("details", {})
    model = Model.model_validate(
        {
            "name": "v",
            "format": "fake",
            "engines": ["fake"],
            "outputs": ["speech"],
            "folder": folder,
            "details": details,
        }
    )
    base = {"model": model, "engine": "fake", "modality": "speech", "cache": folder}
    return EvaluationPlan.model_validate({**base, **fields})


def test_a_voice_is_measured_and_without_a_listener_the_reason_is_told(tmp_path: Path) -> None:
    with Bench(plan(tmp_path, samples=8), lambda _: None, Event()) as bench:
        found = speech.evaluate(bench)
    assert found.samples == 8
    error = found.figure("word_error")
    assert error.value is None
    assert "castalia pull" in error.note
    assert found.figure("loudness").n == 8
    assert (found.figure("seconds_per_second").value or 0) > 0
    assert len(found.examples) == 8


def test_word_errors_rise_with_what_is_misheard() -> None:
    right = speech._word_errors(SAID, SAID, 0)  # pyright: ignore[reportPrivateUsage]
    wrong = speech._word_errors(SAID, ["The fairy leaves the beer at six.", *SAID[1:]], 0)  # pyright: ignore[reportPrivateUsage]
    assert right.value == 0
    assert wrong.value == pytest.approx(2 / 23)
    assert right.baseline is not None
    assert right.baseline > 0.7


def test_a_foreign_voice_needs_sentences_of_its_own(tmp_path: Path) -> None:
    german = plan(tmp_path, details={"language": "de_DE"})
    with Bench(german, lambda _: None, Event()) as bench, pytest.raises(BadRequest, match="de_DE"):
        speech.evaluate(bench)
