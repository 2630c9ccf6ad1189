"""Which task a wish asks for, how sure that is, and what of the task's options the wish says.

The wording classifier is the chooser's (`castalia.choosing.classifier`, same features), trained on wishes for tasks by
``scripts/train_task_router.py``. Its probabilities are calibrated; where they are too low the wish is refused with a
question back, not guessed at.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from castalia.choosing.classifier import Classifier, load
from castalia.choosing.features import features
from castalia.choosing.lexicon import LEXICON
from castalia.choosing.reading import read
from castalia.choosing.tasks.saying import options_of
from castalia.core.errors import BadRequest

FILE = Path(__file__).parent / "weights.safetensors"
HELD_OUT = Path(__file__).parent / "held_out.txt"
DEVELOPMENT = Path(__file__).parent / "development.txt"
WORD = re.compile(r"[^\W\d_]{2}")
OTHER = "other"
"""The label of wishes for none of the tasks."""
SURE = 0.6
"""Probability from which a wish is acted on."""
LIKELY = 0.1
"""Probability from which a task is offered in a question back."""


@dataclass(frozen=True)
class Route:
    """The task that a wish asks for. ``confidence`` is a probability, ``options`` what the wish says of the task's."""

    task: str
    confidence: float
    reasons: list[str] = field(default_factory=list[str])
    options: dict[str, object] = field(default_factory=dict[str, object])


@cache
def classifier() -> Classifier:
    """The shipped weights."""
    return load(FILE)


def ranked(wish: str, kinds: list[str]) -> list[tuple[str, float]]:
    """Every task, and `OTHER`, with its probability, the likeliest first. ``kinds`` are those of what is given."""
    found = features(read(wish), list(dict.fromkeys(kinds)), LEXICON)
    return sorted(classifier().probabilities(*found).items(), key=lambda pair: -pair[1])


def route(wish: str, kinds: list[str]) -> Route:
    """The task that a wish asks for. Raises BadRequest when none is sure enough, with what it might be."""
    (name, probability), *others = ranked(wish, kinds)
    if not WORD.search(wish):
        name = OTHER  # a letter or a sign says nothing, whatever its features look like
    if name == OTHER or probability < SURE:
        raise unsure(wish, [(name, probability), *others])
    reasons = [f"{wish!r} reads like a wish for {name}"]
    if others[0][1] >= 1 - SURE - LIKELY:
        reasons.append(f"it might also be one for {others[0][0]} ({others[0][1]:.0%})")
    said = options_of(name, wish)
    reasons += [f"it says {option}: {value}" for option, value in said.items()]
    return Route(name, probability, reasons, said)


def unsure(wish: str, ranking: list[tuple[str, float]]) -> BadRequest:
    """The error that asks back."""
    likely = [name for name, probability in ranking if probability >= LIKELY and name != OTHER]
    might = f" It might be {' or '.join(likely[:3])}." if likely else ""
    return BadRequest(
        f"I am unsure which task {wish!r} asks for.{might}",
        hint="Name the task: castalia do TASK INPUT. castalia do --list shows them.",
        details={"probabilities": {name: round(probability, 3) for name, probability in ranking[:4]}},
    )
