"""How often the chooser finds the right kind of content, how honest its confidence is, and how long it takes.

    python benchmarks/choosing.py                  (about two minutes; --json FILE keeps the figures)

Measured on labelled requests that the chooser was not trained on (``data/requests-dev.jsonl`` in
``CASTALIA_SHARED``, by default ``../shared`` beside the repository), `unsupported` among the labels, and on our own
held-out requests in six languages (`castalia.choosing.held_out`), by class and by language. Those who wrote the corpus
have read many of these requests and their errors, so these are development figures: expect less on requests that
nobody here has seen.

Plans (`castalia.choosing.several`): how many wishes for several outputs in ``plans_held_out.txt`` and
``plans_held_out_2.txt`` (long ones among them) are found, with the right kinds, how many requests that only sound like
one are taken for one, there and among all labelled requests.

Peers in the same run: always text; a plain list of keywords; TF-IDF with logistic regression on the chooser's own
corpus. ``--without-unsupported`` leaves that label out. Of the questions that the chooser asks back it tells how many
there are, how often an answer would have been wrong, and how often the options hold the right one.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.pipeline import make_pipeline

from castalia.choosing import held_out
from castalia.choosing.chooser import Chooser
from castalia.choosing.corpus.grammar import load
from castalia.choosing.reading import read
from castalia.choosing.several import pieces
from castalia.core.config import ChooserSettings
from castalia.core.content import Part
from castalia.core.requests import Request

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("CASTALIA_SHARED", ROOT.parent / "shared")) / "data"
PLANS = [Path(__file__).parent / name for name in ("plans_held_out.txt", "plans_held_out_2.txt")]
Guess = tuple[str, float]

KEYWORDS = {
    "video": ("video", "animation", "animate", "movie clip"),
    "music": ("music", "song", "melody", "soundtrack"),
    "speech": ("text to speech", "text-to-speech", "read aloud", "voice", "speech"),
    "audio": ("sound", "audio", "noise"),
    "image": ("image", "picture", "photo", "draw", "paint", "illustration", "logo"),
    "table": ("synthetic", "rows", "dataset"),
}


def by_keywords(row: dict) -> Guess:
    """The first medium whose keyword occurs."""
    text = row["text"].lower()
    return next((name for name, words in KEYWORDS.items() if any(word in text for word in words)), "text"), 1.0


def by_tfidf() -> Callable[[dict], Guess]:
    """TF-IDF of words and word pairs with logistic regression, trained on the same corpus; attachments as words."""
    examples = load().examples(seed=0)
    texts = [_flat(example.text, example.kinds) for example in examples]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=300))
    model.fit(texts, [example.label for example in examples])

    def guess(row: dict) -> Guess:
        probabilities = model.predict_proba([_flat(row["text"], row["attachments"])])[0]
        return str(model.classes_[probabilities.argmax()]), float(probabilities.max())

    return guess


def _flat(text: str, kinds: list[str] | tuple[str, ...]) -> str:
    return " ".join([text, *(f"attached{kind}" for kind in kinds)])


def by_chooser(chooser: Chooser) -> Callable[[dict], Guess]:
    """The whole way of `Chooser.choose`, with nothing installed."""

    def guess(row: dict) -> Guess:
        request = Request.of_text(row["text"], [Part(type=kind) for kind in row["attachments"]])
        choice = chooser.choose(request, [])
        return choice.modality, choice.confidence

    return guess


def questions(chooser: Chooser, rows: list[dict]) -> dict:
    """How many rows are answered by a question, how many of those a choice would have got wrong, how many offer the
    right option, and the accuracy on the rest: shares in [0, 1]."""
    asked = wrong = offered = right = 0
    for row in rows:
        choice = chooser.choose(Request.of_text(row["text"], [Part(type=kind) for kind in row["attachments"]]), [])
        if choice.question is None:
            right += choice.modality == row["label"]
            continue
        asked += 1
        wrong += choice.modality != row["label"]
        offered += row["label"] in choice.options
    return {
        "asked": asked / len(rows),
        "wrong_without": wrong / max(asked, 1),
        "offers_right": offered / max(asked, 1),
        "accuracy_of_the_rest": right / max(len(rows) - asked, 1),
    }


def plans(chooser: Chooser, labelled: list[dict]) -> dict:
    """Precision and recall of plans on our held-out wishes, and how many of all labelled requests become one."""
    every = [Request.of_text(row["text"], [Part(type=kind) for kind in row["attachments"]]) for row in labelled]
    taken = sum(chooser.wants_several(request) for request in every)
    return {
        **{path.stem: plans_of(chooser, path) for path in PLANS},
        "labelled": len(labelled),
        "labelled_taken_for_plans": taken,
    }


def plans_of(chooser: Chooser, path: Path) -> dict[str, int]:
    """The counts of one file; its format is told in ``plans_held_out_2.txt``."""
    found: list[tuple[list[str], list[str]]] = []
    pasted: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("~ "):
            name, _, words = line[2:].partition(" | ")
            pasted[f"<<{name}>>"] = words
        elif line[:1] in {"+", "-"}:
            wanted, _, text = line[1:].partition("| ")
            for name, words in pasted.items():
                text = text.replace(name, words)
            text = text.replace("\\n", "\n")
            found.append((wanted.split(), [piece.kind for piece in pieces(read(text), text, chooser.lexicon)]))
    hits = [(wanted, got) for wanted, got in found if wanted and got]
    return {
        "wanted": sum(bool(wanted) for wanted, _ in found),
        "found": len(hits),
        "with_the_right_kinds": sum(wanted == got for wanted, got in hits),
        "single": sum(not wanted for wanted, _ in found),
        "taken_for_plans": sum(bool(got) and not wanted for wanted, got in found),
    }


def by_group(guess: Callable[[dict], Guess], rows: list[dict], key: str) -> dict[str, tuple[int, float]]:
    """Number of rows and accuracy for each value of ``key``."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(guess(row)[0] == row["label"])
    return {name: (len(hits), sum(hits) / len(hits)) for name, hits in found.items()}


