"""Transcription by Whisper, of what the starter voice said."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, EngineError, UnsupportedInput
from castalia.core.events import Done, EngineEvent, MediaChunk, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.piper.engine import PiperEngine
from castalia.engines.whisper.engine import WhisperEngine
from castalia.engines.whisper.options import TranscriptionOptions
from castalia.engines.whisper.spec import SPEC
from castalia.modalities.sound import Samples, decode, encode, join
from castalia.modalities.speech.options import MEDIA_TYPES, SpeechOptions

if TYPE_CHECKING:
    from castalia.serving.house import House

SAID = "Good morning. The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def model(starter: "House") -> Model:
    return starter.registry.get("whisper-base")


@pytest.fixture(scope="module")
def whisper(model: Model) -> Iterator[WhisperEngine]:
    with closing(WhisperEngine(model, {"threads": 2})) as engine:
        yield engine


@pytest.fixture(scope="module")
def recording(starter: "House") -> Samples:
    """What the starter voice makes of `SAID`, at 22,050 samples a second."""
    request = Request.of_text(SAID, modality="speech", seed=1, options=SpeechOptions().model_dump())
    with closing(PiperEngine(starter.registry.get("joe"), {})) as piper:
        chunks = [event.data or b"" for event in piper.generate(request) if isinstance(event, MediaChunk)]
    return decode(join(chunks, "audio/wav"))[0]


def ask(*recordings: bytes, kind: str = "speech", **options: object) -> Request:
    parts = [Part(type=kind, data=data) for data in recordings]
    resolved = TranscriptionOptions.model_validate({"beam_size": 1, "language": "en", **options}).model_dump()
    return Request(messages=[Message(parts=parts)], modality="text", model="whisper", seed=1, options=resolved)


def text(events: list[EngineEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def words_of(said: str) -> list[str]:
    return [word.strip(".,").lower() for word in said.split()]


def heard(events: Iterator[EngineEvent]) -> list[str]:
    """The words without their points, which differ between kinds of processors."""
    return words_of(text(list(events)))


def test_what_was_said_is_heard_with_its_times(whisper: WhisperEngine, recording: Samples) -> None:
    events = list(whisper.generate(ask(encode(recording, 22_050, "audio/wav"), language=None, word_timestamps=True)))
    assert text(events) == SAID
    deltas = [event for event in events if isinstance(event, TextDelta)]
    words = [word for delta in deltas for word in delta.info["words"]]  # type: ignore[attr-defined]
    assert [word["word"] for word in words] == SAID.split()
    starts = [word["start"] for word in words]
    assert starts == sorted(starts)
    seconds = len(recording) / 22_050
    assert words[-1]["end"] <= seconds + 0.1
    usage, done = events[-2:]
    assert isinstance(usage, Usage)
    assert isinstance(done, Done)
    assert usage.counts.units["seconds"] == pytest.approx(seconds, abs=0.01)
    assert usage.counts.output_tokens > 10


@pytest.mark.parametrize("media_type", [kind for kind in MEDIA_TYPES.values() if kind != "audio/wav"])
def test_compressed_recordings_are_heard_too(whisper: WhisperEngine, recording: Samples, media_type: str) -> None:
    assert heard(whisper.generate(ask(encode(recording, 22_050, media_type)))) == words_of(SAID)


def test_silence_says_nothing(whisper: WhisperEngine) -> None:
    silence = encode(np.zeros(32_000, dtype=np.float32), 16_000, "audio/wav")
    events = list(whisper.generate(ask(silence)))
    assert text(events) == ""
    assert isinstance(events[-1], Done)


def test_a_request_without_exactly_one_recording_is_refused(whisper: WhisperEngine, recording: Samples) -> None:
    with pytest.raises(BadRequest, match="no recording"):
        list(whisper.generate(ask()))
    data = encode(recording, 22_050, "audio/wav")
    with pytest.raises(BadRequest, match="2 recordings"):
        list(whisper.generate(ask(data, data)))


def test_a_damaged_recording_is_refused(whisper: WhisperEngine) -> None:
    with pytest.raises(UnsupportedInput, match="cannot be read"):
        list(whisper.generate(ask(b"no sound at all")))


def test_an_unknown_language_names_the_known_ones(whisper: WhisperEngine, recording: Samples) -> None:
    with pytest.raises(BadRequest) as caught:
        list(whisper.generate(ask(encode(recording, 22_050, "audio/wav"), language="klingon")))
    assert "fr" in caught.value.hint


def test_after_a_cancelled_one_the_next_is_heard_whole(whisper: WhisperEngine, recording: Samples) -> None:
    data = encode(recording, 22_050, "audio/wav")
    events = whisper.generate(ask(data))
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert text(list(whisper.generate(ask(data)))) == SAID


def test_loading_and_hearing_need_no_network(model: Model, recording: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*address: object) -> None:
        raise AssertionError(f"a connection to {address} was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with closing(WhisperEngine(model, {"threads": 2})) as whisper:
        assert heard(whisper.generate(ask(encode(recording, 22_050, "audio/wav")))) == words_of(SAID)


def test_in_a_child_process_it_hears_alike(model: Model, recording: Samples) -> None:
    with closing(HostedEngine(SPEC, model, {"threads": 2})) as hosted:
        assert heard(hosted.generate(ask(encode(recording, 22_050, "audio/ogg")))) == words_of(SAID)


def test_an_incomplete_or_damaged_model_is_an_error_at_loading(model: Model, tmp_path: Path) -> None:
    broken = model.model_copy(update={"folder": tmp_path, "files": []})
    with pytest.raises(EngineError, match=r"lacks config\.json, model\.bin, tokenizer\.json"):
        WhisperEngine(broken, {})
    inside = next(Path(file.path).parent for file in model.files if file.path.endswith("model.bin"))
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((model.folder / inside / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(EngineError, match="cannot be loaded"):
        WhisperEngine(broken, {})
