"""How well the chorales of the starter model are written: samples as they come, against chorales that it never saw.

    python starter/measures/chorales.py --data chorales/ [--reference bach/] [--model chorales] [--count 50]

``--data`` is the folder of `recipes/chorales.py`, ``--reference`` that of `recipes/bach.py`; the model is in the
home folder. Every sample is asked for in words ("a slow chorale in G minor"), none is left out. The same figures are
told of the held-out chorales, of a trivial baseline (held-out chorales with the notes of each voice in random order,
rhythm kept), of what the model draws when nothing is drawn anew (``drawn_once``), and of Bach's chorales.

- ``within_range``: share of notes between the 1st and the 99th percentile of that voice in the training chorales;
  ``within_bach``: in Bach's.
- ``parallels``: two voices that both move and are a fifth or an octave (or unison) apart before and after, for each 100
  moments at which a note begins.
- ``crossings``: share of those moments at which a voice sounds below a lower one.
- ``steps``, ``repeats``, ``leaps``: shares of the soprano's intervals of one or two semitones, none, more than four.
- ``eighths``: share of notes of half a beat or less.
- ``copied_notes``: the longest run of notes of a line that a training chorale has, in any key; ``copied_share``: the
  share of all runs of nine notes that one has. ``nearest``: of the one in `LOOKED_AT` training chorales that has most
  notes in common (start, pitch class, voice; all in one key), the share of notes in common.
"""

import argparse
import base64
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

import castalia
from castalia.client.api import house
from castalia.families.artifact import read_config
from castalia.families.loading import load_learner
from castalia.families.nets.token_options import TokenSamplingOptions
from castalia.modalities.music.fingerprints import longest_copy
from castalia.modalities.music.options import MusicOptions
from castalia.modalities.music.parallels import moments, parallels
from castalia.modalities.music.piece import DURATION, PART, PITCH, START, TONICS, Piece, estimated_key, in_order
from castalia.modalities.music.reading import read_file, read_music
from castalia.modalities.music.representation import at_home, in_key, restored
from castalia.modalities.sound import decode

RESULTS = Path(__file__).parent / "results" / "chorales.json"
KEYS = ("G minor", "G major", "D major", "A minor", "F major", "B minor", "C major", "D minor", "Bb major", "E minor")
PACES = {"slow ": (0.0, 76.0), "": (0.0, 400.0), "fast ": (116.0, 400.0)}
"""Words and the tempi that they allow."""
VOICES = 4
LOOKED_AT = 500
"""Training chorales of which ranges are taken and in which the nearest one is looked for; they stand for all."""
HELD_OUT = 100
"""Held-out chorales, and ones of Bach, that are measured."""


