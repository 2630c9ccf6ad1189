"""When a question back is worth the interruption, and with which options.

Probabilities are calibrated, so the chance that acting on the first one is wrong is what is left of its probability.
After a question the answer is right: it names one of the options, or something else in words. So the question is asked
when that chance is larger than what an interruption costs, both counted in right answers (Horvitz 1999, "Principles of
Mixed-Initiative User Interfaces").
"""

from castalia.choosing.wording import joined, named

LIKELY = 0.08
"""Options less likely than this are not offered."""
MOST = 4
"""Options of one question."""


def options(ranked: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The two to four likeliest modalities of a ranking, with their probabilities."""
    likely = [(name, probability) for name, probability in ranked if probability >= LIKELY][:MOST]
    return likely if len(likely) > 1 else ranked[:2]


def gain(ranked: list[tuple[str, float]]) -> float:
    """How much likelier a right choice becomes by asking, in [0, 1)."""
    return 1.0 - ranked[0][1]


def is_worth_asking(ranked: list[tuple[str, float]], cost: float) -> bool:
    """Whether the gain exceeds the cost of an interruption; at cost 1 nothing is ever asked."""
    return gain(ranked) > cost


def question(names: list[str]) -> str:
    """The question in plain words."""
    return f"What would you like: {joined([named(name) for name in names])}?"
