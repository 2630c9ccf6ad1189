"""Pieces become tokens that the grammar allows and come back; the grammar allows nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from castalia.core.errors import DatasetError
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.modality import MusicModality
from castalia.modalities.music.options import MusicData
from castalia.modalities.music.piece import in_order
from castalia.modalities.music.representation import REGISTERS, at_home, home_shift, in_key, register_group
from castalia.modalities.music.surveying import different

MODALITY = MusicModality()


@pytest.fixture(scope="module", params=["lasting", "written"])
def learnt(songbook, request):
    return MODALITY.fit(songbook, MusicData(durations=request.param))


def obeys(grammar, row):
    state = 0
    for token in row:
        if token == 0:
            break
        state = grammar.transitions[state][grammar.classes[token]]
        if state < 0:
            return False
    return state in grammar.ends


def test_every_item_obeys_the_grammar(learnt):
    view, encoded = learnt
    assert len(encoded.data) == 60
    assert encoded.data.max() < view.layout.vocabulary
    assert all(obeys(view.layout.grammar, row) for row in encoded.data)
    assert (encoded.data[:, -1] == 0).all(), "every item ends"


def test_what_obeys_the_grammar_is_a_piece(learnt):
    view, _ = learnt
    grammar, rng = view.layout.grammar, np.random.default_rng(0)
    for _ in range(100):
        state, row = 0, []
        while len(row) < 60:
            classes = [c for c, after in enumerate(grammar.transitions[state]) if after >= 0]
            if not classes:
                break
            chosen = rng.choice(classes)
            row.append(int(rng.choice(np.flatnonzero(np.asarray(grammar.classes) == chosen))))
            state = grammar.transitions[state][chosen]
        piece = view.decode(np.asarray(row))
        starts = piece.notes[:, 0] % piece.bar
        assert (np.diff(piece.notes[:, 0]) >= 0).all()
        assert ((starts * view.grid) % 1 == 0).all()


def test_a_piece_comes_back_note_for_note_in_its_key(learnt, compose):
    view, _ = learnt
    for seed in range(10):
        piece = compose(seed)
        (row,) = view.encode(piece)
        home = view.decode(row)
        assert np.array_equal(home.notes[:, :3], at_home(piece).notes[:, :3])
        again = in_key(home, piece.tonic, minor=piece.minor)
        assert np.array_equal(again.notes[:, :3], piece.notes[:, :3])
        assert (again.tonic, again.minor) == (piece.tonic, piece.minor)
    assert {home_shift(tonic, minor=False) for tonic in range(12)} == set(range(-6, 6))


def test_lines_need_no_durations(learnt, songbook, compose):
    view, encoded = learnt
    assert MODALITY.fit(songbook, MusicData())[0].lasting, "each part is one line"
    tokens = (encoded.data > 0).sum(axis=1).mean()
    with_rest = compose(2)
    kept = np.arange(len(with_rest.notes)) % 5 != 2
    with_rest = replace(with_rest, notes=with_rest.notes[kept])
    (row,) = view.encode(with_rest)
    assert np.array_equal(view.decode(row).notes[:, :3], at_home(with_rest).notes[:, :3]), "rests come back"
    if view.lasting:
        assert view.durations == ()
        assert tokens < 0.7 * (MODALITY.fit(songbook, MusicData(durations="written"))[1].data > 0).sum(axis=1).mean()


def test_parts_with_chords_have_durations(tmp_path, compose):
    for seed in range(20):
        piece = compose(seed)
        below = piece.notes[piece.notes[:, 4] == 0]
        below[:, 2] -= 12
        chords = replace(piece, notes=in_order(np.concatenate([piece.notes, below])))
        (tmp_path / f"{seed}.mid").write_bytes(write_midi(chords))
    view, _ = MODALITY.fit(tmp_path, MusicData())
    assert not view.lasting
    assert view.durations
    lines, encoded = MODALITY.fit(tmp_path, MusicData(durations="lasting"))
    assert all(obeys(lines.layout.grammar, row) for row in encoded.data), "the higher notes are kept"


def test_conditions_say_what_a_piece_is(learnt):
    view, encoded = learnt
    assert view.groups["key"] == ("major", "minor")
    assert set(view.groups["tempo"]) == {"slow", "moderate", "fast"}
    assert view.groups["bars"] == ("to 8", "to 12")
    assert set(view.groups["register"]) <= set(REGISTERS)
    assert "instrument" not in view.groups, "all pieces are for the same"
    assert encoded.conditions.shape == (60, view.conditions.width)
    assert encoded.known.all()
    assert (encoded.conditions.sum(axis=1) == len(view.groups)).all()
    asked, _ = view.encode_conditions([{"register": register_group(7, minor=True)}])
    register = next(group for group in view.conditions.groups if group.name == "register")
    assert view.groups["register"][int(asked[0, register.start : register.stop].argmax())] == "+2 and +3"
    again = MODALITY.restore(json.loads(json.dumps(view.config())))
    assert again == view
    assert again.layout == view.layout


def test_long_pieces_are_cut_between_bars(tmp_path, compose):
    for seed in range(16):
        (tmp_path / f"{seed}.mid").write_bytes(write_midi(compose(seed, bars=40)))
    view, encoded = MODALITY.fit(tmp_path, MusicData(length=128))
    assert encoded.data.shape[1] <= 128
    assert (encoded.data[:, 0] == 1).sum() == 16, "openings"
    assert (encoded.data == 3).any(axis=1).sum() == 16, "endings"
    assert all(obeys(view.layout.grammar, row) for row in encoded.data)
    played = sum(len(view.decode(row).notes) for row in encoded.data)
    assert played == sum(len(compose(seed, bars=40).notes) for seed in range(16))


def test_played_loudness_is_learnt_and_written_loudness_is_not(tmp_path, compose):
    rng = np.random.default_rng(0)
    for seed in range(20):
        piece = compose(seed)
        piece.notes[:, 3] = rng.integers(30, 120, len(piece.notes))
        (tmp_path / f"{seed}.mid").write_bytes(write_midi(piece))
    view, encoded = MODALITY.fit(tmp_path, MusicData())
    assert len(view.velocities) == 6
    assert all(obeys(view.layout.grammar, row) for row in encoded.data)
    assert len(np.unique(view.decode(encoded.data[0]).notes[:, 3])) > 3
    assert MODALITY.fit(tmp_path, MusicData(velocities="off"))[0].velocities == ()


def test_all_problems_are_told_at_once(songbook, tmp_path, compose):
    for path in songbook.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    (tmp_path / "empty.musicxml").write_text("<score-partwise/>")
    (tmp_path / "again.mid").write_bytes(write_midi(compose(1, bars=8).transposed(3)))
    (tmp_path / "notes.txt").write_text("not music")
    found = MODALITY.survey(tmp_path, MusicData())
    assert len(found.problems) == 2
    assert any("broken.mid" in line for line in found.problems)
    told = "; ".join(found.warnings)
    assert "1 pieces have the same notes" in told
    assert "notes.txt" in told
    with pytest.raises(DatasetError) as error:
        MODALITY.fit(tmp_path, MusicData())
    assert len(error.value.problems) == 2
    assert MODALITY.survey(tmp_path, MusicData(skip_bad=True)).problems == []
    assert len(MODALITY.fit(tmp_path, MusicData(skip_bad=True))[1].data) == 60


def test_too_few_and_none_are_problems(tmp_path, compose):
    assert "there is no music" in MODALITY.survey(tmp_path, MusicData()).problems[0]
    (tmp_path / "one.mid").write_bytes(write_midi(compose(0)))
    assert "1 different pieces" in MODALITY.survey(tmp_path, MusicData()).problems[0]


def test_music_is_recognised_and_other_folders_are_not(songbook, tmp_path):
    assert MODALITY.recognises(songbook) > 0.9
    (tmp_path / "a.txt").write_text("text")
    assert MODALITY.recognises(tmp_path) == 0.0


def test_transposed_copies_are_one_piece(compose):
    assert len(different([compose(3), compose(3).transposed(4), compose(4)])) == 2
