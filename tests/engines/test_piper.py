"""Speech by Piper, on the starter voice."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from castalia.core.content import Part
from castalia.core.errors import BadRequest, EngineCrashed, EngineError
from castalia.core.events import Done, EngineEvent, MediaChunk, Usage
from castalia.core.models import Model, ModelFile
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.piper.engine import WARM, PiperEngine
from castalia.engines.piper.reading import reading_line
from castalia.engines.piper.spec import SPEC
from castalia.modalities.sound import decode, join
from castalia.modalities.speech.options import SpeechOptions

if TYPE_CHECKING:
    from castalia.serving.house import House

TEXT = "Good morning. The meeting starts at nine, in the large room."


@pytest.fixture(scope="module")
def voice(starter: "House") -> Model:
    return starter.registry.get("joe")


@pytest.fixture(scope="module")
def piper(voice: Model) -> Iterator[PiperEngine]:
    with closing(PiperEngine(voice, {})) as engine:
        yield engine


def ask(text: str, attachments: list[Part] | None = None, seed: int = 1, **options: object) -> Request:
    resolved = SpeechOptions.model_validate(options).model_dump()
    return Request.of_text(text, attachments, modality="speech", model="joe", seed=seed, options=resolved)


def media(events: list[EngineEvent]) -> list[MediaChunk]:
    return [event for event in events if isinstance(event, MediaChunk)]


def spoken(engine: PiperEngine, request: Request) -> bytes:
    chunks = media(list(engine.generate(request)))
    return join([chunk.data or b"" for chunk in chunks], chunks[0].media_type)


def test_one_chunk_a_sentence_then_usage_then_done(piper: PiperEngine) -> None:
    events = list(piper.generate(ask(f"Read this aloud: {TEXT}")))
    chunks = media(events)
    assert [chunk.last for chunk in chunks] == [False, True]
    assert [chunk.info["sentences"] for chunk in chunks] == [1, 2]
    assert {(chunk.modality, chunk.media_type) for chunk in chunks} == {("speech", "audio/wav")}
    usage, done = events[-2:]
    assert isinstance(usage, Usage)
    assert isinstance(done, Done)
    samples, rate = decode(join([chunk.data or b"" for chunk in chunks], "audio/wav"))
    assert rate == 22_050
    assert usage.counts.units["seconds"] == pytest.approx(len(samples) / rate, abs=0.01)
    assert usage.counts.units["characters"] == len(TEXT) - 1
    assert 3 < len(samples) / rate < 5.5


def test_the_same_request_gives_the_same_bytes(piper: PiperEngine) -> None:
    assert spoken(piper, ask(TEXT, seed=1)) == spoken(piper, ask(TEXT, seed=1))


def test_variation_makes_every_reading_another(piper: PiperEngine) -> None:
    request = ask("Good morning.", variation=1.0)
    assert spoken(piper, request) != spoken(piper, request)


def test_speed_and_silence_change_the_length(piper: PiperEngine) -> None:
    usual, fast = (len(decode(spoken(piper, ask(TEXT, speed=speed)))[0]) for speed in (1.0, 1.6))
    assert 0.5 * usual < fast < 0.8 * usual
    assert len(piper.pids) == WARM
    longer = len(decode(spoken(piper, ask(TEXT, sentence_silence=2.25)))[0])
    assert longer - usual == pytest.approx(2 * 22_050, abs=2)


@pytest.mark.parametrize(
    ("encoding", "magic"), [("wav", b"RIFF"), ("flac", b"fLaC"), ("ogg", b"OggS"), ("mp3", b"\xff")]
)
def test_every_encoding_holds_the_whole_text(piper: PiperEngine, encoding: str, magic: bytes) -> None:
    events = media(list(piper.generate(ask(TEXT, format=encoding))))
    data = join([chunk.data or b"" for chunk in events], events[0].media_type)
    assert data.startswith(magic)
    samples, rate = decode(data)
    assert len(samples) / rate == pytest.approx(events[-1].info["seconds"], abs=0.1)
    assert 0.02 < float(np.sqrt(np.square(samples).mean())) < 0.5


def test_a_text_file_is_read_aloud(piper: PiperEngine, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("Good morning.", encoding="utf-8")
    assert spoken(piper, ask("Read this aloud", [Part.of_file(file)])) == spoken(piper, ask("Good morning."))


@pytest.mark.parametrize("text", ["...", "🙂 — !", ""])
def test_nothing_to_pronounce_is_refused(piper: PiperEngine, text: str) -> None:
    with pytest.raises(BadRequest, match="nothing to read"):
        list(piper.generate(ask(text)))


def test_strange_characters_do_not_break_the_line_protocol(piper: PiperEngine) -> None:
    events = media(list(piper.generate(ask("One\x00two\rthree [[x]] \u2028 四 🙂. Then: four."))))
    assert events[-1].last
    assert events[-1].info["sentences"] == 2


def test_an_unknown_voice_names_those_there_are(piper: PiperEngine) -> None:
    with pytest.raises(BadRequest) as caught:
        list(piper.generate(ask("Hello.", voice="nobody")))
    assert "joe" in caught.value.hint
    assert spoken(piper, ask("Hello.", voice="joe")) == spoken(piper, ask("Hello."))


def test_a_killed_program_is_started_again(piper: PiperEngine) -> None:
    before = spoken(piper, ask("Hello."))
    victim = psutil.Process(piper.pids[-1])
    victim.kill()
    assert psutil.wait_procs([victim], timeout=10)[0]
    assert spoken(piper, ask("Hello.")) == before
    assert victim.pid not in piper.pids


def test_a_program_killed_in_mid_sentence_is_an_error_and_then_started_again(piper: PiperEngine) -> None:
    spoken(piper, ask("Hello."))
    events = piper.generate(ask("word " * 59))
    next(events)
    psutil.Process(piper.pids[-1]).kill()
    with pytest.raises(EngineCrashed, match="while speaking"):
        list(events)
    assert spoken(piper, ask("Hello."))


def test_cancel_stops_at_once_and_between_sentences_keeps_the_program(piper: PiperEngine) -> None:
    spoken(piper, ask("Hello."))
    warm = piper.pids[-1]
    events = piper.generate(ask("Hello. " + "More words follow here. " * 50))
    while not isinstance(next(events), MediaChunk):
        pass
    events.close()  # type: ignore[attr-defined]
    assert piper.pids[-1] == warm
    events = piper.generate(ask("word " * 59))
    next(events)  # a sign of life in mid-sentence
    started = time.monotonic()
    events.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 2
    assert warm not in piper.pids
    assert not psutil.pid_exists(warm)


def test_closing_ends_all_programs(voice: Model) -> None:
    engine = PiperEngine(voice, {})
    pids = engine.pids
    engine.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_in_a_child_process_it_speaks_alike_and_leaves_nothing(voice: Model, piper: PiperEngine) -> None:
    with closing(HostedEngine(SPEC, voice, {})) as hosted:
        assert spoken(hosted, ask("Good morning.")) == spoken(piper, ask("Good morning."))  # type: ignore[arg-type]
        family = psutil.Process(hosted.pid).children(recursive=True)
        assert family
    assert not psutil.wait_procs(family, timeout=10)[1]


def test_what_a_killed_process_left_is_removed_at_the_next_start(
    voice: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    orphan = tmp_path / f"castalia-piper-{gone.pid}-left"
    orphan.mkdir()
    (orphan / "1.wav").write_bytes(b"somebody's words")
    with closing(PiperEngine(voice, {})):
        assert not orphan.exists()
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_voice_is_an_error_at_loading(voice: Model, tmp_path: Path) -> None:
    name = next(file.path for file in voice.files if file.path.endswith(".onnx"))
    (tmp_path / "bad.onnx").write_bytes(b"no voice")
    (tmp_path / "bad.onnx.json").write_bytes((voice.folder / f"{name}.json").read_bytes())
    files = [ModelFile(path="bad.onnx", size=8, sha256=""), ModelFile(path="bad.onnx.json", size=1, sha256="")]
    broken = voice.model_copy(update={"folder": tmp_path, "files": files})
    with pytest.raises(EngineCrashed, match="Piper program ended"):
        PiperEngine(broken, {})
    (tmp_path / "bad.onnx.json").write_text("{", encoding="utf-8")
    with pytest.raises(EngineError, match=r"bad\.onnx\.json cannot be read"):
        PiperEngine(broken, {})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mr. J. Jones, no. 5.", "Mr J Jones, no 5."),
        ("No. 5 at 3 p.m. in the U.S. today.", "number 5 at 3 p.m. in the U.S. today."),
        ("It costs $42.50 or $3 million.", "It costs 42 dollars and 50 cents or 3 million dollars."),
        ("£1.01, €1,200", "1 pound and 1 penny, 1,200 euros"),
        ("He left... or did he?", "He left, or did he?"),
        ("a\tb\x07c [[d]]", "a b c [d]"),
        ("—", ""),
    ],
)  # fmt: skip
def test_what_the_phonemizer_would_misread_is_written_out(written: str, read: str) -> None:
    assert reading_line(written, english=True) == read
