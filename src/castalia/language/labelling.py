"""How well labels fit a text, from two kinds of evidence: what a language model finds likely, and nearness in meaning.

Likelihood. A label that is likely anyway, after no text at all, says little: what counts is by how much the text raises
it, log p(label | text) - log p(label), the domain-conditional pointwise mutual information of Holtzman et al. 2021,
"Surface Form Competition". Meaning. The cosine of the text's sentence vector with those of sentences that name the
label, of its description and of its examples.

The utility of a label is a weighted sum of both; probabilities are the softmax of the utilities, as in a conditional
logit (McFadden 1974). That nothing fits is one more alternative, of constant utility. The weights were fitted by
maximum likelihood on the development half of ``benchmarks/language/classify.txt`` (`scripts/fit_labelling.py`), so that
a probability says how often such an answer is right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from castalia.core.contracts import Array
from castalia.language.sections import sections_of

PIECE = 80
"""Tokens, as estimated, of a piece of text that becomes one vector: the encoder reads 128 of its own."""
NEAREST = 2
"""Examples of a label that count, the nearest ones."""


@dataclass(frozen=True)
class Weights:
    """What a nat of likelihood, and a tenth of cosine to a label's sentences and to its examples, are worth, and the
    utility of none."""

    likelihood: float = 0.0
    meaning: float = 0.0
    examples: float = 0.0
    none: float = 0.0


BOTH = Weights(likelihood=0.68, meaning=2.1, examples=0.56, none=3.37)
MEANING = Weights(meaning=2.35, examples=0.6, none=4.01)
LIKELIHOOD = Weights(likelihood=0.81, none=0.64)
"""Fitted for each kind of evidence that there may be, on what SmolLM2-135M says of 120 cases."""


@dataclass(frozen=True)
class Label:
    """A label with what is told of it."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()

    def sentences(self, about: str) -> list[str]:
        """Ways to name it: the mean of several sentences is steadier than any one."""
        said = [self.name, f"{about}: {self.name}", f"This is {self.name}.", f"This text is about {self.name}."]
        return [*said, *([self.description] * len(said) if self.description else [])]


@dataclass
class Fit:
    """Evidence for each label, in their order; None where there is none of its kind."""

    likelihood: list[float] | None = None
    meaning: list[float] | None = None
    examples: list[float] | None = None

    def weights(self) -> Weights:
        """Those for the evidence that there is."""
        if self.likelihood is None:
            return MEANING
        return LIKELIHOOD if self.meaning is None else BOTH


def probabilities(labels: Sequence[str], fit: Fit, none: str | None = None) -> dict[str, float]:
    """A probability for each label, and for ``none`` where that is allowed; they sum to 1."""
    weights = fit.weights()
    utilities = np.zeros(len(labels))
    for values, weight in (
        (fit.likelihood, weights.likelihood),
        (fit.meaning, weights.meaning),
        (fit.examples, weights.examples),
    ):
        if values is not None:
            utilities += weight * np.asarray(values)
    names = list(labels)
    if none is not None:
        names, utilities = [*names, none], np.append(utilities, weights.none)
    powers = np.exp(utilities - utilities.max())
    return dict(zip(names, (powers / powers.sum()).tolist(), strict=True))


def meaning_of(
    text: str, labels: Sequence[Label], about: str, encode: Callable[[list[str]], Array]
) -> tuple[list[float], list[float] | None]:
    """Ten times the mean cosine of the text with each label's sentences, and with its examples if all have some.

    A long text is the mean of its pieces.
    """
    pieces = [piece for piece in sections_of(text, PIECE) if piece.strip()]
    mean = encode(pieces).mean(axis=0)
    mean /= np.linalg.norm(mean)
    meaning = [10 * float((encode(label.sentences(about)) @ mean).mean()) for label in labels]
    if not all(label.examples for label in labels):
        return meaning, None
    near = [np.sort(encode(list(label.examples)) @ mean)[-NEAREST:].mean() for label in labels]
    return meaning, [10 * float(value) for value in near]
