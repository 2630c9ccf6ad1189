"""Models trained here and exported: llama.cpp writes, token for token, what they write themselves."""

import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from castalia.core.errors import BadRequest, Conflict, UnsupportedInput
from castalia.core.events import ModelReady, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.llamacpp.engine import LlamaCppEngine
from castalia.engines.openvino.conversion import checked_header
from castalia.families.artifact import read_config
from castalia.families.loading import load_learner
from castalia.families.nets.token_options import TokenSamplingOptions
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.piece import Part, Piece, in_order
from castalia.modalities.music.representation import restored
from castalia.modalities.music.vocabulary import composed, read_names, token_names
from castalia.modalities.text.options import TextOptions
from castalia.modalities.text.representation import restored as restored_text
from castalia.serving.artifacts import model_from_artifact
from castalia.serving.describe import model_of
from castalia.serving.exporting import export
from castalia.serving.house import House
from castalia.serving.install import pull
from castalia.store.gguf import read_header
from castalia.store.sources.identify import identify
from castalia.training.plan import TrainingPlan
from castalia.training.runs import run_training

SMALL = {"width": 64, "layers": 2, "batch": 8}
WORDS = ["river", "stone", "bird", "sings", "über", "under", "green", "old", "house", "walks", "slowly", "when"]


def text(seed: int, lines: int = 150) -> str:
    draw = random.Random(seed)
    return "\n".join(" ".join(draw.choices(WORDS, k=8)) + "." for _ in range(lines))


def piece(seed: int) -> Piece:
    """Two voices, eight bars."""
    draw = random.Random(seed)
    minor = seed % 2 == 1
    scale = [0, 2, 3, 5, 7, 8, 10] if minor else [0, 2, 4, 5, 7, 9, 11]
    rows = [(float(time), 1.0, 60.0 + seed % 5 + scale[draw.randrange(7)], 80.0, 0.0) for time in range(32)]
    rows += [(4.0 * bar, 4.0, 48.0 + seed % 5 + scale[draw.choice([0, 3, 4])], 80.0, 1.0) for bar in range(8)]
    return Piece(in_order(np.asarray(rows)), (Part("High", 52), Part("Low", 52)))


