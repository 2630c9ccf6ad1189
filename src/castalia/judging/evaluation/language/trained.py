"""Evaluating a model of text that was trained here: it writes like its data, it answers nothing."""

import hashlib
import itertools
import math
import zlib
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from castalia.core.errors import BadRequest
from castalia.core.representation import Tokens
from castalia.families.contract import Batch
from castalia.families.loading import load_learner
from castalia.families.nets.autoregressive import Autoregressive
from castalia.judging.evaluation import horizon, vectors
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import of_mean, of_statistic
from castalia.judging.evaluation.figures import Evaluation, Example, Figure
from castalia.judging.evaluation.language.asking import written
from castalia.judging.evaluation.language.likelihood import Likelihood, coherence
from castalia.judging.evaluation.language.texts import Corpus, sentences_of
from castalia.judging.evaluation.media import training_curve
from castalia.judging.evaluation.reference import reference
from castalia.judging.repetition import words_of
from castalia.modalities.text.representation import BREAK, MANY_DOCUMENTS, TextRepresentation

SAMPLES = {True: 24, False: 256}
"""Texts of a stream, and short items, when ``--samples`` is left out."""
MOST_REAL = 512
HASHED, COMPONENTS = 512, 24
AT_ONCE = 32
RUN = 8
SHOWN = 8
COHERENT = 48
"""Texts whose order is looked at."""
VERSION = "trigrams-1"

Array = NDArray[np.float64]


def evaluate(bench: Bench) -> Evaluation:
    """Likelihood of held-out text, likeness, diversity, repetition, coherence and copied runs of words.

    Raises BadRequest, DatasetError.
    """
    plan = bench.plan
    bench.tell("reading the data")
    real = reference(plan)
    view = cast("TextRepresentation", real.representation)
    layout = cast("Tokens", real.config.layout)
    learner = load_learner(plan.model.folder, real.config)
    if not isinstance(learner, Autoregressive):
        raise BadRequest(f"{plan.model.name} tells no likelihood.", hint="Train a transformer or a recurrent model.")
    training_texts, held_texts = (documents(view, part) for part in (real.training, real.held_out))
    made = _made(bench, layout) if not view.asked else _answered(bench, held_texts)
    bench.tell("measuring")
    corpus = Corpus(documents(view, real.training, whole=True)) if real.seen else None
    found = measured(training_texts, held_texts[:MOST_REAL], made, plan.seed, corpus)
    found.model, found.data, found.notes = plan.model.name, real.facts, real.notes
    found.figures.insert(0, _bits(learner, view, vectors.some(real.held_out, MOST_REAL, plan.seed), bench))
    figures, curves = horizon.of_tokens(learner, real.held_out, plan.seed)
    found.figures += figures
    found.curves += curves
    if layout.stream:
        whole = [" ".join(sentences_of(text)[1:-1]) for text in held_texts[:COHERENT]]
        ordered = coherence([text for text in whole if text], _likelihood(learner, view), plan.seed)
        found.figures += [] if ordered is None else [ordered]
    history = training_curve(real)
    found.curves += [] if history is None else [history]
    return found


def measured(
    training: Sequence[str], held: Sequence[str], made: Sequence[str], seed: int, corpus: Corpus | None
) -> Evaluation:
    """All figures of made texts that need no likelihood; ``corpus`` is the training text, None when it is not known."""
    rng = np.random.default_rng(seed)
    pool = [word for text in training for word in text.split()]
    lengths = [len(text.split()) for text in made]
    trivial: list[str] = [" ".join(pool[place] for place in rng.integers(0, len(pool), size)) for size in lengths]
    floor: list[str] = [str(training[int(place)]) for place in rng.permutation(len(training))[: len(made)]]
    some: list[str] = [str(training[int(place)]) for place in rng.permutation(len(training))[:MOST_REAL]]
    parts = _described(some, held, made, trivial, floor)
    sets = vectors.Sets(*parts)
    found = Evaluation(
        model="",
        modality="text",
        seed=seed,
        samples=len(made),
        encoder={
            "kind": "main components of hashed runs of three characters",
            "features": COMPONENTS,
            "sha256": hashlib.sha256(VERSION.encode() + parts[0].astype(np.float32).tobytes()).hexdigest(),
        },
        baseline="as many words, each drawn at random from the training text",
        figures=[*vectors.realism(sets, seed), *vectors.diversity(sets, seed), *written(made, held, seed)],
    )
    if corpus is not None:
        found.figures += copied(corpus, held, made, trivial, seed)
    found.examples = [Example(title=f"Text {number}", lines={"made": text})
                      for number, text in enumerate(made[:SHOWN], start=1)]  # fmt: skip
    return found


