"""How like Bach's the chorales of the starter model are: 50 samples as they come, against chorales that it never saw.

    python starter/measures/chorales.py --data chorales/ [--model chorales] [--count 50]

``--data`` is the folder that `recipes/chorales.py` wrote; the model is in the home folder. Every sample is asked for in
words ("a slow chorale in G minor"), none is left out. The same figures are told of the held-out chorales and of a
trivial baseline: held-out chorales with the notes of each voice in random order, rhythm kept.

- ``within_range``: share of notes between the 1st and the 99th percentile of that voice in the training chorales.
- ``parallels``: two voices that both move and are a fifth or an octave (or unison) apart before and after, for each 100
  moments at which a note begins.
- ``crossings``: share of those moments at which a voice sounds below a lower one.
- ``copied_notes``: the longest run of notes of a line that a training chorale has, in any key; ``copied_share``: the
  share of all runs of nine notes that one has. ``nearest``: of the training chorale that has most notes in common
  (start, pitch class, voice; all in one key), the share of notes in common.
"""

import argparse
import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import castalia
from castalia.client.api import house
from castalia.modalities.music.fingerprints import longest_copy
from castalia.modalities.music.piece import DURATION, PART, PITCH, START, TONICS, Piece, estimated_key, in_order
from castalia.modalities.music.reading import read_file, read_music
from castalia.modalities.music.representation import at_home
from castalia.modalities.sound import decode

RESULTS = Path(__file__).parent / "results" / "chorales.json"
KEYS = ("G minor", "G major", "D major", "A minor", "F major", "B minor", "C major", "D minor", "Bb major", "E minor")
PACES = {"slow ": (0.0, 76.0), "": (0.0, 400.0), "fast ": (116.0, 400.0)}
"""Words and the tempi that they allow."""
VOICES = 4


def main() -> None:
    """Measure and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the recipe's folder")
    parser.add_argument("--model", default="chorales")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--sounds", type=int, default=2, help="how many are rendered")
    arguments = parser.parse_args()
    training, held_out = (pieces_in(arguments.data / part) for part in ("train", "held-out"))
    ranges = [np.percentile(pitches(training, voice), [1, 99]).tolist() for voice in range(VOICES)]
    model = house().registry.get(arguments.model)
    prints = load_file(model.folder / "fingerprints.safetensors")
    made, obeyed = asked(arguments.model, arguments.count)
    draw = np.random.default_rng(0)
    found = {
        "model": {"name": model.name, "family": model.family, "figures": model.figures},
        "samples": arguments.count,
        "asked": obeyed,
        "ranges": ranges,
        "made": figures(made, ranges, training, prints),
        "held_out": figures(held_out, ranges, training, prints),
        "shuffled": figures([shuffled(piece, draw) for piece in held_out], ranges, training, prints),
        "sound": [sound_of(arguments.model, seed) for seed in range(arguments.sounds)],
        "command": f"python starter/measures/chorales.py --count {arguments.count}",
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in ("asked", "made", "held_out", "shuffled", "sound")}, indent=1))


def pieces_in(folder: Path) -> list[Piece]:
    """All chorales of a folder."""
    return [read_file(path)[0] for path in sorted(folder.iterdir())]


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


def figures(
    pieces: Sequence[Piece], ranges: list[list[float]], training: list[Piece], prints: dict[str, np.ndarray]
) -> dict[str, float]:
    """See the first lines."""
    inside = total = parallels = crossings = moments = 0
    runs: list[int] = []
    shares: list[float] = []
    known = [notes_of(piece) for piece in training]
    nearest: list[float] = []
    for piece in pieces:
        for voice, (low, high) in enumerate(ranges):
            found = piece.notes[piece.notes[:, PART] == voice, PITCH]
            inside, total = inside + int(((found >= low) & (found <= high)).sum()), total + len(found)
        sounding = chords(piece)
        moments += len(sounding)
        parallels += parallels_in(sounding)
        crossings += int((np.diff(sounding, axis=1) > 0).any(axis=1).sum())
        copied = longest_copy(piece, prints)
        runs.append(copied.length)
        shares.append(copied.share)
        mine = notes_of(piece)
        nearest.append(max(len(mine & other) / len(mine) for other in known))
    return {
        "pieces": len(pieces),
        "within_range": round(inside / total, 4),
        "parallels": round(100 * parallels / moments, 3),
        "crossings": round(crossings / moments, 4),
        "copied_notes_median": float(np.median(runs)),
        "copied_notes_most": float(max(runs)),
        "copied_share": round(float(np.mean(shares)), 4),
        "nearest_mean": round(float(np.mean(nearest)), 3),
        "nearest_most": round(max(nearest), 3),
        "bars_mean": round(float(np.mean([piece.bars for piece in pieces])), 2),
        "notes_mean": round(float(np.mean([len(piece.notes) for piece in pieces])), 1),
    }


def pitches(pieces: Sequence[Piece], voice: int) -> np.ndarray:
    """All pitches of a voice."""
    return np.concatenate([piece.notes[piece.notes[:, PART] == voice, PITCH] for piece in pieces])


def chords(piece: Piece) -> np.ndarray:
    """What the four voices sing (moments, 4) whenever a note begins; a silent voice keeps its last pitch."""
    times = np.unique(np.round(piece.notes[:, START], 3))
    columns = []
    for voice in range(VOICES):
        mine = piece.notes[piece.notes[:, PART] == voice]
        places = np.searchsorted(mine[:, START], times + 1e-3) - 1
        columns.append(mine[np.maximum(places, 0), PITCH] if len(mine) else np.zeros(len(times)))
    return np.stack(columns, axis=1)


def parallels_in(sounding: np.ndarray) -> int:
    """How often two voices move in fifths or octaves."""
    count = 0
    for upper in range(VOICES):
        for lower in range(upper + 1, VOICES):
            apart = (sounding[:, upper] - sounding[:, lower]) % 12
            moved = (np.diff(sounding[:, upper]) != 0) & (np.diff(sounding[:, lower]) != 0)
            count += int((moved & (apart[1:] == apart[:-1]) & np.isin(apart[1:], (0, 7))).sum())
    return count


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