def trained(
    folder: Path, source: Path, modality: str, steps: int, family: str = "transformer", **data: object
) -> Model:
    plan = {"source": source, "modality": modality, "family": family, "name": "m", "size": "tiny", "threads": 1}
    plan |= {"max_steps": steps, "data_options": data, "licence": "CC0-1.0"}
    plan["family_options"] = SMALL if family == "transformer" else {"width": 32, "layers": 1}
    TrainingPlan.model_validate(plan).write(folder)
    run_training(folder, lambda _: None, threading.Event())
    return model_from_artifact(folder / "artifact", "m")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """A stream of characters, lines of characters, a stream of byte pairs, requests, pieces with conditions."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "prose.txt").write_text(text(0))
    (folder / "music").mkdir()
    (folder / "asked").mkdir()
    for seed in range(64):
        (folder / "asked" / f"{seed}.txt").write_text(f"sing of {WORDS[seed % 12]} {seed}\n{text(seed, lines=8)}")
    for seed in range(24):
        (folder / "music" / f"{seed}.mid").write_bytes(write_midi(piece(seed)))
    kinds: dict[str, tuple[str, dict[str, object]]] = {
        "characters": ("text", {"tokenizer": "characters", "items": "stream", "context": 64}),
        "lines": ("text", {"tokenizer": "characters", "items": "lines"}),
        "bytes": ("text", {"tokenizer": "bpe", "items": "stream", "context": 64}),
        "requests": ("text", {"tokenizer": "bpe", "vocabulary": 400, "items": "requests"}),
        "music": ("music", {}),
    }
    sources = {"text": folder / "prose.txt", "music": folder / "music", "requests": folder / "asked"}
    return {
        kind: trained(tmp_path_factory.mktemp(kind), sources.get(kind, sources[modality]), modality, 60, **data)
        for kind, (modality, data) in kinds.items()
    }


def registered(house: House, model: Model) -> str:
    house.registry.add(model)
    return model.name


def exported(house: House, model: Model, target: Path, **conditions: str) -> Model:
    """The entry of the file that the model was exported to."""
    target.parent.mkdir()
    export(house, registered(house, model), target, conditions)
    return model_of(identify(target.parent)[0], "out")


def by_llama(model: Model, prompt: str, tokens: int) -> tuple[str, list[float]]:
    """What llama.cpp writes greedily after a prompt, and the log-probability of each token."""
    engine = LlamaCppEngine(model, {"threads": 1, "slots": 1})
    options = TextOptions(temperature=0.0, max_tokens=tokens, logprobs=1).model_dump()
    events = list(engine.generate(Request.of_text(prompt, modality="text", seed=1, options=options)))
    engine.close()
    deltas = [event for event in events if isinstance(event, TextDelta)]
    return "".join(delta.text for delta in deltas), [one.logprob for delta in deltas for one in delta.logprobs]


def by_ourselves(model: Model, prefix: list[int], tokens: int, vector: np.ndarray | None = None) -> list[int]:
    """The likeliest tokens after a prefix one after the other, without grammar, as llama.cpp knows none."""
    config = read_config(model.folder)
    learner = load_learner(model.folder, config)
    start = None
    if config.conditions is not None:
        known = None if vector is None else torch.ones(1, len(config.conditions.groups), dtype=torch.bool)
        wished = None if vector is None else torch.from_numpy(vector)[None]
        start = learner.embedding(1, wished, known)
    written = list(prefix)
    with torch.no_grad():
        for _ in range(tokens):
            inputs = torch.tensor([[0, *written]])
            written.append(int(learner.net(inputs, start)[0, -1].argmax()))
    return written[len(prefix) :]


@pytest.mark.parametrize("kind", ["characters", "lines", "bytes"])
@pytest.mark.parametrize("beginning", ["the ", "old river ü", ""])
def test_text_goes_on_as_the_model_itself_goes_on(
    house: House, models: dict[str, Model], tmp_path: Path, kind: str, beginning: str
) -> None:
    if kind != "bytes":
        beginning = beginning.replace("the", "when")
    model = models[kind]
    view = restored_text(read_config(model.folder).representation)
    ours = by_ourselves(model, view.encode(beginning).tolist() if beginning else [], 40)
    end = 1 if view.stream else 0
    ours = ours[: ours.index(end)] if end in ours else ours
    written, _ = by_llama(exported(house, model, tmp_path / "f" / "out.gguf"), beginning, 40)
    assert len(ours) > 5
    assert written.strip() == view.decode(np.asarray(ours)).strip(), "the server drops white space at the ends"


def test_a_request_is_answered_as_the_model_itself_answers(
    house: House, models: dict[str, Model], tmp_path: Path
) -> None:
    model = models["requests"]
    view = restored_text(read_config(model.folder).representation)
    ours = by_ourselves(model, view.encode("sing of stone 5\n").tolist(), 30)
    ours = ours[: ours.index(0)] if 0 in ours else ours
    written, _ = by_llama(exported(house, model, tmp_path / "f" / "out.gguf"), "sing of stone 5", 30)
    assert len(ours) > 5
    assert written.strip() == view.decode(np.asarray(ours)).strip(), "the server drops white space at the ends"


def test_probabilities_are_the_same(house: House, models: dict[str, Model], tmp_path: Path) -> None:
    model = models["characters"]
    view = restored_text(read_config(model.folder).representation)
    ours = by_ourselves(model, view.encode("when ").tolist(), 20)
    learner = load_learner(model.folder, read_config(model.folder))
    row = [*view.encode("when ").tolist(), *ours]
    with torch.no_grad():
        told = learner.net(torch.tensor([[0, *row[:-1]]]), None)[0].log_softmax(dim=1)
    expected = [float(told[place, token]) for place, token in list(enumerate(row))[-20:]]
    _, found = by_llama(exported(house, model, tmp_path / "f" / "out.gguf"), "when ", 20)
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("wished", [{}, {"key": "minor"}])
def test_music_comes_as_names_under_the_chosen_conditions_and_is_music_again(
    house: House, models: dict[str, Model], tmp_path: Path, wished: dict[str, str]
) -> None:
    model = models["music"]
    view = restored(read_config(model.folder).representation)
    assert "key" in view.groups
    names = token_names(view)
    assert len(set(names)) == len(names) == view.layout.vocabulary
    written, _ = by_llama(exported(house, model, tmp_path / "f" / "out.gguf", **wished), "", 60)
    tokens = read_names(view, written).tolist()
    ours = _under(model, wished, 60)
    ours = ours[: ours.index(0)] if 0 in ours else ours
    assert tokens == ours
    assert len(tokens) > 20


def _under(model: Model, wished: dict[str, str], tokens: int) -> list[int]:
    config = read_config(model.folder)
    view = restored(config.representation)
    vectors, known = view.encode_conditions([wished])
    learner = load_learner(model.folder, config)
    start = learner.embedding(1, torch.from_numpy(vectors), torch.from_numpy(known))
    written: list[int] = []
    with torch.no_grad():
        for _ in range(tokens):
            written.append(int(learner.net(torch.tensor([[0, *written]]), start)[0, -1].argmax()))
    return written


def test_names_become_a_piece_in_a_key_and_disorder_is_refused(models: dict[str, Model]) -> None:
    config = read_config(models["music"].folder)
    view = restored(config.representation)
    learner = load_learner(models["music"].folder, config)
    row = learner.sample(1, None, None, torch.Generator().manual_seed(0), TokenSamplingOptions())[0].numpy()
    row = row[row > 0]
    named = "".join(token_names(view)[token] for token in row)
    assert read_names(view, f"first {named}").tolist() == row.tolist()
    made = composed(view, named, 7, minor=True)
    assert made.key == "G minor"
    assert len(made.notes) == len(view.decode(row).notes)
    cut = composed(view, named[: named.rindex("<voice")], 7, minor=True)
    assert len(cut.notes) == len(made.notes) - 1
    with pytest.raises(BadRequest, match="cannot stand at place 1"):
        composed(view, "<opening><bar>")
    with pytest.raises(BadRequest, match="<voice 9 note 1> is no token"):
        composed(view, "<opening><voice 9 note 1>")


def test_an_exported_file_is_pulled_served_and_known_as_what_it_is(
    house: House, models: dict[str, Model], tmp_path: Path
) -> None:
    path = export(house, registered(house, models["lines"]), tmp_path / "lines.gguf")
    (model,) = [event.model for event in pull(house, str(path)) if isinstance(event, ModelReady)]
    assert model.engines == ["llamacpp"]
    assert (model.details["kind"], model.licence, model.family) == ("continuation", "CC0-1.0", "transformer")
    with pytest.raises(BadRequest, match="start token"):
        checked_header(path)


def test_the_command_writes_the_file(house: House, models: dict[str, Model], tmp_path: Path) -> None:
    name = registered(house, models["music"])
    command = [sys.executable, "-m", "castalia", "export", name, "--to", str(tmp_path / "a.gguf")]
    wished = ["--condition", "key=minor", "--json"]
    done = subprocess.run([*command, *wished], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "path": str(tmp_path / "a.gguf"),
        "size": (tmp_path / "a.gguf").stat().st_size,
    }
    header = read_header(tmp_path / "a.gguf")
    assert (header.architecture, header.text("castalia.modality")) == ("llama", "music")
    assert header.text("general.license") == "CC0-1.0"
    refused = subprocess.run([*command, *wished], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "there already" in " ".join((refused.stdout + refused.stderr).split())


def test_what_cannot_be_exported_is_refused_by_name(house: House, models: dict[str, Model], tmp_path: Path) -> None:
    name = registered(house, models["music"])
    with pytest.raises(BadRequest, match="no condition 'mood'"):
        export(house, name, tmp_path / "a.gguf", {"mood": "sad"})
    with pytest.raises(BadRequest, match="key is never 'dorian'"):
        export(house, name, tmp_path / "a.gguf", {"key": "dorian"})
    with pytest.raises(BadRequest, match="no GGUF"):
        export(house, name, tmp_path / "a.bin")
    (tmp_path / "a.gguf").write_bytes(b"mine")
    with pytest.raises(Conflict, match="there already"):
        export(house, name, tmp_path / "a.gguf")
    assert (tmp_path / "a.gguf").read_bytes() == b"mine"
    (tmp_path / "prose.txt").write_text(text(1))
    run = tmp_path / "run"
    run.mkdir()
    other = trained(run, tmp_path / "prose.txt", "text", 3, "recurrent", tokenizer="characters")
    house.registry.add(other.model_copy(update={"name": "other"}))
    with pytest.raises(UnsupportedInput, match="other is a recurrent"):
        export(house, "other", tmp_path / "b.gguf")
    house.registry.add(other.model_copy(update={"name": "foreign", "format": "gguf"}))
    with pytest.raises(UnsupportedInput, match="was not trained here"):
        export(house, "foreign", tmp_path / "b.gguf")
