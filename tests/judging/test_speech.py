"""Checks of speech: real sentences pass, planted faults are flagged."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from castalia.core.content import Message, Part
from castalia.core.errors import EngineCrashed
from castalia.core.events import MediaChunk, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import Measure, Verdict
from castalia.engines.piper.engine import PiperEngine
from castalia.engines.whisper.engine import WhisperEngine
from castalia.judging.context import CheckContext
from castalia.judging.instant.speech import check
from castalia.modalities.sound import Samples, decode, encode, join
from castalia.modalities.speech.options import SpeechOptions

if TYPE_CHECKING:
    from castalia.serving.house import House

RATE = 22_050
SENTENCES = [
    "Good morning, and welcome to the clinic.",
    "The meeting starts at 3:30 p.m. on the 14th of March.",
    "She sells sea shells by the sea shore, doesn't she?",
    "Please take two tablets every six hours with plenty of water.",
    "In 1969, Neil Armstrong became the first person to walk on the Moon.",
    "The total comes to $42.50, including tax.",
    "Why did nobody tell me that the train was late?",
    "Our factory tested one hundred and twenty engines last week, and only three of them failed.",
    "Photosynthesis turns sunlight, water and carbon dioxide into sugar and oxygen.",
    "Mr. Jones, turn left at the church. Then you will see the school on your right!",
]


@pytest.fixture(scope="module")
def spoken(starter: "House") -> dict[str, Samples]:
    """Each sentence as the starter voice says it."""
    options = SpeechOptions().model_dump()
    said: dict[str, Samples] = {}
    with closing(PiperEngine(starter.registry.get("joe"), {})) as piper:
        for sentence in SENTENCES:
            events = piper.generate(Request.of_text(sentence, modality="speech", seed=1, options=options))
            chunks = [event.data or b"" for event in events if isinstance(event, MediaChunk)]
            said[sentence] = decode(join(chunks, "audio/wav"))[0]
    return said


@pytest.fixture(scope="module")
def transcribe(starter: "House") -> Iterator[Callable[[Part], str]]:
    model: Model = starter.registry.get("whisper-base")
    with closing(WhisperEngine(model, {"threads": 2})) as whisper:

        def hear(part: Part) -> str:
            request = Request(
                messages=[Message(parts=[part])], modality="text", options={"beam_size": 1, "language": "en"}
            )
            return "".join(event.text for event in whisper.generate(request) if isinstance(event, TextDelta))

        yield hear


def measured(
    samples: Samples, text: str, transcribe: Callable[[Part], str] | None = None, **options: object
) -> dict[str, Measure]:
    request = Request.of_text(text, modality="speech", options=SpeechOptions.model_validate(options).model_dump())
    part = Part(type="speech", media_type="audio/wav", data=encode(samples, RATE, "audio/wav"))
    return {measure.name: measure for measure in check(part, CheckContext(request=request, transcribe=transcribe))}


def flagged(measures: dict[str, Measure]) -> set[str]:
    return {name for name, measure in measures.items() if measure.status != "pass"}


def test_the_voice_passes_and_is_understood(
    spoken: dict[str, Samples], transcribe: Callable[[Part], str], record_property: Callable[[str, object], None]
) -> None:
    errors: list[float] = []
    for sentence, samples in spoken.items():
        measures = measured(samples, sentence, transcribe)
        assert Verdict.of(list(measures.values())).status == "pass", (sentence, measures)
        error = measures["word_error"].value
        assert error is not None
        errors.append(error)
        record_property(sentence, error)
    assert np.mean(errors) < 0.06, errors


def test_wrong_words_are_flagged(spoken: dict[str, Samples], transcribe: Callable[[Part], str]) -> None:
    text = "The doctor will see you tomorrow at ten."
    measures = measured(spoken[SENTENCES[0]], text, transcribe)
    assert flagged(measures) == {"word_error"}
    assert (measures["word_error"].value or 0) > 0.7
    assert "clinic" in measures["word_error"].note


def test_silence_is_flagged(spoken: dict[str, Samples]) -> None:
    for samples in (spoken[SENTENCES[0]] * 0, spoken[SENTENCES[0]] * 0.01):
        assert flagged(measured(samples, SENTENCES[0])) == {"loudness"}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_planted_faults_are_flagged_in_every_sentence(spoken: dict[str, Samples], sentence: str) -> None:
    samples = spoken[sentence]
    assert "clipped" in flagged(measured(np.clip(samples * 8, -1, 1), sentence))
    assert "tempo" in flagged(measured(samples[::3], sentence))
    assert flagged(measured(samples[: len(samples) // 2], sentence)) & {"ending", "tempo"}
    assert "tempo" in flagged(measured(np.repeat(samples, 5), sentence))
    gap = np.concatenate([samples, np.zeros(3 * RATE, dtype=np.float32), samples[-2000:]])
    assert "longest_pause" in flagged(measured(gap, sentence))


def test_a_speed_that_was_asked_for_is_no_fault(spoken: dict[str, Samples]) -> None:
    samples = spoken[SENTENCES[6]]
    assert "tempo" in flagged(measured(samples[::2], SENTENCES[6]))
    assert "tempo" not in flagged(measured(samples[::2], SENTENCES[6], speed=2.0))


def test_an_unreadable_recording_is_blocked() -> None:
    request = Request.of_text("Hello", modality="speech")
    part = Part(type="speech", media_type="audio/wav", data=b"no sound")
    [measure] = check(part, CheckContext(request=request))
    assert (measure.name, measure.status) == ("readable", "block")


def test_one_misheard_word_of_a_short_answer_is_forgiven(spoken: dict[str, Samples]) -> None:
    samples = spoken[SENTENCES[0]]
    assert "word_error" not in flagged(measured(samples, "Yes.", lambda _: "Yeah."))
    assert "word_error" in flagged(measured(samples, "Yes.", lambda _: "Oh yeah, sure."))


def test_a_judge_that_fails_is_said_and_condemns_nothing(spoken: dict[str, Samples]) -> None:
    def fail(part: Part) -> str:
        raise EngineCrashed("The whisper engine ended.")

    measure = measured(spoken[SENTENCES[0]], SENTENCES[0], fail)["word_error"]
    assert (measure.value, measure.status) == (None, "pass")
    assert "The whisper engine ended." in measure.note


def test_no_transcript_is_made_of_a_very_long_recording() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 130 * RATE).astype(np.float32)
    measure = measured(noise, "word " * 400, lambda _: pytest.fail("transcribed"))["word_error"]
    assert measure.value is None
    assert "longer than 120 s" in measure.note
