"""The folder that the starter model `chorales` is trained on: four-part chorales that this program composes.

    python starter/recipes/chorales.py --out chorales/ [--count 6000] [--seed 0]

No music of others is in them: chords follow each other by a table of our own, the voices are written by the rules that
every textbook of four-part writing teaches (`partwriting`), the rest is chance. ``train/`` takes most of the pieces,
``held-out/`` every twentieth. The command that trains the model is printed at the end.

Slow pieces have more passing notes and suspensions than fast ones, so that tempo means something to the model.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from partwriting.ornaments import Score, adorned
from partwriting.phrases import planned
from partwriting.voicing import moves, written

from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.piece import Part, Piece, estimated_key, in_order

PARTS = tuple(Part(name, 52) for name in ("Soprano", "Alto", "Tenor", "Bass"))
TEMPI = (60.0, 66.0, 72.0, 84.0, 92.0, 100.0, 120.0)
"""Quarter notes a minute."""
KEYS = {False: (0, 2, 3, 5, 7, 9, 10, 4, 8, 1, 6, 11), True: (9, 2, 4, 7, 11, 0, 6, 5, 1, 3, 8, 10)}
"""Tonics, the usual ones first."""
USUAL = (12, 12, 12, 12, 12, 12, 12, 8, 6, 3, 2, 2)
"""Shares of these tonics."""
EVERY = 20
LONGEST = 12
"""Bars; longer ones are left out, as short ones teach as much in less time."""
LICENCE = "CC0-1.0: composed by a program of our own, starter/recipes/chorales.py"
TRAIN = (
    "castalia train {folder} --name chorales --modality music --family recurrent --size tiny --minutes 4 --threads 1 "
    '--data max_items=2500 --licence "{licence}"'
)


def main() -> None:
    """Write the folder and print how to train on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("chorales"), help="folder to write")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for part in ("train", "held-out"):
        (chosen.out / part).mkdir(parents=True, exist_ok=True)
    for number, piece in enumerate(composed(chosen.count, chosen.seed)):
        if piece.bars > LONGEST:
            continue
        part = "held-out" if number % EVERY == EVERY - 1 else "train"
        (chosen.out / part / f"{number:05}.mid").write_bytes(write_midi(piece))
    print(TRAIN.format(folder=chosen.out / "train", licence=LICENCE))


def composed(count: int, seed: int) -> Iterator[Piece]:
    """So many pieces, key by key. A piece that breaks a rule or does not sound as if in its key is made anew."""
    shares = np.array(USUAL) / (2 * sum(USUAL))
    for minor, tonics in KEYS.items():
        for share, tonic in zip(shares, tonics, strict=True):
            moves.cache_clear()
            draw = np.random.default_rng([seed, tonic, int(minor)])
            wanted = round(count * float(share))
            while wanted:
                piece = _composed(draw, tonic, minor=minor)
                if piece is not None:
                    wanted -= 1
                    yield piece


def _composed(draw: np.random.Generator, tonic: int, *, minor: bool) -> Piece | None:
    plan = planned(draw, tonic, minor=minor)
    voices = written(draw, plan)
    if voices is None:
        return None
    tempo = float(draw.choice(TEMPI))
    liveliness = float(np.clip((150.0 - tempo) / 75.0 * draw.uniform(0.6, 1.0), 0.2, 1.0))
    score = adorned(draw, plan, voices, liveliness)
    metre = (plan.beats_a_bar, 4)
    piece = Piece(_notes(score, plan.beats_a_bar), PARTS, metre, tempo, tonic, minor)
    return piece if estimated_key(piece.notes) == (tonic, minor) else None


def _notes(score: Score, beats_a_bar: int) -> np.ndarray:
    """Rows of `Piece.notes`; a pick-up stands at the end of the first bar."""
    shift = beats_a_bar if score.first < 0 else 0
    rows: list[tuple[float, ...]] = []
    for voice in range(4):
        starts = np.flatnonzero(score.begun[voice])
        ends = [*starts[1:].tolist(), score.pitches.shape[1]]
        for start, end in zip(starts.tolist(), ends, strict=True):
            pitch = int(score.pitches[voice, start])
            rows.append((score.first + shift + start / 2, (end - start) / 2, pitch, 80.0, voice))
    return in_order(np.array(rows, dtype=np.float64))


if __name__ == "__main__":
    main()
