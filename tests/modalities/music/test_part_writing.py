"""The chorales that the starter model learns: composed by rule, so that the rules can be looked for in them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from castalia.modalities.music.parallels import moments, parallels
from castalia.modalities.music.piece import PART, PITCH, START, estimated_key

RECIPES = Path(__file__).parents[3] / "starter" / "recipes"
RANGES = ((61, 78), (55, 73), (50, 67), (40, 61))


@pytest.fixture(scope="module")
def chorales():
    """Some thirty, in both modes and most keys."""
    sys.path.insert(0, str(RECIPES))
    try:
        import chorales as recipe

        return list(recipe.composed(36, seed=11))
    finally:
        sys.path.remove(str(RECIPES))


def test_no_two_are_alike(chorales):
    assert len(chorales) > 20
    assert len({piece.notes.tobytes() for piece in chorales}) == len(chorales)
    assert {piece.metre for piece in chorales} == {(4, 4), (3, 4)}
    assert {piece.minor for piece in chorales} == {True, False}
    assert len({(piece.tonic, piece.minor) for piece in chorales}) > 12


def test_the_voices_keep_the_rules(chorales):
    for piece in chorales:
        _, sung = moments(piece)
        assert len(parallels(piece)) == 0, "no parallel fifths or octaves"
        assert (np.diff(sung, axis=1) <= 0).all(), "no voice crosses another"
        assert (sung[:, 0] - sung[:, 1] <= 12).all(), "no wide gaps between the upper voices"
        for voice, (low, high) in enumerate(RANGES):
            assert low <= sung[:, voice].min() <= sung[:, voice].max() <= high
            leaps = np.abs(np.diff(piece.notes[piece.notes[:, PART] == voice, PITCH]))
            assert np.isin(leaps, (6, 10, 11)).sum() <= 2, "tritones and sevenths are hardly leapt"
            assert leaps.max() <= 12


def test_they_move_by_steps_and_end_at_home(chorales):
    soprano = np.concatenate([np.abs(np.diff(piece.notes[piece.notes[:, PART] == 0, PITCH])) for piece in chorales])
    assert (soprano <= 2).mean() > 0.75
    assert (soprano == 0).mean() < 0.25
    for piece in chorales:
        assert estimated_key(piece.notes) == (piece.tonic, piece.minor)
        bass = piece.notes[piece.notes[:, PART] == 3]
        assert bass[bass[:, START].argmax(), PITCH] % 12 == piece.tonic