def main() -> None:
    """Measure and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the recipe's folder")
    parser.add_argument("--reference", type=Path, help="a folder of Bach's chorales")
    parser.add_argument("--model", default="chorales")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--sounds", type=int, default=2, help="how many are rendered")
    arguments = parser.parse_args()
    training = pieces_in(arguments.data / "train", LOOKED_AT)
    held_out = pieces_in(arguments.data / "held-out", HELD_OUT)
    bach = pieces_in(arguments.reference, HELD_OUT) if arguments.reference else []
    model = house().registry.get(arguments.model)
    yardstick = Yardstick(training, bach, load_file(model.folder / "fingerprints.safetensors"))
    made, obeyed = asked(arguments.model, arguments.count)
    draw = np.random.default_rng(0)
    found = {
        "model": {"name": model.name, "family": model.family, "figures": model.figures},
        "samples": arguments.count,
        "asked": obeyed,
        "ranges": yardstick.ranges,
        "made": yardstick.figures(made),
        "drawn_once": yardstick.figures(drawn_once(model.folder, arguments.count)),
        "held_out": yardstick.figures(held_out),
        "shuffled": yardstick.figures([shuffled(piece, draw) for piece in held_out]),
        "sound": [sound_of(arguments.model, seed) for seed in range(arguments.sounds)],
        "command": "python " + " ".join(sys.argv),
    }
    if bach:
        found |= {"bach_ranges": yardstick.bach_ranges, "bach": yardstick.figures(bach)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in found if name not in {"model", "ranges", "command"}}, indent=1))


def pieces_in(folder: Path, most: int | None = None) -> list[Piece]:
    """The chorales of a folder, or at most so many of them, evenly spread."""
    paths = sorted(folder.iterdir())
    return [read_file(path)[0] for path in paths[:: 1 if most is None else -(-len(paths) // most)]]


def asked(model: str, count: int) -> tuple[list[Piece], dict[str, object]]:
    """The pieces, and whether they are what was asked for."""
    pieces: list[Piece] = []
    keys = tempi = ended = four = home = 0
    states: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for number in range(count):
        key, pace = KEYS[number % len(KEYS)], list(PACES)[number % len(PACES)]
        result = castalia.generate(f"a {pace}chorale in {key}", model=model, seed=number)
        (output,) = result.outputs
        piece = read_music(output.read())
        tonic, minor = estimated_key(piece.notes)
        keys += f"{TONICS[tonic]} {'minor' if minor else 'major'}" == key
        bass = piece.notes[piece.notes[:, PART] == piece.notes[:, PART].max()]
        home += TONICS[int(bass[-1, PITCH]) % 12] == key.split()[0]
        low, high = PACES[pace]
        tempi += low <= (piece.tempo or 0.0) < high
        ended += bool(output.info["ended"])
        four += len(np.unique(piece.notes[:, PART])) == VOICES
        states[result.verdict.status] += 1
        flags.update(measure.name for measure in result.verdict.measures if measure.status != "pass")
        pieces.append(replace(piece, tonic=TONICS.index(key.split()[0]), minor=key.endswith("minor")))
    shares = {"key": keys, "tempo": tempi, "ended_by_itself": ended, "four_voices": four, "last_bass_is_tonic": home}
    told: dict[str, object] = {name: round(value / count, 3) for name, value in shares.items()}
    return pieces, {"decoded": 1.0, **told, "verdicts": dict(states), "flagged": dict(flags)}


def drawn_once(folder: Path, count: int) -> list[Piece]:
    """As many items as the model draws them at the usual temperature: none is chosen, nothing drawn anew."""
    config = read_config(folder)
    view = restored(config.representation)
    wished = [{"key": ("major", "minor")[number % 2]} for number in range(count)]
    conditions, known = view.encode_conditions(wished)
    usual = MusicOptions()
    options = TokenSamplingOptions(temperature=usual.temperature, top_p=usual.top_p)
    generator = torch.Generator().manual_seed(0)
    given = torch.tensor(conditions), torch.tensor(known)
    rows = load_learner(folder, config).sample(count, *given, generator, options).numpy()
    pieces = (view.decode(row) for row in rows)
    return [in_key(piece, 9 * minor, minor=bool(minor)) for piece, minor in zip(pieces, [0, 1] * count, strict=False)]


class Yardstick:
    """What pieces are measured by: training pieces, their traces, and the ranges of voices."""

    def __init__(self, training: list[Piece], bach: list[Piece], prints: dict[str, np.ndarray]) -> None:
        self.prints = prints
        self.ranges, self.bach_ranges = ranges_of(training), ranges_of(bach) if bach else []
        self.known = [notes_of(piece) for piece in training]

    def figures(self, pieces: Sequence[Piece]) -> dict[str, float]:
        """See the first lines."""
        moments_of = [moments(piece)[1] for piece in pieces]
        count = sum(map(len, moments_of))
        crossings = sum(int((np.diff(sung, axis=1) > 0).any(axis=1).sum()) for sung in moments_of)
        copied = [longest_copy(piece, self.prints) for piece in pieces]
        nearest = [max(len(mine & other) / len(mine) for other in self.known) for mine in map(notes_of, pieces)]
        soprano = np.abs(np.concatenate([np.diff(pitches([piece], 0)) for piece in pieces]))
        lengths = np.concatenate([piece.notes[:, DURATION] for piece in pieces])
        told = {
            "pieces": len(pieces),
            "within_range": within(pieces, self.ranges),
            "within_bach": within(pieces, self.bach_ranges) if self.bach_ranges else float("nan"),
            "parallels": 100 * sum(len(parallels(piece)) for piece in pieces) / count,
            "crossings": crossings / count,
            "steps": np.isin(soprano, (1, 2)).mean(),
            "repeats": (soprano == 0).mean(),
            "leaps": (soprano > 4).mean(),
            "eighths": (lengths <= 0.5).mean(),
            "copied_notes_median": np.median([one.length for one in copied]),
            "copied_notes_most": max(one.length for one in copied),
            "copied_share": np.mean([one.share for one in copied]),
            "nearest_mean": np.mean(nearest),
            "nearest_most": max(nearest),
            "bars_mean": np.mean([piece.bars for piece in pieces]),
            "notes_a_bar": sum(len(piece.notes) for piece in pieces) / sum(piece.bars for piece in pieces),
        }
        return {name: round(float(value), 4) for name, value in told.items() if not np.isnan(value)}


def ranges_of(pieces: Sequence[Piece]) -> list[list[float]]:
    """The 1st and the 99th percentile of each voice's pitches."""
    return [np.percentile(pitches(pieces, voice), [1, 99]).tolist() for voice in range(VOICES)]


