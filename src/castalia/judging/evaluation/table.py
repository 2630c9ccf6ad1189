"""Evaluating made tables: likeness, use, diversity, and whether rows were copied."""

import io
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.judging.evaluation import vectors
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import Estimate, of_mean, of_statistic
from castalia.judging.evaluation.figures import Evaluation, Example, Figure
from castalia.judging.evaluation.media import training_curve
from castalia.judging.evaluation.optional import optional
from castalia.judging.evaluation.originality import nearest
from castalia.judging.evaluation.reference import Reference, reference
from castalia.modalities.table.columns import Column
from castalia.modalities.table.figures import two_sample_scores
from castalia.modalities.table.reading import read_table
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.writing import to_markdown

Matrix = NDArray[np.float64]

ROWS = (500, 2000)
"""Rows made when ``--samples`` is left out: as many as were learnt, within these bounds."""
QUALITY_DRAWS = 12
MOST_CATEGORIES = 250
SHOWN = 12


def evaluate(bench: Bench) -> Evaluation:
    """Likeness, use, diversity and originality of rows. Raises BadRequest, DatasetError, MissingExtra."""
    plan = bench.plan
    bench.tell("reading the data")
    real = reference(plan)
    view = cast("TableRepresentation", real.representation)
    training, held = (view.decode(items) for items in (real.training, real.held_out))
    count = plan.samples or min(ROWS[1], max(ROWS[0], len(training)))
    bench.tell("making rows")
    answer = bench.ask(f"{count} rows", plan.seed + 1, rows=count, format="csv")
    table = read_table(bench.require(answer)[0].read(), "made", separator=view.separator, header="yes")
    made = view.parse(table)
    bench.tell("measuring", 0.2)
    found = measured(view, training, held, made, plan.seed, seen=real.seen)
    found.model, found.modality, found.data, found.notes = plan.model.name, plan.modality, real.facts, real.notes
    history = training_curve(real)
    found.curves += [] if history is None else [history]
    found.examples += _shown(real, table.names, [list(row) for row in zip(*table.columns, strict=True)][:SHOWN])
    return found


def measured(
    view: TableRepresentation, training: Matrix, held: Matrix, made: Matrix, seed: int, *, seen: bool
) -> Evaluation:
    """All figures of made rows; values are (n, learned columns), NaN is missing. Raises MissingExtra."""
    trivial = cast("Matrix", vectors.shuffled_apart(training, len(made), seed))
    floor = vectors.some(training, len(made), seed)
    found = Evaluation(
        model="",
        modality="table",
        seed=seed,
        samples=len(made),
        encoder={"kind": "one-hot places of categories and normal scores of ranks, as learnt", "sha256": ""},
        baseline="shuffled columns: every cell by itself that of a training row drawn at random",
    )
    columns = view.learned
    found.figures += [
        quality(columns, training, held, made, trivial, seed),
        two_sample(columns, held, made, floor, trivial, seed),
        *utility(view, training, held, made, trivial, seed),
    ]
    sets = vectors.Sets(*(_described(view, values) for values in (training, held, made, trivial, floor)))
    found.figures += [*vectors.realism(sets, seed), *vectors.diversity(sets, seed)]
    if seen:
        figures, curves, _ = vectors.originality(sets, seed)
        found.figures += [*figures, *copied(sets, training, held, made, trivial, seed)]
        found.curves += curves
    return found


def quality(
    columns: tuple[Column, ...], training: Matrix, held: Matrix, made: Matrix, trivial: Matrix, seed: int
) -> Figure:
    """SDMetrics' quality report, the mean of column shapes and column pair trends. Raises MissingExtra.

    An exact copy scores 1: it is never read without the figures of originality.
    """
    reports: Any = optional("sdmetrics.reports")
    real = _frame(columns, training)
    kinds = {column.name: {"sdtype": "numerical" if column.is_ordered else "categorical"} for column in columns}
    metadata = {"tables": {"rows": {"columns": kinds}}}

    def score(values: Matrix) -> float:
        report: Any = reports.QualityReport()
        report.generate({"rows": real}, {"rows": _frame(columns, values)}, metadata, verbose=False)
        return float(report.get_score())

    rng = np.random.default_rng(seed)
    value = score(made)
    draws = np.array([score(made[rng.integers(0, len(made), len(made))]) for _ in range(QUALITY_DRAWS)])
    spread = 1.96 * float(draws.std(ddof=1))
    return vectors.figure(
        "quality", "realism", Estimate(value, value - spread, min(1.0, value + spread), len(made)), score(held),
        score(trivial), unit="score", direction="higher",
        about="SDMetrics' quality report: shapes of columns and trends of pairs against training rows; a copy has 1.",
    )  # fmt: skip


def two_sample(
    columns: tuple[Column, ...], held: Matrix, made: Matrix, floor: Matrix, trivial: Matrix, seed: int
) -> Figure:
    """Whether trees tell made rows from held-out ones (Lopez-Paz and Oquab, 2017)."""
    metrics: Any = optional("sklearn.metrics")

    def told(values: Matrix) -> Estimate:
        label, scores = two_sample_scores(columns, held, values)

        def auc(rows: NDArray[np.intp]) -> float:
            chosen = label[rows]
            return float(metrics.roc_auc_score(chosen, scores[rows])) if 0 < chosen.sum() < len(chosen) else 0.5

        return of_statistic(auc, len(label), seed)

    return vectors.figure(
        "two_sample_auc", "realism", told(made), told(floor).value, told(trivial).value, unit="area under the curve",
        direction="lower",
        about="Trees that tell made rows from held-out ones (Lopez-Paz and Oquab, 2017): 0.5 cannot, 1 always can.",
    )  # fmt: skip


