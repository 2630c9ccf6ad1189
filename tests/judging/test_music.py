"""Faults planted in music are seen, and plain music passes."""

import base64
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from castalia.core.content import Part as Output
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.judging.context import CheckContext
from castalia.judging.instant.music import check
from castalia.modalities.music.fingerprints import line_hashes, lines, statistics
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.notation import write_musicxml
from castalia.modalities.music.piece import Part, Piece
from castalia.modalities.music.synthesis import synthesise
from castalia.modalities.sound import encode

RNG = np.random.default_rng(0)
SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])


def tune(notes: int = 60) -> Piece:
    """A walk on the white keys, in quarters and eighths."""
    places = np.clip(np.cumsum(RNG.integers(-2, 3, notes)) % 14, 0, 13)
    pitches = SCALE[np.where(places < 8, places, 14 - places)]
    lengths = RNG.choice([0.5, 1.0, 1.5], notes)
    starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    rows = np.stack([starts, lengths, pitches, np.full(notes, 80), np.zeros(notes)], axis=1)
    return Piece(rows, (Part("Melody"),), tempo=110.0)


TRAINING = [tune() for _ in range(40)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model whose training pieces are `TRAINING`."""
    folder = tmp_path_factory.mktemp("model")
    runs = np.unique(np.concatenate([line_hashes(line) for piece in TRAINING for line in lines(piece)]))
    usual = np.stack([statistics(piece) for piece in TRAINING])
    save_file({"runs": runs, "usual": usual}, folder / "fingerprints.safetensors")
    return Model(name="m", format="castalia", engines=["native"], outputs=["music"], folder=folder)


def judged(data: bytes, model: Model, media_type: str = "audio/midi", prompt: str = "a tune", **info: object):
    output = Output(type="music", media_type=media_type, data=data, info=info)
    measures = check(output, CheckContext(request=Request.of_text(prompt, modality="music"), model=model))
    return {measure.name: measure for measure in measures}


def flagged(measures) -> set[str]:
    return {name for name, measure in measures.items() if measure.status != "pass"}


@pytest.mark.parametrize("kind", ["midi", "musicxml", "wav"])
def test_fresh_music_passes(model: Model, kind: str) -> None:
    piece = tune()
    if kind == "midi":
        measures = judged(write_midi(piece), model)
    elif kind == "musicxml":
        measures = judged(write_musicxml(piece), model, "application/vnd.recordare.musicxml+xml")
    else:
        sound = encode(synthesise(piece, 16_000), 16_000, "audio/wav")
        measures = judged(sound, model, "audio/wav", midi=base64.b64encode(write_midi(piece)).decode())
        assert measures["loudness"].value is not None
        assert -30 < measures["loudness"].value < 0
    assert flagged(measures) == set()
    assert {"notes", "one note", "range", "voices at once", "density", "copied notes"} <= measures.keys()


@pytest.mark.parametrize(("copied", "seen"), [(0, False), (12, False), (40, True), (60, True)])
@pytest.mark.parametrize("steps", [0, 5])
def test_a_copy_is_found_in_any_key_and_tempo(model: Model, copied: int, seen: bool, steps: int) -> None:
    own, other = tune(), TRAINING[7].notes[:copied].copy()
    notes = own.notes.copy()
    notes[:, 0] += 100.0
    piece = Piece(np.concatenate([other, notes]), own.parts, tempo=70.0).transposed(steps)
    measure = judged(write_midi(piece), model)["copied notes"]
    assert (measure.status == "flag") is seen
    if seen:
        assert measure.value is not None
        assert abs(measure.value - copied) <= 2


def test_planted_faults_are_flagged(model: Model) -> None:
    piece = tune()
    stuck = Piece(piece.notes.copy(), piece.parts)
    stuck.notes[:50, 2] = 60
    assert "one note" in flagged(judged(write_midi(stuck), model))
    low = Piece(piece.notes.copy(), piece.parts)
    low.notes[10:20, 2] -= 36
    assert "range" in flagged(judged(write_midi(low), model))
    thick = Piece(np.concatenate([piece.notes + np.array([0, 0, 2 * step, 0, 0]) for step in range(6)]), piece.parts)
    assert {"voices at once", "density"} <= flagged(judged(write_midi(thick), model))
    assert flagged(judged(write_midi(Piece(piece.notes[:2], piece.parts)), model)) >= {"notes"}


@pytest.mark.parametrize(("prompt", "fine"), [("16 bars of it", True), ("4 bars of it", False), ("a tune", True)])
def test_the_length_is_held_against_the_wish(model: Model, prompt: str, fine: bool) -> None:
    notes = tune().notes
    piece = Piece(notes[notes[:, 0] < 64], (Part("Melody"),))
    piece.notes[-1, 0] = 62.0
    assert ("length" not in flagged(judged(write_midi(piece), model, prompt=prompt))) is fine


def test_what_cannot_be_read_is_blocked_and_silence_flagged(model: Model) -> None:
    assert judged(b"no music", model)["readable"].status == "block"
    assert judged(b"no sound", model, "audio/wav")["readable"].status == "block"
    silence = encode(np.zeros(16_000, dtype=np.float32), 16_000, "audio/wav")
    assert flagged(judged(silence, model, "audio/wav")) == {"loudness"}


def test_without_fingerprints_the_plain_checks_remain(tmp_path: Path) -> None:
    model = Model(name="m", format="castalia", engines=["native"], outputs=["music"], folder=tmp_path)
    assert set(judged(write_midi(tune()), model)) == {"readable", "notes", "one note"}


@pytest.mark.parametrize(
    ("prompt", "wrong"),
    [
        ("a tune in C major", set()),
        ("a tune in A minor", {"key"}),
        ("a tune in D major", {"key"}),
        ("something in a major key", set()),
        ("a tune at 110 bpm", set()),
        ("a moderate tune", set()),
        ("a slow tune", {"tempo"}),
        ("a tune at 150 bpm", {"tempo"}),
    ],
)
def test_key_and_tempo_are_held_against_the_wish(model: Model, prompt: str, wrong: set[str]) -> None:
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60, 67, 60, 64, 67, 72, 71, 69, 67, 65, 64, 62, 67, 60]
    rows = [(float(time), 1.0, float(pitch), 80.0, 0.0) for time, pitch in enumerate(scale)]
    piece = Piece(np.asarray(rows), (Part("Melody"),), tempo=110.0)
    measures = judged(write_midi(piece), model, prompt=prompt)
    assert flagged(measures) & {"key", "tempo"} == wrong
    if "key" in wrong:
        assert measures["key"].note == "It sounds like C major."
