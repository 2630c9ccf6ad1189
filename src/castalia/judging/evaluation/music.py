"""Evaluating composed music: realism and diversity on statistics of the notes, and copied runs of notes."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from castalia.core.errors import BadRequest
from castalia.families.artifact import FINGERPRINTS
from castalia.families.loading import load_learner
from castalia.families.nets.autoregressive import Autoregressive
from castalia.judging.evaluation import horizon, vectors
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import of_mean
from castalia.judging.evaluation.figures import Curve, Evaluation, Figure
from castalia.judging.evaluation.media import sheet, training_curve
from castalia.judging.evaluation.reference import reference
from castalia.modalities.music.figures import SCALES
from castalia.modalities.music.fingerprints import longest_copy
from castalia.modalities.music.piece import DURATION, PART, PITCH, START, Piece, estimated_key, in_order
from castalia.modalities.music.reading import read_music
from castalia.modalities.music.representation import MusicRepresentation, at_home

SAMPLES = 32
AT_ONCE = 32
"""Pieces of one request: drawn together they cost a fraction of what they cost one by one."""
MOST_REAL = 512
SHOWN = 12
LENGTHS = (0.125, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
STEPS = 12
"""Intervals of a line beyond an octave count as one."""
COMPONENTS = 24
VERSION = "notes-1"

Array = NDArray[np.float64]


def evaluate(bench: Bench) -> Evaluation:
    """Realism, diversity, key and copied runs of pieces. Raises BadRequest, DatasetError."""
    plan = bench.plan
    bench.tell("reading the data")
    real = reference(plan)
    view = cast("MusicRepresentation", real.representation)
    training, held = (
        [home(view.decode(row)) for row in vectors.some(part, MOST_REAL, plan.seed)]
        for part in (real.training, real.held_out)
    )
    count = plan.samples or SAMPLES
    made: list[Piece] = []
    while len(made) < count:
        bench.tell("composing", len(made) / count)
        size = min(AT_ONCE, count - len(made))
        answer = bench.ask("music", plan.seed + 1 + len(made), count=size, format="midi")
        made += [home(read_music(part.read())) for part in bench.require(answer)]
    prints = load_file(plan.model.folder / FINGERPRINTS)
    found = measured(training, held, made, prints, plan.seed)
    found.model, found.data, found.notes = plan.model.name, real.facts, real.notes
    learner = load_learner(plan.model.folder, real.config)
    if isinstance(learner, Autoregressive):
        figures, curves = horizon.of_tokens(learner, real.held_out, plan.seed)
        found.figures += figures
        found.curves += curves
    history = training_curve(real)
    found.curves += [] if history is None else [history]
    rows = [view.encode(piece) for piece in made[:SHOWN]]
    shown = [first[0] for first in rows if first]
    if shown:
        padded = np.full((len(shown), view.layout.length), view.layout.padding, dtype=np.int64)
        for place, row in enumerate(shown):
            padded[place, : len(row)] = row[: view.layout.length]
        found.pictures.append(sheet(real, "Made", padded, "the first pieces, as they came"))
    found.pictures.append(sheet(real, "Held out", real.held_out[:SHOWN], "real pieces that the model has not seen"))
    return found


def measured(
    training: Sequence[Piece],
    held: Sequence[Piece],
    made: Sequence[Piece],
    prints: dict[str, NDArray[np.generic]],
    seed: int,
) -> Evaluation:
    """All figures of made pieces; ``prints`` are the training's `castalia.modalities.music.fingerprints`.

    Pieces are in C major or A minor. Raises BadRequest when fewer than 16 hold notes.
    """
    made = [piece for piece in made if len(piece.notes)]
    if min(len(made), len(held)) < 16:
        raise BadRequest(
            f"{len(made)} made and {len(held)} held-out pieces tell nothing.", hint="Ask for --samples 32 or more."
        )
    rng = np.random.default_rng(seed)
    order = rng.integers(0, len(training), len(made))
    trivial = [shuffled(training[place], rng) for place in order]
    floor = [training[place] for place in rng.permutation(len(training))[: len(made)]]
    parts = _projected(*(describe(pieces) for pieces in (training, held, made, trivial, floor)))
    sets = vectors.Sets(*parts)
    found = Evaluation(
        model="",
        modality="music",
        seed=seed,
        samples=len(made),
        encoder={
            "kind": "shares of degrees, lengths, steps and places in the bar, density and range, as main components"
            " of the training pieces",
            "features": COMPONENTS,
            "sha256": hashlib.sha256(VERSION.encode() + parts[0].astype(np.float32).tobytes()).hexdigest(),
        },
        baseline="training pieces with the pitches of each part in random order, rhythm kept",
        figures=[*vectors.realism(sets, seed), *vectors.diversity(sets, seed)],
    )
    inside, real_ones, other = (np.array([in_scale(piece) for piece in pieces]) for pieces in (made, held, trivial))
    found.figures.append(
        vectors.figure("in_key", "realism", of_mean(inside, seed), float(real_ones.mean()), float(other.mean()),
                       unit="share", direction="higher", about="Notes within the scale of the piece's estimated key.")
    )  # fmt: skip
    figures, curve = _copied(made, held, trivial, prints, seed)
    found.figures += figures
    found.curves.append(curve)
    return found


def home(piece: Piece) -> Piece:
    """The piece in C major or A minor, by the key that its notes suggest: what files say of their key may lack."""
    tonic, minor = estimated_key(piece.notes) if len(piece.notes) else (0, False)
    return at_home(replace(piece, tonic=tonic, minor=minor))


def shuffled(piece: Piece, rng: np.random.Generator) -> Piece:
    """The same rhythm, the pitches of each part in random order."""
    notes = piece.notes.copy()
    for part in np.unique(notes[:, PART]):
        mine = notes[:, PART] == part
        notes[mine, PITCH] = rng.permutation(notes[mine, PITCH])
    return replace(piece, notes=in_order(notes))


def in_scale(piece: Piece) -> float:
    """The share of notes in the scale of the key that they suggest."""
    notes = piece.pitched()
    if not len(notes):
        return 0.0
    tonic, minor = estimated_key(notes)
    scale = {(degree - (9 if minor else 0) + tonic) % 12 for degree in SCALES[minor]}
    return float(np.isin(notes[:, PITCH].astype(int) % 12, list(scale)).mean())


def describe(pieces: Sequence[Piece]) -> Array:
    """Statistics (n, features) of the notes of pieces in C major or A minor."""
    return np.stack([_statistics(piece) for piece in pieces])


def _statistics(piece: Piece) -> Array:
    notes = piece.notes
    if not len(notes):
        return np.zeros(12 + len(LENGTHS) + 1 + 2 * STEPS + 1 + 16 + 6)
    pitches = notes[:, PITCH].astype(int)
    degrees = np.bincount(pitches % 12, minlength=12)
    lengths = np.bincount(np.searchsorted(np.array(LENGTHS) - 1e-6, notes[:, DURATION], "right"),
                          minlength=len(LENGTHS) + 1)  # fmt: skip
    steps = np.zeros(2 * STEPS + 1)
    for part in np.unique(notes[:, PART]):
        mine = notes[notes[:, PART] == part]
        line = mine[np.argsort(mine[:, START], kind="stable"), PITCH]
        steps += np.bincount(np.clip(np.diff(line), -STEPS, STEPS).astype(int) + STEPS, minlength=2 * STEPS + 1)
    places = np.bincount((np.rint(notes[:, START] * 4).astype(int)) % 16, minlength=16)
    density = len(notes) / max(1, piece.bars)
    others = [density / 32, pitches.min() / 127, pitches.max() / 127, pitches.mean() / 127, pitches.std() / 24,
              len(np.unique(notes[:, PART])) / 8]  # fmt: skip
    shares = [counts / max(1.0, counts.sum()) for counts in (degrees, lengths, steps, places)]
    return np.concatenate([*shares, others])


def _projected(training: Array, *others: Array) -> list[Array]:
    """Main components of the standardised training statistics, unit spread."""
    mean, spread = training.mean(0), np.maximum(training.std(0), 1e-3)
    whole = (training - mean) / spread
    _, _, axes = np.linalg.svd(whole, full_matrices=False)
    kept = axes[: min(COMPONENTS, len(axes))].T
    scale = np.maximum((whole @ kept).std(0), 1e-6)
    return [((part - mean) / spread) @ kept / scale for part in (training, *others)]


def _copied(
    made: Sequence[Piece],
    held: Sequence[Piece],
    trivial: Sequence[Piece],
    prints: dict[str, NDArray[np.generic]],
    seed: int,
) -> tuple[list[Figure], Curve]:
    runs = [[longest_copy(piece, prints) for piece in pieces] for pieces in (made, held, trivial)]
    longest, shares = (
        [np.array([getattr(one, name) for one in part], dtype=np.float64) for part in runs]
        for name in ("length", "share")
    )
    figures = [
        vectors.figure("longest_copied_run", "originality", of_mean(longest[0], seed), float(longest[1].mean()),
                       float(longest[2].mean()), unit="notes", direction="none",
                       about="The longest run of a line, at least nine notes, that a training piece has in any key and "
                       "tempo; far above the held-out pieces' is copying."),
        vectors.figure("copied_share", "originality", of_mean(shares[0], seed), float(shares[1].mean()),
                       float(shares[2].mean()), unit="share", direction="none",
                       about="Runs of nine notes that a training piece has, in any key and tempo."),
    ]  # fmt: skip
    top = max(float(part.max()) for part in longest) + 1
    edges = np.linspace(0, top, 21)
    middles = (edges[1:] + edges[:-1]) / 2
    named = zip(("made", "held out", "shuffled"), longest, strict=True)
    series = {
        name: [(float(x), float(y)) for x, y in zip(middles, np.histogram(part, edges)[0] / len(part), strict=True)]
        for name, part in named
    }
    return figures, Curve(title="Longest copied run", kind="histogram", x="notes", y="share of pieces", series=series)