def own_rows() -> list[dict]:
    """Our own held-out requests in the form of the labelled file."""
    return [
        {"text": one.text, "label": one.label, "language": one.language, "attachments": list(one.kinds)}
        for one in held_out.load()
    ]


def measure(guess: Callable[[dict], Guess], rows: list[dict]) -> dict:
    """Accuracy, macro-F1 over the labels there are, calibration error over ten bins, milliseconds a request."""
    guesses, times = [], []
    for row in rows:
        started = time.perf_counter()
        guesses.append(guess(row))
        times.append(1000 * (time.perf_counter() - started))
    truth = np.array([row["label"] for row in rows])
    said = np.array([name for name, _ in guesses])
    sure = np.array([confidence for _, confidence in guesses])
    labels = sorted({*truth})
    shown = sorted({*truth, *said})
    right = truth == said
    return {
        "accuracy": float(right.mean()),
        "macro_f1": float(f1_score(truth, said, labels=labels, average="macro", zero_division=0)),
        "f1": {name: float(f1_score(truth == name, said == name, zero_division=0)) for name in labels},
        "calibration_error": calibration_error(right, sure),
        "ms_p50": float(np.percentile(times, 50)),
        "ms_p95": float(np.percentile(times, 95)),
        "labels": shown,
        "confusion": confusion_matrix(truth, said, labels=shown).tolist(),
    }


def calibration_error(right: np.ndarray, sure: np.ndarray) -> float:
    """Expected calibration error: |accuracy - confidence| over ten equal bins, weighted by their share."""
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in {*bins.tolist()}]
    return float(sum(gaps))


def show(title: str, figures: dict[str, dict]) -> None:
    """The table of all systems, and the chooser's errors."""
    print(title)
    print(f"{'':12} {'accuracy':>9} {'macro-F1':>9} {'ECE':>6} {'p50 ms':>7} {'p95 ms':>7}")
    for name, found in figures.items():
        print(
            f"{name:12} {found['accuracy']:9.3f} {found['macro_f1']:9.3f} {found['calibration_error']:6.3f}"
            f" {found['ms_p50']:7.2f} {found['ms_p95']:7.2f}"
        )
    best = figures["chooser"]
    print("F1 of the chooser: " + ", ".join(f"{name} {value:.3f}" for name, value in best["f1"].items()))
    print("rows are the truth, columns the choice: " + " ".join(best["labels"]))
    for name, counts in zip(best["labels"], best["confusion"], strict=True):
        print(f"{name:12}" + "".join(f"{count:7}" for count in counts))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the chooser.")
    parser.add_argument("--tier", default="explicit_gold")
    parser.add_argument("--without-unsupported", action="store_true", help="leave out the label `unsupported`")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    file = SHARED / "requests-dev.jsonl"
    if not file.is_file():
        print(f"{file} is not there; set CASTALIA_SHARED.", file=sys.stderr)
        return 1
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    every = rows
    rows = [row for row in rows if row["tier"] == arguments.tier]
    rows = [row for row in rows if not arguments.without_unsupported or row["label"] != "unsupported"]
    started = time.perf_counter()
    chooser = Chooser(ChooserSettings())
    loading = 1000 * (time.perf_counter() - started)
    systems = {
        "chooser": by_chooser(chooser),
        "TF-IDF + LR": by_tfidf(),
        "keywords": by_keywords,
        "always text": lambda _: ("text", 1.0),
    }
    print(f"loading the chooser took {loading:.0f} ms")
    sets = {f"tier {arguments.tier}": rows, "our own, held out": own_rows()}
    results: dict[str, dict] = {}
    for title, tested in sets.items():
        figures = {name: measure(guess, tested) for name, guess in systems.items()}
        asked = questions(chooser, tested)
        results[title] = {"rows": len(tested), "systems": figures, "questions": asked}
        show(f"{len(tested)} requests, {title}", figures)
        print("questions: " + ", ".join(f"{name} {value:.3f}" for name, value in asked.items()))
    for key in ("language", "label"):
        groups = by_group(systems["chooser"], sets["our own, held out"], key)
        results["our own, held out"][key] = groups
        print(f"by {key}: " + ", ".join(f"{name} {value:.3f} of {count}" for name, (count, value) in groups.items()))
    results["plans"] = plans(chooser, every)
    print("plans: " + ", ".join(f"{name} {value}" for name, value in results["plans"].items()))
    if arguments.json:
        command = " ".join(["python", *sys.argv])
        facts = {"command": command, "load_ms": loading, "sets": results}
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
