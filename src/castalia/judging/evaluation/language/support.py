"""Whether an answer says nothing that its source does not: exact facts, no learnt judge.

It finds numbers and names that the source lacks, and sentences of other words. It sees no wrong relation between right
names: what passes is not proven, what fails deserves a look.
"""

from castalia.judging.evaluation.language.texts import sentences_of
from castalia.modalities.text.claims import is_supported


def support(answer: str, source: str) -> float | None:
    """The share of the answer's sentences that the source supports, in [0, 1]; None for an answer without a word."""
    sentences = sentences_of(answer)
    if not sentences:
        return None
    return sum(is_supported(sentence, source) for sentence in sentences) / len(sentences)
