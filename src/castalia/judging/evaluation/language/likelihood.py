"""How likely given text is to a model: bits per byte, and whether sentences in their true order are likelier."""

import math
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from castalia.core.errors import BadRequest
from castalia.core.plugins import engines
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.bootstrap import of_mean, of_statistic
from castalia.judging.evaluation.figures import Figure, by_item
from castalia.judging.evaluation.language.texts import sentences_of
from castalia.judging.evaluation.vectors import figure

Likelihood = Callable[[Sequence[str]], list[float]]
"""The log-likelihood in nats of each text, from its beginning."""

ORDERS = 4
"""Shuffled orders that each text is compared with."""
FEWEST_SENTENCES = 3


def of_engine(bench: Bench) -> Likelihood | None:
    """The likelihood that the model's engine tells, where it tells one."""
    spec = engines().spec(bench.plan.engine)
    if "echo" not in spec.options.get("text", ()):
        return None

    def likelihood(texts: Sequence[str]) -> list[float]:
        answers = bench.ask_all(texts, 0, "reading", echo=True)
        return [sum(token.logprob for token in answer.logprobs) for answer in answers]

    return likelihood


def bits_per_byte(texts: Sequence[str], likelihood: Likelihood, about: str, floor: float | None = None) -> Figure:
    """-log2 p(text) over its bytes in UTF-8, which compares across tokenizers. Raises BadRequest without text.

    The baseline is what zlib makes of each text.
    """
    if not texts:
        raise BadRequest("There is no text to measure the likelihood of.", hint="Give text with --data.")
    sizes = np.array([len(text.encode()) for text in texts], dtype=np.float64)
    bits = -np.array(likelihood(texts)) / math.log(2)
    packed = sum(8 * len(zlib.compress(text.encode(), 9)) for text in texts) / sizes.sum()
    measured = of_statistic(lambda rows: float(bits[rows].sum() / sizes[rows].sum()), len(texts))
    return figure(
        "bits_per_byte", "language", measured, floor, packed, unit="bits per byte", direction="lower", about=about,
        items=by_item(texts, bits * len(texts) / sizes.sum(), 0),
    )  # fmt: skip


def coherence(texts: Sequence[str], likelihood: Likelihood, seed: int) -> Figure | None:
    """How often the true order of a text's sentences is likelier than a shuffled one (Barzilay and Lapata, 2008).

    None when no text has three sentences.
    """
    pairs: list[tuple[str, list[str]]] = []
    rng = np.random.default_rng(seed)
    for text in texts:
        sentences = sentences_of(text)
        if len(sentences) >= FEWEST_SENTENCES:
            orders = [shuffled(sentences, rng) for _ in range(ORDERS)]
            pairs.append((" ".join(sentences), orders))
    if not pairs:
        return None
    scores = likelihood([text for true, others in pairs for text in (true, *others)])
    step = ORDERS + 1
    won = [np.mean([scores[start] > scores[start + other] for other in range(1, step)])
           for start in range(0, len(scores), step)]  # fmt: skip
    return figure(
        "coherence", "language", of_mean(np.array(won), seed), 1.0, 0.5, unit="share", direction="higher",
        items=by_item([true for true, _ in pairs], [float(one) for one in won], seed),
        about=f"Texts whose sentences are likelier in their true order than in each of {ORDERS} shuffled ones (after "
        "Barzilay and Lapata, 2008); 0.5 is chance.",
    )  # fmt: skip


def shuffled(sentences: Sequence[str], rng: np.random.Generator) -> str:
    """The sentences in another order than theirs."""
    order = [*range(len(sentences))]
    while order == sorted(order):
        order = [int(place) for place in rng.permutation(len(sentences))]
    return " ".join(sentences[place] for place in order)
