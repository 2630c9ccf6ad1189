"""Models and requests for engine tests: a small model of each format, with requests that suit it."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from castalia.core.content import Part
from castalia.core.errors import CastaliaError
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.fake import media
from castalia.modalities.image.options import ImageOptions
from castalia.modalities.speech.options import SpeechOptions
from castalia.modalities.table.options import TableOptions
from castalia.modalities.text.options import TextOptions

MakeRequest = Callable[..., Request]
LOAD = {"threads": 1, "context": 512, "slots": 2}


def text(prompt: str = "Tell me of the sea.", seed: int = 1, **options: object) -> Request:
    """A resolved text request."""
    resolved = TextOptions.model_validate(options).model_dump()
    return Request.of_text(prompt, modality="text", model="m", seed=seed, options=resolved)


def speech(words: int, seed: int, **options: object) -> Request:
    """A resolved request to speak so many words in short sentences."""
    prompt = " ".join(["Good morning to you."] * (words // 4))
    resolved = SpeechOptions.model_validate(options).model_dump()
    return Request.of_text(prompt, modality="speech", model="m", seed=seed, options=resolved)


def transcription(seconds: float, seed: int, **options: object) -> Request:
    """A resolved request to write down a hum."""
    from castalia.engines.whisper.options import TranscriptionOptions

    hum = Part(type="speech", media_type="audio/wav", data=media.wav(random.Random(1), seconds), name="hum.wav")
    resolved = TranscriptionOptions.model_validate({"language": "en", **options}).model_dump()
    return Request.of_text("", [hum], modality="text", model="m", seed=seed, options=resolved)


def table(rows: int, seed: int, **options: object) -> Request:
    """A resolved request for rows."""
    resolved = TableOptions.model_validate({"rows": rows, **options}).model_dump()
    return Request.of_text("rows", modality="table", model="m", seed=seed, options=resolved)


def chart(rows: int, seed: int) -> Request:
    """A resolved request for a chart of so many rows."""
    lines = "".join(f"2025-{1 + row % 12:02d},{row}\n" for row in range(rows))
    part = Part(type="file", name="a.csv", data=f"month,sales\n{lines}".encode())
    return Request.of_text(
        "a chart", [part], modality="image", model="m", seed=seed, options=ImageOptions().model_dump()
    )


@dataclass(frozen=True)
class Sample:
    """What the contract asks of engines for one format.

    ``short`` and ``long`` make requests from a seed; ``wrong`` is refused with an error of the user's. ``seeded``: two
    seeds give two outputs. ``step``: processor seconds that a cancelled request may still use, which is what matters on
    a busy machine; ``long`` would use far more.
    """

    short: Callable[[int], Request]
    long: Callable[[int], Request]
    wrong: Request
    seeded: bool = True
    step: float = 1.5


SAMPLES = {
    "fake": Sample(
        short=lambda seed: text(seed=seed, max_tokens=12, temperature=1.0),
        long=lambda seed: text("word " * 100, seed=seed, max_tokens=300),
        wrong=text("word " * 5000),
    ),
    "gguf": Sample(
        short=lambda seed: text(seed=seed, max_tokens=12, temperature=1.0),
        long=lambda seed: text("Write a long story of a river.", seed=seed, max_tokens=200, temperature=1.0),
        wrong=Request.of_text(
            "What is this?",
            [Part(type="image", data=media.png(random.Random(1)), name="a.png")],
            modality="text",
            model="m",
            seed=1,
            options=TextOptions().model_dump(),
        ),
    ),
    "piper-onnx": Sample(
        short=lambda seed: speech(8, seed),
        long=lambda seed: speech(800, seed),
        wrong=speech(4, 1, voice="nobody"),
        seeded=False,
    ),
    "whisper-ctranslate2": Sample(
        short=lambda seed: transcription(1, seed, beam_size=1),
        long=lambda seed: transcription(600, seed, beam_size=1, temperature=0.5),
        wrong=Request.of_text("no recording", modality="text", model="m", seed=1),
        seeded=False,
        step=20.0,  # half a minute of sound is heard in one go
    ),
    "castalia": Sample(
        short=lambda seed: table(20, seed),
        long=lambda seed: table(1_000_000, seed),
        wrong=table(5, 1, where=["nothing=here"]),
    ),
    "chart": Sample(
        short=lambda seed: chart(50, seed),
        long=lambda seed: chart(200_000, seed),
        wrong=Request.of_text("a chart", modality="image", model="m", seed=1, options=ImageOptions().model_dump()),
        seeded=False,
        step=10.0,  # a table is read in one go
    ),
}
"""By format of model; an engine for a new format adds its sample here."""


@pytest.fixture
def fake_model(tmp_path: Path) -> Callable[..., Model]:
    """Makes a model of format ``fake`` whose details are the keyword arguments."""

    def make(**details: object) -> Model:
        outputs = ["text", "image", "speech", "table"]
        return Model(name="pretend", format="fake", engines=["fake"], outputs=outputs, folder=tmp_path, details=details)

    return make


@pytest.fixture
def text_request() -> MakeRequest:
    """Makes a resolved text request: the prompt, the seed, then text options."""
    return text


@pytest.fixture(scope="session")
def table_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of ours: a table model trained for a few steps."""
    from castalia.training.events import Trained
    from castalia.training.plan import TrainingPlan
    from castalia.training.runs import run_training

    folder = tmp_path_factory.mktemp("table-artifact")
    source = folder / "people.csv"
    draw = random.Random(1)
    rows = [f"{draw.gauss(40, 9):.1f},{draw.choice(['red', 'blue'])}" for _ in range(200)]
    source.write_text("\n".join(["age,colour", *rows]))
    run = folder / "run"
    run.mkdir()
    plan = {"source": source, "modality": "table", "family": "vae", "name": "m", "size": "tiny", "threads": 1}
    TrainingPlan.model_validate({**plan, "max_steps": 30}).write(run)
    outcome = run_training(run, lambda _: None, threading.Event())
    assert isinstance(outcome, Trained)
    return outcome.artifact


@pytest.fixture(scope="session")
def model_of_format(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Model]:
    """The model that stands for a format. Skips the test, saying why, when its weights cannot be had here."""

    def find(wanted: str) -> Model:
        folder = tmp_path_factory.mktemp(wanted)
        if wanted == "fake":
            details: dict[str, object] = {"delay": 0.01}
            return Model(name="f", format="fake", engines=["fake"], outputs=["text"], folder=folder, details=details)
        if wanted == "chart":
            return Model(
                name="c", format="chart", engines=["chart"], outputs=["image"], inputs=["table"], folder=folder
            )
        if wanted == "castalia":
            artifact: Path = request.getfixturevalue("table_artifact")
            return Model(name="t", format="castalia", engines=["native"], outputs=["table"], folder=artifact)
        try:
            house = request.getfixturevalue("starter")
        except CastaliaError as error:
            pytest.skip(f"the starter models could not be pulled: {error.message}")
        for model in house.registry.list():
            if model.format == wanted:
                return model
        pytest.skip(f"no starter model has the format {wanted}")

    return find


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    """Requests by format of model."""
    return SAMPLES


@pytest.fixture(scope="session")
def load_options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """How engines are loaded in tests: small."""
    return {**LOAD, "cache": str(tmp_path_factory.mktemp("converted"))}
