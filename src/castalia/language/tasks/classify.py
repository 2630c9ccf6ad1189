"""Classify: which of given labels fits a text, by how likely the model finds each after it."""

import json
import math
from collections.abc import Generator

from pydantic import Field, computed_field, field_validator

from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.language.sections import over_sections
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

SECTION = 600


class Options(TaskOptions):
    """The labels, and what they are about."""

    labels: list[str] = Field(min_length=2, max_length=40, description="What may be answered: spam,ham")
    about: str = Field(default="label", max_length=80, description="What the labels say: topic, mood, language.")
    examples: list[tuple[str, str]] = Field(
        default_factory=list[tuple[str, str]], max_length=32, description="Pairs of a text and its label, as JSON."
    )

    @field_validator("labels")
    @classmethod
    def _different(cls, labels: list[str]) -> list[str]:
        plain = [label.strip() for label in labels]
        if len({label.lower() for label in plain}) < len(plain) or not all(plain):
            raise ValueError("labels must differ and must not be empty")
        return plain


class Classified(TaskOutput):
    """``scores`` are probabilities of the labels; empty where the engine tells no likelihoods."""

    scores: dict[str, float]

    @computed_field
    @property
    def label(self) -> str:
        """The label that fits best."""
        return self.text


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The label, by likelihood where the engine tells it, else written under a grammar that allows labels only."""
    options = given.options
    unknown = [label for _, label in options.examples if label not in options.labels]
    if unknown:
        raise BadRequest(f"An example has the label {unknown[0]!r}, which is not among the labels.", hint="Correct it.")
    if not desk.can_score:
        return (yield from _written(given, desk))
    total = [0.0] * len(options.labels)
    limit = min(SECTION, desk.room([("user", beginning("", options))], 32))

    def work(section: str, _purpose: str) -> Generator[Event, None, str]:
        found = yield from _scored(desk, section.strip(), options)
        for place, value in enumerate(found):
            total[place] += value
        return "scored"

    mapped = yield from over_sections(desk, given.text, limit, work, "reading")
    powers = [math.exp(value - max(total)) for value in total]
    scores = {label: power / sum(powers) for label, power in zip(options.labels, powers, strict=True)}
    label = max(scores, key=lambda label: scores[label])
    yield desk.show(label)
    return Made([label], mapped.coverage, {"scores": {label: round(value, 4) for label, value in scores.items()}})


def _scored(desk: Desk, text: str, options: Options) -> Generator[Event, None, list[float]]:
    return (yield from desk.score(beginning(text, options), [f" {label}" for label in options.labels]))


def beginning(text: str, options: Options) -> str:
    """What stands before a label: a form, filled in for each example and left open for the text."""
    about = options.about[:1].upper() + options.about[1:]
    head = f"The {options.about} of each text is one of: {', '.join(options.labels)}.\n\n"
    shown = "".join(f"Text: {' '.join(one.split())}\n{about}: {label}\n\n" for one, label in options.examples)
    return f"{head}{shown}Text: {' '.join(text.split())}\n{about}:"


def _written(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    options = given.options
    turns: list[Turn] = [("user", beginning(given.text, options))]
    schema: dict[str, object] = {"enum": options.labels}
    label = str(json.loads((yield from desk.write(turns, max_tokens=64, purpose="label", json_schema=schema))))
    yield desk.show(label)
    return Made([label], None, {"scores": {}})


TASK = Task(
    name="classify",
    summary="Say which of given labels fits a text.",
    options=Options,
    output=Classified,
    run=run,
    measures=("coverage", "sure"),
)
