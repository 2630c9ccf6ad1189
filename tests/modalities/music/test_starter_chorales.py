"""The starter model of chorales, as it is shipped."""

from pathlib import Path

import numpy as np
import pytest

from castalia.modalities.music.parallels import moments, parallels
from castalia.modalities.music.piece import PART, estimated_key
from castalia.modalities.music.reading import read_music

FOLDER = Path(__file__).parents[3] / "starter" / "src" / "castalia_starter" / "models" / "chorales"
RANGES = ((63, 78), (59, 70), (52, 65), (40, 58))
"""Of the training pieces, one note in two hundred left out at either end."""


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("a slow chorale in G minor", (7, True)),
        ("a chorale in D major", (2, False)),
        ("a fast one in A minor", (9, True)),
    ],
)
def test_chorales_are_written_for_four_voices_by_the_rules(ask, prompt, key):
    event = ask(FOLDER, "music", prompt, seed=3)[0]
    piece = read_music(event.data)
    assert event.info["ended"]
    assert event.info["tempo"] == {"slow": 60.0, "fast": 132.0}.get(prompt.split()[1], event.info["tempo"])
    assert estimated_key(piece.notes) == key
    assert piece.bars > 4
    times, sung = moments(piece)
    assert sung.shape[1] == len(np.unique(piece.notes[:, PART])) == 4
    assert len(parallels(piece)) <= 0.02 * len(times)
    assert (np.diff(sung, axis=1) > 0).any(axis=1).mean() < 0.05, "voices hardly cross"
    for voice, (low, high) in enumerate(RANGES):
        assert low <= np.nanmin(sung[:, voice]) <= np.nanmax(sung[:, voice]) <= high