def within(pieces: Sequence[Piece], ranges: list[list[float]]) -> float:
    """The share of notes within the ranges of their voices."""
    found = [pitches(pieces, voice) for voice in range(VOICES)]
    inside = [(low <= mine) & (mine <= high) for mine, (low, high) in zip(found, ranges, strict=True)]
    return float(np.concatenate(inside).mean())


def pitches(pieces: Sequence[Piece], voice: int) -> np.ndarray:
    """All pitches of a voice."""
    return np.concatenate([piece.notes[piece.notes[:, PART] == voice, PITCH] for piece in pieces])


def shuffled(piece: Piece, draw: np.random.Generator) -> Piece:
    """The same rhythm, the pitches of each voice in random order."""
    notes = piece.notes.copy()
    for voice in range(VOICES):
        mine = notes[:, PART] == voice
        notes[mine, PITCH] = draw.permutation(notes[mine, PITCH])
    return replace(piece, notes=in_order(notes))


def notes_of(piece: Piece) -> set[tuple[int, int, int]]:
    """Start in sixteenths, pitch class in C major or A minor, voice."""
    notes = at_home(piece).notes
    rows = np.stack([np.rint(4 * notes[:, START]), notes[:, PITCH] % 12, notes[:, PART]], axis=1).astype(int)
    return {(int(start), int(pitch), int(part)) for start, pitch, part in rows}


def sound_of(model: str, seed: int) -> dict[str, object]:
    """Whether the rendered sound is one: its length, its level, and whether its last chord lies on its notes."""
    result = castalia.generate("a chorale in G minor", model=model, seed=seed, format="wav")
    (output,) = result.outputs
    samples, rate = decode(output.read())
    piece = read_music(base64.b64decode(str(output.info["midi"])))
    beat = 60.0 / (piece.tempo or 100.0)
    last = piece.notes[piece.notes[:, START] + piece.notes[:, DURATION] >= piece.length - 1e-6]
    start = int((last[:, START].max() * beat + 0.1) * rate)
    stop = int(piece.length * beat * rate)
    power = np.abs(np.fft.rfft(samples[start:stop] * np.hanning(stop - start))) ** 2
    tones = np.fft.rfftfreq(stop - start, 1 / rate)
    near = np.zeros(len(tones), dtype=bool)
    for pitch in last[:, PITCH]:
        for overtone in range(1, 9):
            near |= np.abs(tones - overtone * 440.0 * 2 ** ((pitch - 69) / 12)) < 6.0
    frames = samples[: len(samples) // 1600 * 1600].reshape(-1, 1600)
    levels = 20 * np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-6)
    return {
        "rendered_by": output.info["rendered by"],
        "seconds": round(len(samples) / rate, 2),
        "seconds_of_the_score": round(piece.length * beat, 2),
        "peak": round(float(np.abs(samples).max()), 3),
        "median_level_db": round(float(np.median(levels)), 1),
        "silent_share": round(float((levels < -50).mean()), 3),
        "last_chord_energy_on_its_notes": round(float(power[near].sum() / power.sum()), 3),
    }


if __name__ == "__main__":
    main()