def copied(corpus: Corpus, held: Sequence[str], made: Sequence[str], trivial: Sequence[str], seed: int) -> list[Figure]:
    """Runs of words that stand in the training text."""
    parts = (made, held[: len(made)], trivial)
    longest = [np.array([corpus.longest(text) for text in texts], dtype=np.float64) for texts in parts]
    shares = [np.array([corpus.copied_share(text, RUN) for text in texts]) for texts in parts]
    return [
        vectors.figure("longest_copied_run", "originality", of_mean(longest[0], seed), float(longest[1].mean()),
                       float(longest[2].mean()), unit="words", direction="none",
                       about="The longest run of words that stands in the training text; far above the held-out texts' "
                       "is copying."),
        vectors.figure("copied_share", "originality", of_mean(shares[0], seed), float(shares[1].mean()),
                       float(shares[2].mean()), unit="share", direction="none",
                       about=f"Runs of {RUN} words that stand in the training text."),
    ]  # fmt: skip


def _made(bench: Bench, layout: Tokens) -> list[str]:
    count = bench.plan.samples or SAMPLES[layout.stream]
    if not layout.stream:
        bench.tell("writing")
        text = bench.ask("write something", bench.plan.seed + 1, lines=count).text
        return [line for line in text.splitlines() if line.strip()]
    texts: list[str] = []
    for number in range(count):
        bench.tell("writing", number / count)
        answer = bench.ask("write something", bench.plan.seed + 1 + number, max_tokens=layout.length, temperature=1.0)
        texts.append(answer.text.strip())
    return [text for text in texts if words_of(text)]


def _answered(bench: Bench, held: Sequence[str]) -> list[str]:
    """Answers to as many requests of held-out items, each behind its request, as the items are."""
    requests = [text.partition("\n")[0] for text in held[: bench.plan.samples or SAMPLES[True]]]
    texts: list[str] = []
    for number, request in enumerate(requests):
        bench.tell("writing", number / len(requests))
        texts.append(f"{request}\n{bench.ask(request, bench.plan.seed + 1 + number, temperature=1.0).text}")
    return texts


def documents(view: TextRepresentation, windows: NDArray[np.generic], *, whole: bool = False) -> list[str]:
    """The texts that begin in windows (n, length) that follow each other, cut at a window's length unless ``whole``.

    A model of many documents begins to write at the beginning of one: only such texts compare with what it makes. Of
    few documents, and of lines, every item is a text.
    """
    if view.stream and view.documents >= MANY_DOCUMENTS:
        stream = windows.reshape(-1)
        borders = np.flatnonzero(stream == BREAK)
        longest = len(stream) if whole else view.length
        spans = [(start + 1, min(end, start + 1 + longest)) for start, end in itertools.pairwise(borders)]
        texts = [view.decode(stream[start:end]) for start, end in spans]
    else:
        texts = [view.decode(row) for row in windows]
    return [text for text in texts if words_of(text)]


def _bits(learner: Autoregressive, view: TextRepresentation, held: NDArray[np.generic], bench: Bench) -> Figure:
    """Bits per byte of held-out items by themselves: a window of a stream has no text before it."""
    texts = [view.decode(row) for row in held]
    nats: list[Array] = []
    with torch.no_grad():
        for start in range(0, len(held), AT_ONCE):
            bench.tell("reading", start / len(held))
            rows = torch.from_numpy(np.ascontiguousarray(held[start : start + AT_ONCE], dtype=np.int64))
            nats.append(-learner.log_likelihood(Batch(rows, None, None)).double().numpy())
    bits = np.concatenate(nats) / math.log(2)
    sizes = np.array([max(1, len(text.encode())) for text in texts], dtype=np.float64)
    packed = zlib.compress("\n".join(texts).encode(), 9)
    return vectors.figure(
        "bits_per_byte", "language", of_statistic(lambda rows: float(bits[rows].sum() / sizes[rows].sum()), len(bits)),
        None, 8 * len(packed) / float(sizes.sum()), unit="bits per byte", direction="lower",
        about="-log2 of the likelihood of held-out windows, each by itself, over their bytes; the baseline is zlib. A "
        "floor is not known.",
    )  # fmt: skip


def _likelihood(learner: Autoregressive, view: TextRepresentation) -> Likelihood:
    def likelihood(texts: Sequence[str]) -> list[float]:
        found: list[float] = []
        with torch.no_grad():
            for text in texts:
                rows = torch.from_numpy(view.encode(text)[None])
                found.append(float(learner.log_likelihood(Batch(rows, None, None))[0]))
        return found

    return likelihood


def _described(training: Sequence[str], *others: Sequence[str]) -> list[Array]:
    """Main components of the square roots of shares of hashed runs of three characters, unit spread."""
    counts = [np.stack([np.sqrt(_trigrams(text)) for text in texts]) for texts in (training, *others)]
    mean = counts[0].mean(0)
    _, _, axes = np.linalg.svd(counts[0] - mean, full_matrices=False)
    kept = axes[: min(COMPONENTS, len(axes))].T
    scale = np.maximum(((counts[0] - mean) @ kept).std(0), 1e-6)
    return [((part - mean) @ kept) / scale for part in counts]


def _trigrams(text: str) -> Array:
    signs = f" {' '.join(text.lower().split())} ".encode()
    places = [zlib.crc32(signs[start : start + 3]) % HASHED for start in range(len(signs) - 2)]
    return np.bincount(np.array(places, dtype=np.int64), minlength=HASHED) / max(1, len(places))
