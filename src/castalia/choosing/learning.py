"""Learning from corrections: the shipped classifier is moved just far enough to agree with what a person said.

Only the weights of the features that the corrections have are moved, by gradient descent on the corrections' cross
entropy. What keeps the rest in place is distillation (Hinton et al. 2015, "Distilling the Knowledge in a Neural
Network"): on sentences of the corpus the moved classifier must give the shipped one's probabilities.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from castalia.choosing.classifier import Classifier
from castalia.choosing.corpus import grammar
from castalia.choosing.features import features
from castalia.choosing.held_out import HeldOut
from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import read

Features = tuple[NDArray[np.int64], NDArray[np.float32]]

STEPS, RATE = 200, 2.0
"""Steps of gradient descent and their length, in units of the mean gradient."""
REPLAYED = 30
"""One sentence of the corpus in so many is replayed."""
SHARES = (0.03, 0.1, 0.25, 0.5)
"""Weight of the corrections against the replay, tried from the mildest on until all corrections are followed."""
TOLERANCE = 0.01
"""By how much the accuracy on the requests held out may fall."""


@dataclass(frozen=True)
class Correction:
    """What a person said about a request: with attachments of these ``kinds`` it is a wish for ``label``."""

    text: str
    label: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """How a classifier does: accuracy in [0, 1] and macro-F1 in [0, 1] on ``n`` requests."""

    accuracy: float
    macro_f1: float
    n: int


def learn(shipped: Classifier, corrections: list[Correction], lexicon: Lexicon, held_out: list[HeldOut]) -> Classifier:
    """The classifier that agrees with the corrections, as far as the requests held out do not suffer.

    Of a request corrected twice the later word counts. Raises ValueError for a label that the classifier lacks.
    """
    if not corrections:
        return shipped
    latest = {(one.text, one.kinds): one for one in corrections}
    told = [of(one.text, one.kinds, lexicon) for one in latest.values()]
    truth = np.array([shipped.labels.index(one.label) for one in latest.values()])
    rows = [of(example.text, example.kinds, lexicon) for example in grammar.load().examples(seed=1)[::REPLAYED]]
    floor = score(shipped, held_out, lexicon).accuracy - TOLERANCE
    best = shipped
    for share in SHARES:
        moved = _moved(shipped, told, truth, rows, share)
        if score(moved, held_out, lexicon).accuracy < floor:
            break
        best = moved
        if [guess(best, found) for found in told] == [one.label for one in latest.values()]:
            break
    return best


def score(classifier: Classifier, requests: list[HeldOut], lexicon: Lexicon) -> Score:
    """How often the classifier by itself, without the rules, finds the label of these requests."""
    said = [guess(classifier, of(one.text, one.kinds, lexicon)) for one in requests]
    truth = [one.label for one in requests]
    pairs = list(zip(truth, said, strict=True))
    f1: list[float] = []
    for label in dict.fromkeys(truth):
        hits = sum(a == b == label for a, b in pairs)
        f1.append(2 * hits / (truth.count(label) + said.count(label)))
    right = sum(a == b for a, b in pairs)
    return Score(right / len(pairs), sum(f1) / len(f1), len(pairs))


def of(text: str, kinds: tuple[str, ...], lexicon: Lexicon) -> Features:
    """The features of a request, as the chooser computes them."""
    return features(read(text, lexicon), list(dict.fromkeys(kinds)), lexicon)


def guess(classifier: Classifier, found: Features) -> str:
    """The likeliest label."""
    return classifier.labels[int(classifier.logits(*found).argmax())]


def _moved(
    shipped: Classifier, told: list[Features], truth: NDArray[np.int64], rows: list[Features], share: float
) -> Classifier:
    """Gradient descent on share x (corrections) + (1 - share) x (replay) over the corrections' own buckets."""
    buckets = np.unique(np.concatenate([found[0] for found in told]))
    rows = [found for found in rows if np.isin(found[0], buckets).any()]
    x = np.stack([_dense(found, buckets) for found in (*told, *rows)])  # (corrections + replayed, buckets)
    fixed = np.stack([shipped.logits(*found) for found in (*told, *rows)]) / np.float32(shipped.temperature)
    targets = _softmax(fixed)
    targets[: len(told)] = np.eye(len(shipped.labels), dtype=np.float32)[truth]
    weight = np.full((len(x), 1), (1 - share) / max(len(rows), 1), dtype=np.float32)
    weight[: len(told)] = share / len(told)
    moves = np.zeros((len(buckets), len(shipped.labels)), dtype=np.float32)
    length = RATE / float((weight * (x**2).sum(axis=1, keepdims=True)).sum())
    for _ in range(STEPS):
        errors = _softmax(fixed + x @ moves) - targets
        moves -= length * (x.T @ (weight * errors))
    weights = shipped.weights.copy()
    weights[buckets] += moves * shipped.temperature
    return replace(shipped, weights=weights)


def _dense(found: Features, buckets: NDArray[np.int64]) -> NDArray[np.float32]:
    row = np.zeros(len(buckets), dtype=np.float32)
    places = np.searchsorted(buckets, found[0])
    places = np.minimum(places, len(buckets) - 1)
    hit = buckets[places] == found[0]
    np.add.at(row, places[hit], found[1][hit])
    return row


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    return powers / powers.sum(axis=1, keepdims=True)
