"""Train the classifier that tells which language task a wish asks for, and write its weights into the package.

    python scripts/train_task_router.py            (about a CPU-minute; the same corpus gives the same file)

Everything is as in ``train_chooser.py``, on the corpus in ``choosing/tasks/corpus``; what is held out by hand is
measured at the end, and never learnt from.
"""

import argparse
from pathlib import Path
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits
from train_chooser import HELD_OUT as EACH
from train_chooser import best_temperature, fit, matrix

from castalia.choosing import held_out
from castalia.choosing.classifier import Classifier, save
from castalia.choosing.corpus.grammar import load
from castalia.choosing.tasks.corpus import FOLDER, examples
from castalia.choosing.tasks.routing import DEVELOPMENT, FILE, HELD_OUT, OTHER, SURE, classifier, ranked


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the task router.")
    parser.add_argument("--strength", type=float, default=20.0, help="inverse regularisation")
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--part", choices=["held-out", "development"], default="held-out", help="what is measured")
    arguments = parser.parse_args()

    grammar = load(FOLDER)
    wishes = examples(grammar)
    every = matrix(wishes)
    out = np.array([crc32(wish.template.encode()) % EACH == 0 for wish in wishes])
    truth = [wish.label for wish in wishes]
    seen = [label for label, held in zip(truth, out, strict=True) if not held]
    labels, weights, bias = fit(every[~out], seen, arguments.strength)
    wanted = np.array([labels.index(label) for label, held in zip(truth, out, strict=True) if held])
    logits = every[out] @ weights + bias
    temperature = best_temperature(logits, wanted)
    right = (logits.argmax(axis=1) == wanted).mean()
    print(f"{len(wishes)} wishes; of unseen templates: accuracy {right:.3f}, temperature {temperature:.2f}")
    _, weights, bias = fit(every, truth, arguments.strength)
    save(Classifier(labels, weights, bias, round(temperature, 3), grammar.digest), arguments.out)
    classifier.cache_clear()
    report(DEVELOPMENT if arguments.part == "development" else HELD_OUT)


def report(path: Path) -> None:
    """Accuracy on wishes by hand; and of those acted on, how many went wrong."""
    wishes = held_out.load(path)
    right = acted = wrong = 0
    for one in wishes:
        ranking = ranked(one.text, list(one.kinds))
        name, probability = ranking[0]
        right += name == one.label
        if name != OTHER and probability >= SURE:
            acted += 1
            if name != one.label:
                wrong += 1
        if name != one.label:
            print(f"  {one.text!r}: {name} {probability:.2f}, meant {one.label} {dict(ranking)[one.label]:.2f}")
    print(f"{path.name}: {right} of {len(wishes)} right ({right / len(wishes):.3f}); acted on {acted}, wrongly {wrong}")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
