"""Every cell of the matrix of families and modalities: a few steps of training, an artifact, a readable output."""

import wave

import numpy as np
import pytest
from PIL import Image

from castalia.core import content
from castalia.core.models import Model
from castalia.core.plugins import families, modalities
from castalia.core.requests import Request
from castalia.engines.native.engine import NativeEngine
from castalia.families.artifact import read_config
from castalia.judging.context import CheckContext
from castalia.judging.verdict import check_of
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.piece import Part, Piece
from castalia.serving.collecting import Collector
from castalia.training import runs
from castalia.training.events import Trained

MATRIX = {
    "vae": ("image", "audio", "video", "table"),
    "gan": ("image", "audio", "video", "table"),
    "diffusion": ("image", "audio", "video", "table"),
    "transformer": ("image", "audio", "table", "music", "text"),
    "recurrent": ("table", "music", "text"),
    "trees": ("table",),
}
"""As the design has it."""
CELLS = [(family, modality) for family, row in MATRIX.items() for modality in row if modality in modalities().specs()]
ASKED = {"table": {"rows": 20}, "text": {"max_tokens": 40}, "music": {"bars": 2}}
"""Options of the smallest request, by modality."""


def discs(folder, frames=1):
    rows, columns = np.mgrid[:16, :16]
    draw = np.random.default_rng(0)
    for number in range(24):
        y, x = draw.uniform(4, 12, 2)
        shown = [255 * np.exp(-((rows - y) ** 2 + (columns - x - step) ** 2) / 8) for step in range(frames)]
        first, *rest = (Image.fromarray(one.astype(np.uint8)) for one in shown)
        if rest:
            first.save(folder / f"{number}.gif", save_all=True, append_images=rest, duration=100)
        else:
            first.save(folder / f"{number}.png")
    return folder


def films(folder):
    return discs(folder, frames=8)


def beeps(folder):
    draw = np.random.default_rng(0)
    time = np.arange(16_000) / 16_000
    for number in range(24):
        sound = np.sin(2 * np.pi * draw.uniform(200, 900) * time) * np.exp(-3 * time)
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((20_000 * sound).astype("<i2").tobytes())
    return folder


def people(folder):
    draw = np.random.default_rng(0)
    lines = [f"{draw.normal(40, 9):.1f},{draw.choice(['red', 'blue'])}" for _ in range(200)]
    (folder / "people.csv").write_text("\n".join(["age,colour", *lines]))
    return folder / "people.csv"


def verses(folder):
    draw = np.random.default_rng(0)
    words = ["the", "river", "runs", "to", "sea", "and", "stone", "is", "cold", "light"]
    lines = [" ".join(draw.choice(words, 7)) + "." for _ in range(600)]
    (folder / "verses.txt").write_text("\n".join(lines))
    return folder / "verses.txt"


def tunes(folder):
    draw = np.random.default_rng(0)
    for number in range(24):
        pitches = 60 + np.cumsum(draw.integers(-2, 3, 32))
        notes = np.asarray([(at, 1, pitch, 80, 0) for at, pitch in enumerate(pitches)], dtype=np.float64)
        piece = Piece(notes, (Part("Melody", 0, False),), (4, 4), 120.0)
        (folder / f"{number}.mid").write_bytes(write_midi(piece))
    return folder


SOURCES = {"image": discs, "video": films, "audio": beeps, "table": people, "text": verses, "music": tunes}


@pytest.mark.parametrize("name", [name for name in SOURCES if name in modalities().specs()])
def test_a_set_is_the_same_arrays_when_it_is_read_by_its_own_representation(name, tmp_path):
    modality = modalities().implementation(name)()
    source, options = SOURCES[name](tmp_path), modality.data_options()()
    for kind in modalities().spec(name).representations:
        view, encoded = modality.fit(source, options, kind)
        again = modality.encode(modality.restore(view.config()), source, options)
        for one, other in ((encoded.data, again.data), (encoded.conditions, again.conditions)):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("family", "modality"), CELLS)
def test_a_cell_trains_serves_and_is_judged(family, modality, plan_of, train, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SYNTHETIC", (16, 16))
    monkeypatch.setattr(runs, "SHEET", 4)
    folder = tmp_path / "data"
    folder.mkdir()
    plan = plan_of(source=SOURCES[modality](folder), modality=modality, family=family, max_steps=3)
    done, _, told = train(plan)
    assert isinstance(done, Trained)
    assert any(event.preview for event in told)
    config = read_config(done.artifact)
    assert config.layout.kind in families().spec(family).representations

    model = Model(name="m", format="castalia", engines=["native"], outputs=[modality], folder=done.artifact)
    options = {"format": "wav"} if modality == "audio" else dict(ASKED.get(modality, {}))
    request = Request.of_text("", modality=modality, model="m", seed=1, options=options)
    outputs = []
    for _ in range(2):
        engine, collected = NativeEngine(model, {"threads": 1}), Collector()
        for event in engine.generate(request):
            collected.add(event)
        engine.close()
        outputs.append(collected.outputs(modality))
    assert [part.read() for part in outputs[0]] == [part.read() for part in outputs[1]], "the same seed, the same bytes"
    check = check_of(modality)
    assert check is not None
    for part in outputs[0]:
        assert isinstance(part, content.Part)
        measures = {measure.name: measure for measure in check(part, CheckContext(request=request, model=model))}
        assert measures.get("readable", measures.get("empty")).status == "pass"
    assert outputs[0]
