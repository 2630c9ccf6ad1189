"""Fits the weights of `castalia.language.labelling` on the development half of ``benchmarks/language/classify.txt``.

    python scripts/fit_labelling.py --model smollm2 --model some-other --keep evidence.json

Every case is asked of every model as the task does it; the evidence is kept in a file, so that fitting anew asks
nothing. Weights are fitted by maximum likelihood with a small ridge, and judged by leaving out one set of labels at a
time. To fit what examples are worth, each case is taken once more with two other texts of its set for each label.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from castalia.core.results import Choice
from castalia.language.labelling import Fit, Label, Weights, meaning_of
from castalia.language.tasks import classify
from castalia.serving.house import House
from castalia.serving.task_desk import PipelineDesk

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from language import cases_of
from language_scoring import calibration_error

RIDGE = 1e-3
KINDS = {
    "BOTH": ("likelihood", "meaning", "examples", "none"),
    "MEANING": ("meaning", "examples", "none"),
    "LIKELIHOOD": ("likelihood", "none"),
}


def evidence_of(house: House, name: str, rows: list[list[str]]) -> list[dict[str, Any]]:
    """For each case, and once more with examples: the labels, the right one, and all evidence."""
    model = house.registry.get(name)
    desk = PipelineDesk(house, Choice(modality="text", model=model.name, engine=model.engine), model, 1, {})
    found: list[dict[str, Any]] = []
    for about, told, text, label, *rest in rows:
        names = told.split(", ")
        options = classify.Options(labels=names, about=about)
        fit = Fit()
        _drained(classify.scored(desk, options, fit)(text, ""))
        others = {one: [row[2] for row in rows if row[1] == told and row[3] == one and row[2] != text] for one in names}
        for examples in ({}, {one: tuple(texts[:2]) for one, texts in others.items()}):
            if examples and not all(examples.values()):
                continue
            labels = [Label(one, "", examples.get(one, ())) for one in names]
            meaning, near = meaning_of(text, labels, about, desk.vectors)
            found.append(
                {
                    "set": f"{about}: {told}",
                    "label": len(names) if label == "-" else names.index(label),
                    "may be none": bool(rest),
                    "likelihood": fit.likelihood,
                    "meaning": meaning,
                    "examples": near,
                }
            )
        print(name, len(found), file=sys.stderr, flush=True)
    return found


def _drained(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def features(row: dict[str, Any], names: tuple[str, ...]) -> np.ndarray:
    """(alternatives, features) of one case."""
    count = len(row["meaning"])
    columns = []
    for name in names:
        if name == "none":
            columns.append(np.zeros(count))
        else:
            columns.append(np.asarray(row[name] if row[name] is not None else np.zeros(count)))
    table = np.stack(columns, axis=1)
    if row["may be none"]:
        table = np.vstack([table, [float(name == "none") for name in names]])
    return table


def log_likelihood(weights: np.ndarray, tables: list[np.ndarray], labels: list[int]) -> float:
    """The mean log-probability of the right alternatives."""
    total = 0.0
    for table, label in zip(tables, labels, strict=True):
        utilities = table @ weights
        total += utilities[label] - np.logaddexp.reduce(utilities)
    return total / len(tables)


def fitted(rows: list[dict[str, Any]], names: tuple[str, ...]) -> np.ndarray:
    """The weights of the highest likelihood."""
    tables, labels = [features(row, names) for row in rows], [row["label"] for row in rows]

    def loss(weights: np.ndarray) -> float:
        return RIDGE * float(weights @ weights) - log_likelihood(weights, tables, labels)

    return minimize(loss, np.ones(len(names))).x


def judged(rows: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    """Share right, log-likelihood and expected calibration error, each set of labels by weights of all others."""
    confidences, rights, told = [], [], 0.0
    for one in sorted({row["set"] for row in rows}):
        weights = fitted([row for row in rows if row["set"] != one], names)
        for row in rows:
            if row["set"] == one:
                table = features(row, names)
                utilities = table @ weights
                confidences.append(float(np.exp(utilities.max() - np.logaddexp.reduce(utilities))))
                rights.append(float(int(utilities.argmax()) == row["label"]))
                told += log_likelihood(weights, [table], [row["label"]])
    return (
        f"right {np.mean(rights):.3f}  log-likelihood {told / len(rows):.3f}  "
        f"calibration error {calibration_error(confidences, rights):.3f}  n {len(rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", default=[], help="A language model by name.")
    parser.add_argument("--keep", type=Path, required=True, help="Where the evidence is kept.")
    wishes = parser.parse_args()
    rows = [case.fields for case in cases_of("classify", "development")]
    kept: dict[str, list[dict[str, Any]]] = json.loads(wishes.keep.read_text()) if wishes.keep.exists() else {}
    with House() as house:
        for name in wishes.model:
            if name not in kept:
                kept[name] = evidence_of(house, name, rows)
                wishes.keep.write_text(json.dumps(kept))
    everything = [row for rows_ in kept.values() for row in rows_]
    for kind, names in KINDS.items():
        some = [row for row in everything if "examples" in names or row["examples"] is None]
        weights = dict(zip(names, np.round(fitted(some, names), 2).tolist(), strict=True))
        print(f"{kind} = {Weights(**weights)}\n    {judged(some, names)}")
        for name, rows_ in kept.items():
            print(f"    {name}, without examples: {judged([row for row in rows_ if row['examples'] is None], names)}")


if __name__ == "__main__":
    main()
