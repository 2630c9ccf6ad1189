"""Music for the tests: small pieces in two parts, made by rule in many keys."""

import random

import numpy as np
import pytest

from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.notation import write_musicxml
from castalia.modalities.music.piece import Part, Piece, in_order

MAJOR_STEPS, MINOR_STEPS = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def composed(seed, bars=8, metre=(4, 4)):
    """A walking melody over a bass that holds one note a bar; ends on the tonic."""
    draw = random.Random(seed)
    tonic, minor = draw.randrange(12), draw.random() < 0.4
    scale = MINOR_STEPS if minor else MAJOR_STEPS
    size = 4 * metre[0] / metre[1]
    rows, degree = [], 7
    for bar in range(bars):
        time, last = bar * size, bar == bars - 1
        root = 0 if last or bar == 0 else draw.choice([0, 3, 4])
        rows.append((time, size, 48 + tonic + scale[root % 7], 80, 1))
        while time < (bar + 1) * size - 1e-9:
            length = size if last else draw.choice([0.5, 0.5, 1.0]) if size % 1 == 0 else 0.5
            length = min(length, (bar + 1) * size - time)
            degree = 7 if last else min(12, max(2, degree + draw.choice([-2, -1, -1, 0, 1, 1, 2])))
            rows.append((time, length, 60 + tonic + scale[degree % 7] + 12 * (degree // 7 - 1), 80, 0))
            time += length
    parts = (Part("Flute", 73), Part("Bass", 43))
    tempo = draw.choice([60.0, 100.0, 140.0])
    return Piece(in_order(np.asarray(rows, float)), parts, metre, tempo, tonic, minor, f"piece {seed}")


@pytest.fixture(scope="session")
def compose():
    return composed


@pytest.fixture(scope="session")
def songbook(tmp_path_factory):
    """A folder of sixty pieces, half of them as MIDI, half as MusicXML."""
    folder = tmp_path_factory.mktemp("songbook")
    for seed in range(60):
        piece = composed(seed, bars=6 + 2 * (seed % 3), metre=(3, 4) if seed % 4 == 0 else (4, 4))
        if seed % 2:
            (folder / f"{seed}.mid").write_bytes(write_midi(piece))
        else:
            (folder / f"{seed}.musicxml").write_bytes(write_musicxml(piece))
    return folder