def utility(
    view: TableRepresentation, training: Matrix, held: Matrix, made: Matrix, trivial: Matrix, seed: int
) -> list[Figure]:
    """What a predictor that was trained on made rows reaches on real held-out ones; floor: trained on real rows.

    The column predicted is the table's target, else its last learnt one. Empty for a table of one column.
    """
    ensemble: Any = optional("sklearn.ensemble")
    metrics: Any = optional("sklearn.metrics")
    names = [column.name for column in view.learned]
    if len(names) < 2:
        return []
    target = names.index(view.target) if view.target in names else len(names) - 1
    ordered = view.learned[target].is_ordered
    others = [place for place in range(len(names)) if place != target]
    flags = [not view.learned[place].is_ordered for place in others]
    known = held[~np.isnan(held[:, target])]

    def reached(learnt: Matrix) -> Estimate:
        rows = learnt[~np.isnan(learnt[:, target])]
        if len(np.unique(rows[:, target])) < 2:
            return Estimate(0.0, 0.0, 0.0, len(known))
        kind = ensemble.HistGradientBoostingRegressor if ordered else ensemble.HistGradientBoostingClassifier
        judge = kind(max_iter=80, early_stopping=False, categorical_features=flags, random_state=0)
        with optional("threadpoolctl").threadpool_limits(1):
            judge.fit(_inputs(view, rows, others), rows[:, target])
            told = judge.predict(_inputs(view, known, others))
        truth = known[:, target]

        def score(places: NDArray[np.intp]) -> float:
            if ordered:
                return float(metrics.r2_score(truth[places], told[places]))
            return float(metrics.f1_score(truth[places], told[places], average="macro", zero_division=0.0))

        return of_statistic(score, len(known), seed)

    return [
        vectors.figure(
            "utility", "use", reached(made), reached(vectors.some(training, len(made), seed)).value,
            reached(trivial).value, unit="R2" if ordered else "macro F1", direction="higher",
            about=f"Trained on made rows to predict {names[target]!r}, tested on real ones (Esteban et al., 2017); the "
            "floor is trained on as many real rows.",
        )
    ]  # fmt: skip


def copied(
    sets: vectors.Sets, training: Matrix, held: Matrix, made: Matrix, trivial: Matrix, seed: int
) -> list[Figure]:
    """Distance to the closest record with held-out rows as protection, and rows that are training rows."""
    half = len(sets.held_out) // 2
    some = vectors.some(sets.training, len(sets.held_out), seed)

    def nearer(points: NDArray[np.float64], learnt: NDArray[np.float64], unseen: NDArray[np.float64]) -> Estimate:
        left, right = nearest(points, learnt).distances, nearest(points, unseen).distances
        return of_mean((left < right) + 0.5 * (left == right), seed)

    rows = {tuple(row) for row in _rounded(training).tolist()}
    same = [np.array([tuple(row) in rows for row in _rounded(part).tolist()]) for part in (made, held, trivial)]
    return [
        vectors.figure(
            "nearer_to_training", "originality", nearer(sets.made, some, sets.held_out),
            nearer(sets.held_out[:half], some[: len(sets.held_out) - half], sets.held_out[half:]).value,
            nearer(sets.baseline, some, sets.held_out).value, unit="share", direction="none",
            about="Distance to closest record: rows nearer to a training row than to a held-out one, equally many of "
            "each; 0.5 is no closer than chance, more is copying.",
        ),
        vectors.figure(
            "exact_copies", "originality", of_mean(same[0], seed), float(same[1].mean()), float(same[2].mean()),
            unit="share", direction="lower",
            about="Rows of which every learnt cell is that of one training row; the floor is that of held-out rows.",
        ),
    ]  # fmt: skip


def _described(view: TableRepresentation, values: Matrix) -> NDArray[np.float64]:
    """Rows as vectors without chance: one-hot places, normal scores of ranks, and what is missing."""
    plain = TableRepresentation(view.columns, view.separator, view.rows, view.target)
    scores, known = plain.condition(values)
    return np.concatenate([scores, ~known], axis=1).astype(np.float64)


def _rounded(values: Matrix) -> Matrix:
    """Comparable by ``==``: eight significant digits, missing cells as infinity."""
    size = 10.0 ** np.floor(np.log10(np.maximum(np.abs(values), 1e-12)))
    return np.where(np.isnan(values), np.inf, np.round(values / size, 7) * size)


def _inputs(view: TableRepresentation, values: Matrix, places: list[int]) -> Matrix:
    rows = values[:, places].copy()
    for index, place in enumerate(places):
        if not view.learned[place].is_ordered:
            rows[:, index] = np.minimum(rows[:, index], MOST_CATEGORIES)
    return rows


def _frame(columns: tuple[Column, ...], values: Matrix) -> Any:
    pandas: Any = optional("pandas")
    cells: dict[str, object] = {}
    for place, column in enumerate(columns):
        mine = values[:, place]
        if column.is_ordered:
            cells[column.name] = mine
        else:
            cells[column.name] = [None if np.isnan(value) else f"c{int(value)}" for value in mine]
    return pandas.DataFrame(cells)


def _shown(real: Reference, names: list[str], rows: list[list[Any]]) -> list[Example]:
    text = io.StringIO()
    text.write(to_markdown(names, [np.asarray(column, dtype=object) for column in zip(*rows, strict=True)]))
    held = real.modality.preview(real.representation, real.held_out[:SHOWN]).data.decode()
    return [Example(title="Rows: made, and held out", lines={"made": text.getvalue(), "held out": held})]
