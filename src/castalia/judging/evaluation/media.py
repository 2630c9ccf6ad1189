"""Evaluating what a trained model of pictures, sounds or clips makes, as it hands it out."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Representation
from castalia.core.errors import BadRequest
from castalia.core.plugins import modalities, resolve
from castalia.judging.evaluation import encoder, horizon, vectors
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import of_mean
from castalia.judging.evaluation.calibration import reliability
from castalia.judging.evaluation.diversity import class_entropy
from castalia.judging.evaluation.figures import Curve, Evaluation, Figure, Picture
from castalia.judging.evaluation.originality import nearest
from castalia.judging.evaluation.reference import Reference, reference
from castalia.modalities.likeness import averaging

SAMPLES = {"image": 256, "audio": 64, "video": 48}
"""Made when ``--samples`` is left out: a minute or two of a small model."""
USUAL = 64
AT_ONCE = 16
"""Items of one request."""
DESCRIBED = 16
"""Copies are looked for in items averaged down to this side at most."""
RUNNING = ("audio", "video")
"""What runs in time: its error is told by quarters, too."""
SHOWN = 32
PAIRS = 18

Observe = Callable[[Representation, bytes], NDArray[np.float32]]
Items = NDArray[np.generic]


def evaluate(bench: Bench) -> Evaluation:
    """Realism, diversity, originality and, where there are classes, obedience. Raises BadRequest, DatasetError."""
    plan = bench.plan
    bench.tell("reading the data")
    real = reference(plan)
    count = plan.samples or SAMPLES.get(plan.modality, USUAL)
    made, wanted, asked = drawn(bench, real, count)
    found = measured(real, made, wanted, plan.cache / "encoders", plan.seed, bench.tell)
    found.model, found.modality, found.samples, found.seed = plan.model.name, plan.modality, len(made), plan.seed
    found.notes = [*real.notes, asked, *found.notes]
    history = training_curve(real)
    found.curves += [] if history is None else [history]
    return found


def drawn(bench: Bench, real: Reference, count: int) -> tuple[Items, NDArray[np.int64] | None, str]:
    """Made items (count, *shape), the class that each was asked for, and in words how it was asked.

    Classes are asked for as often as they are held out; captions as they are in the data; else anything.
    """
    observe = cast("Observe", resolve(str(modalities().spec(bench.plan.modality).observe)))
    wishes, wanted, asked = _wishes(bench, real, count)
    made: list[NDArray[np.float32]] = []
    for number, (prompt, options, size) in enumerate(wishes):
        bench.tell(f"making {bench.plan.modality}", len(made) / count)
        answer = bench.ask(prompt, bench.plan.seed + 1 + number, count=size, **options)
        made += [observe(real.representation, part.read()) for part in bench.require(answer)]
    return np.stack(made), wanted, asked


def _wishes(
    bench: Bench, real: Reference, count: int
) -> tuple[list[tuple[str, dict[str, object], int]], NDArray[np.int64] | None, str]:
    """Requests as prompt, options and number of items."""
    if real.held_out_labels is not None:
        rng = np.random.default_rng(bench.plan.seed)
        known = real.held_out_labels[real.held_out_labels >= 0]
        # every class as often as it is held out, rests drawn
        labels = np.sort(known[np.argsort(rng.permutation(len(known)))][np.arange(count) % len(known)])
        wishes: list[tuple[str, dict[str, object], int]] = []
        for label in np.unique(labels):
            left = int((labels == label).sum())
            while left > 0:
                wishes.append(("", {"label": real.classes[label]}, min(AT_ONCE, left)))
                left -= AT_ONCE
        return wishes, labels, "Each class was asked for as often as it is held out."
    spec = modalities().spec(bench.plan.modality)
    read = cast("Callable[[Path, BaseModel], list[str]]", resolve(str(spec.captions)))
    askable = getattr(real.representation, "askable", None)
    texts = read(real.source, real.options) if getattr(askable, "captioned", False) else []
    if texts:
        order = np.random.default_rng(bench.plan.seed).permutation(len(texts))
        chosen = [texts[order[index % len(texts)]] for index in range(count)]
        return [(text, {}, 1) for text in chosen], None, "Captions of the data were asked for, one each."
    sizes = [min(AT_ONCE, count - start) for start in range(0, count, AT_ONCE)]
    return [("", {}, size) for size in sizes], None, "Nothing was asked for in particular."


def measured(
    real: Reference, made: Items, wanted: NDArray[np.int64] | None, cache: Path, seed: int, tell: encoder.Tell
) -> Evaluation:
    """All figures of made items (k, *shape): everything of an evaluation but its making."""
    if len(made) < 16:
        raise BadRequest(f"{len(made)} samples tell nothing.", hint="Ask for --samples 16 or more.")
    learnt, spared = _parts(len(real.training), len(made))
    labels = None if real.training_labels is None else real.training_labels[learnt]
    net = encoder.trained(real.training[learnt], labels, len(real.classes), cache, tell)
    tell("measuring", None)
    trivial = vectors.shuffled_apart(real.training, len(made), seed)
    floor = real.training[spared]
    parts = (real.training, real.held_out, made, trivial, floor)
    sets = vectors.Sets(*(net.features(items) for items in parts))
    found = Evaluation(
        model="",
        modality=real.config.modality,
        seed=seed,
        samples=len(made),
        data=real.facts,
        encoder={
            "kind": f"a small convolutional network, trained on {len(learnt)} of the training items",
            "features": encoder.FEATURES,
            "sha256": net.sha256,
        },
        baseline="every pixel or band by itself that of a training item drawn at random",
        figures=[*vectors.realism(sets, seed), *vectors.diversity(sets, seed)],
    )
    found.figures += _classes(real, net, made, trivial, wanted, found.curves)
    if real.config.modality in RUNNING:
        figures, curves = horizon.of_time(real.held_out, made, floor, trivial, seed)
        found.figures += figures
        found.curves += curves
    pairs: list[Items] = []
    if real.seen:
        seen = vectors.Sets(*(described(items) for items in parts))
        figures, curves, rows = vectors.originality(seen, seed)
        found.figures += figures
        found.curves += curves
        gaps = nearest(seen.made, seen.training).distances
        pairs = [item for place in np.argsort(gaps)[:PAIRS] for item in (made[place], real.training[rows[place]])]
    found.pictures = _pictures(real, made, pairs)
    return found


def _parts(training: int, made: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the training items that the encoder learns from, and of those that are spared for the floor."""
    order = np.random.default_rng(3).permutation(training)
    spared = min(made, training // 3)
    return np.sort(order[spared:]), np.sort(order[:spared])


def described(items: Items) -> NDArray[np.float64]:
    """Items averaged down to vectors in which a copy shows: at most 16 x 16, each channel's mean taken off."""
    reduced = encoder.reduced(items).numpy()
    height, width = reduced.shape[2:]
    rows, columns = averaging(height, min(DESCRIBED, height)), averaging(width, min(DESCRIBED, width))
    small = np.einsum("kh,nchw,lw->nckl", rows, reduced, columns, optimize=True).astype(np.float64)
    return (small - small.mean(axis=(2, 3), keepdims=True)).reshape(len(items), -1)


def _classes(
    real: Reference,
    net: encoder.Encoder,
    made: Items,
    trivial: Items,
    wanted: NDArray[np.int64] | None,
    curves: list[Curve],
) -> list[Figure]:
    """How evenly classes come, whether the asked one comes, and how sure the judge of it may be."""
    labels = real.held_out_labels
    if labels is None:
        return []
    told = [net.probabilities(items) for items in (real.held_out, made, trivial)]
    held, mine, other = (one.argmax(axis=1).astype(np.int64) for one in told)
    known = labels >= 0
    right = held[known] == labels[known]
    curves.append(reliability("Calibration of the judge of classes, on held-out items", told[0][known].max(1), right))
    entropy = [class_entropy(one, len(real.classes)) for one in (mine, held, other)]
    figures = [
        vectors.figure("class_entropy", "diversity", entropy[0], entropy[1].value, entropy[2].value,
                       unit="share of the most", direction="higher",
                       about="Entropy of the classes that a judge sees; 1 when all come equally often.")
    ]  # fmt: skip
    if wanted is not None:
        chance = float(np.mean(np.random.default_rng(0).permutation(wanted) == wanted))
        figures.append(
            vectors.figure("class_obeyed", "control", of_mean(mine == wanted), float(right.mean()), chance,
                           unit="share", direction="higher",
                           about="Items that a judge, trained on the training split, takes for the class asked for; "
                           "the floor is the judge's own share right on held-out items, the baseline chance.")
        )  # fmt: skip
    return figures


def sheet(real: Reference, title: str, items: Items, note: str) -> Picture:
    """Items as their modality previews them, in PNG."""
    shown = real.modality.preview(real.representation, items)
    return Picture(title=title, media_type="image/png", data=base64.b64encode(shown.data).decode(), note=note)


def _pictures(real: Reference, made: Items, pairs: list[Items]) -> list[Picture]:
    step = max(1, len(made) // SHOWN)
    sheets = [
        sheet(real, "Made", made[::step][:SHOWN], "as they came, none picked out"),
        sheet(real, "Held out", real.held_out[:SHOWN], "real items that the model has not seen"),
    ]
    if pairs:
        note = "the made items nearest to the training set, each before its training item"
        sheets.append(sheet(real, "Nearest training items", np.stack(pairs), note))
    return sheets


def training_curve(real: Reference) -> Curve | None:
    """Losses over the training, from the model's configuration."""
    history = real.config.training.get("history")
    if not isinstance(history, list) or not history:
        return None
    rows = [cast("dict[str, object]", row) for row in cast("list[object]", history) if isinstance(row, dict)]
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        step = row.get("step")
        if not isinstance(step, int | float):
            continue
        for name, value in row.items():
            if (name == "loss" or name.startswith("held_out")) and isinstance(value, int | float):
                series.setdefault(name.replace("_", " "), []).append((float(step), float(value)))
    return Curve(title="Training", x="step", y="loss", series=series) if series else None
