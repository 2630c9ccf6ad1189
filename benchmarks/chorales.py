"""Bach's chorales at quarter notes: negative log-likelihood of a time step on the canonical test part, in nats.

    python benchmarks/chorales.py                         (the peer and both families, 180 CPU-seconds each)
    python benchmarks/chorales.py --systems transformer --seed 1 2 3

``jsb-chorales-quarter.json`` (in ``CASTALIA_SHARED``) holds the canonical split. A step is the set of sounding notes,
coded as its notes from the highest to the lowest and an end-of-step token, under a grammar that allows nothing else: so
each set has exactly one code, and the sum of its tokens' losses is its exact negative log-likelihood given all steps
before. The end of a chorale is learnt and not counted. Every step counts, the first of each chorale too; the figure
without first steps (as in Bai, Kolter, Koltun 2018, whose networks predict from the second on) stands beside it. The
training part is learnt in twelve transpositions; the validation part, as it is, picks the weights.

References from that paper, table 1, not measured here: LSTM 8.45, GRU 8.43, TCN 8.10. They treat the notes of a step
as independent given the past; ours draw each given the higher ones. The peer does as they do, on the same
transpositions and for the same processor seconds: the gap is what drawing notes together, and our training, bring.
"""

import argparse
import json
import sys

import numpy as np
import torch

import chorales_peer
from castalia.core.contracts import Encoded
from castalia.core.representation import Grammar, Tokens
from castalia.families.contract import Batch
from castalia.families.nets.autoregressive import Autoregressive
from castalia.training.data import Dataset
from learning import as_batches, data_file, keep, load_average, table, train

LOWEST, HIGHEST = 37, 102
"""MIDI numbers of the vocabulary: those of the data, six semitones further on either side."""
PADDING, STEP = 0, 1
FIRST_NOTE = 2
VOCABULARY = FIRST_NOTE + HIGHEST - LOWEST + 1
TRANSPOSITIONS = range(-6, 6)
SYSTEMS = {
    "transformer": ("tiny", {"dropout": 0.1, "batch": 4}),
    "recurrent": ("tiny", {"dropout": 0.2, "batch": 4}),
}
"""Size and options."""

Chorale = list[list[int]]


def grammar() -> Grammar:
    """State 0: a step begins; state i: its last note was the i-th of the vocabulary. Notes go down within a step."""
    notes = HIGHEST - LOWEST + 1
    fresh = [-1, 0, *range(1, notes + 1)]
    inside = [[-1, 0, *(note if note < last else -1 for note in range(1, notes + 1))] for last in range(1, notes + 1)]
    return Grammar(
        classes=tuple(range(VOCABULARY)), transitions=tuple(tuple(row) for row in [fresh, *inside]), ends=(0,)
    )


def encode(chorales: list[Chorale], length: int, shift: int = 0) -> np.ndarray:
    """Tokens (n, length) of the chorales, moved by ``shift`` semitones."""
    data = np.full((len(chorales), length), PADDING, dtype=np.int64)
    for row, chorale in zip(data, chorales, strict=True):
        tokens = [token for step in chorale for token in [*_notes(step, shift), STEP]]
        row[: len(tokens)] = tokens
    return data


def _notes(step: list[int], shift: int) -> list[int]:
    return [FIRST_NOTE + note + shift - LOWEST for note in sorted(set(step), reverse=True)]


def judge(learner: Autoregressive, data: np.ndarray) -> dict[str, float]:
    """Nats a step over all steps, and over all but the first of each chorale."""
    total = later = steps = 0.0
    with torch.no_grad():
        for piece in as_batches(data, 16):
            losses, _ = learner.token_losses(Batch(torch.from_numpy(piece)), None, obeying=True)
            tokens = piece[:, : losses.shape[1]]
            nats = np.where(tokens == PADDING, 0.0, losses.numpy())
            total += float(nats.sum())
            first = np.cumsum(tokens == STEP, axis=1) - (tokens == STEP) == 0
            later += float(nats[~first].sum())
            steps += float((tokens == STEP).sum())
    return {"nats_a_step": round(total / steps, 4), "nats_a_later_step": round(later / (steps - len(data)), 4)}


def independent(training: np.ndarray, test: np.ndarray) -> float:
    """The trivial peer: each token by its frequency after the token before it, add-one smoothed."""
    counts = np.ones((VOCABULARY, VOCABULARY))
    for row in training:
        tokens = [STEP, *row[row != PADDING]]
        np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    chances = counts / counts.sum(axis=1, keepdims=True)
    total = steps = 0.0
    for row in test:
        tokens = [STEP, *row[row != PADDING]]
        total -= float(np.log(chances[tokens[:-1], tokens[1:]]).sum())
        steps += float((row == STEP).sum())
    return total / steps


def main() -> int:
    parser = argparse.ArgumentParser(description="Nats a time step on the JSB chorales.")
    parser.add_argument("--systems", nargs="+", choices=["peer", *SYSTEMS], default=["peer", *SYSTEMS])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--option", nargs="*", default=[], help="NAME=JSON, options of the family")
    arguments = parser.parse_args()
    file = data_file("jsb-chorales-quarter.json")
    if file is None:
        return 0
    torch.set_num_threads(1)
    parts: dict[str, list[Chorale]] = json.loads(file.read_text(encoding="utf-8"))
    length = 1 + max(sum(len(set(step)) + 1 for step in one) for part in parts.values() for one in part)
    layout = Tokens(vocabulary=VOCABULARY, length=length, padding=PADDING, grammar=grammar())
    shifted = [encode(parts["train"], length, shift) for shift in TRANSPOSITIONS]
    valid, test = encode(parts["valid"], length), encode(parts["test"], length)
    data = np.concatenate([*shifted, valid])

    def canonical(dataset: Dataset) -> None:
        dataset.training = np.arange(len(data) - len(valid))
        dataset.held_out = np.arange(len(data) - len(valid), len(data))

    bigram = independent(encode(parts["train"], length), test)
    rows: list[dict[str, object]] = [{"system": "bigrams of tokens", "seed": 0, "nats_a_step": round(bigram, 4)}]
    for seed in arguments.seed:
        for name in arguments.systems:
            if name == "peer":
                load = load_average()
                found: dict[str, object] = dict(chorales_peer.run(parts, TRANSPOSITIONS, seed, arguments.seconds))
                rows.append({"system": "peer", "seed": seed, "load_before": load} | found)
                print(f"peer seed {seed}: {found}", flush=True)
                continue
            size, options = SYSTEMS[name]
            options = options | {
                key: json.loads(value) for key, value in (one.split("=", 1) for one in arguments.option)
            }
            load = load_average()
            done = train(
                name,
                layout,
                Encoded(data),
                seconds=arguments.seconds,
                size=size,
                seed=seed,
                options=options,
                split=canonical,
            )
            figures = judge(done.learner, test) | {
                f"valid_{key}": value for key, value in judge(done.learner, valid).items()
            }
            row = {"system": name, "seed": seed, "load_before": load, "cpu_seconds": done.cpu_seconds} | figures
            rows.append(row | {"parameters": done.parameters, "steps": done.steps, "config": done.config})
            print(f"{name} seed {seed}: {figures} in {done.cpu_seconds} CPU-s", flush=True)
    keep("chorales", rows, {"what": "nats a time step on the test part; processor seconds"})
    print(table(rows[1:], ["nats_a_step", "nats_a_later_step", "cpu_seconds"]))
    print(f"bigrams of tokens: {bigram:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
