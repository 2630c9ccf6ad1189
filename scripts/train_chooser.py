"""Train the chooser's wording classifier on the project's own corpus and write its weights into the package.

    python scripts/train_chooser.py            (about two CPU-minutes; the same corpus gives the same file)

Needs scikit-learn (a development dependency); the running chooser does not. One template in eight is held out whole,
with all sentences made from it: on those the temperature is fitted and the accuracy reported, so the figure is about
turns of phrase that were never seen. The final weights come from all templates.
"""

import argparse
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, diags
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits

from castalia.choosing.classifier import FILE, Classifier, save
from castalia.choosing.corpus.grammar import Example, load
from castalia.choosing.features import BUCKETS, features
from castalia.choosing.lexicon import LEXICON
from castalia.choosing.reading import read

HELD_OUT = 8
"""One template in so many is held out."""


def matrix(examples: list[Example]) -> csr_matrix:
    """Features (examples, buckets)."""
    buckets, values, starts = [], [], [0]
    for example in examples:
        found, value = features(read(example.text), list(dict.fromkeys(example.kinds)), LEXICON)
        buckets.append(found)
        values.append(value)
        starts.append(starts[-1] + len(found))
    shape = (len(examples), BUCKETS)
    found = csr_matrix((np.concatenate(values), np.concatenate(buckets), np.array(starts)), shape=shape)
    found.sum_duplicates()
    return found


def rarity(x: csr_matrix) -> np.ndarray:
    """How telling each bucket is: 1 + log((1 + n) / (1 + uses)), scaled so that rows have length 1."""
    uses = np.asarray((x > 0).sum(axis=0)).ravel()
    scale = 1 + np.log((1 + x.shape[0]) / (1 + uses))
    squares = (x @ diags(scale)).power(2).sum(axis=1).mean()
    return scale / np.sqrt(squares)


def fit(x: csr_matrix, labels: list[str], strength: float) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Multinomial logistic regression, L2-regularised: labels, weights (buckets, labels) and bias (labels,).

    The rarity of each bucket is folded into its weights, so that the running chooser needs no second table.
    """
    scale = rarity(x)
    model = LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit((x @ diags(scale)).tocsr(), labels)
    return [str(label) for label in model.classes_], model.coef_.T * scale[:, None], model.intercept_


def best_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature with the least negative log-likelihood of ``truth`` (n,) under ``logits`` (n, labels)."""

    def loss(temperature: float) -> float:
        return -float(log_softmax(logits / temperature, axis=1)[np.arange(len(truth)), truth].mean())

    return float(minimize_scalar(loss, bounds=(0.3, 5.0), method="bounded").x)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the chooser's wording classifier.")
    parser.add_argument("--strength", type=float, default=20.0, help="inverse regularisation")
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()

    grammar = load()
    examples = grammar.examples(seed=0)
    held = [crc32(example.template.encode()) % HELD_OUT == 0 for example in examples]
    seen = [example for example, out in zip(examples, held, strict=True) if not out]
    unseen = [example for example, out in zip(examples, held, strict=True) if out]

    every, out = matrix(examples), np.array(held)
    labels, weights, bias = fit(every[~out], [example.label for example in seen], arguments.strength)
    logits = every[out] @ weights + bias
    truth = np.array([labels.index(example.label) for example in unseen])
    temperature = best_temperature(logits, truth)
    guesses = logits.argmax(axis=1)
    print(
        f"{len(seen)} sentences; {len(unseen)} of unseen templates: accuracy {(guesses == truth).mean():.3f},", end=" "
    )
    print(f"macro-F1 {f1_score(truth, guesses, average='macro'):.3f}; temperature {temperature:.2f}")

    _, weights, bias = fit(every, [example.label for example in examples], arguments.strength)
    save(Classifier(labels, weights, bias, round(temperature, 3), grammar.digest), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    with threadpool_limits(1):  # sums in one order, whatever the number of cores: the same file every time
        main()
