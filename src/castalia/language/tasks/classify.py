"""Classify: which of given labels fits a text, with a calibrated probability for each, or that none fits."""

import json
from collections.abc import Callable, Generator

from pydantic import Field, computed_field, field_validator

from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.language.labelling import Fit, Label, meaning_of, probabilities
from castalia.language.sections import over_sections
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

SECTION = 600
NONE = "none"
"""The answer when no label fits."""


class Options(TaskOptions):
    """The labels, and what they are about."""

    labels: list[str] = Field(min_length=2, max_length=40, description="What may be answered: spam,ham")
    about: str = Field(default="label", max_length=80, description="What the labels say: topic, mood, language.")
    descriptions: dict[str, str] = Field(
        default_factory=dict[str, str], description="What labels mean, by label, as JSON: some of them or all."
    )
    examples: list[tuple[str, str]] = Field(
        default_factory=list[tuple[str, str]], max_length=32, description="Pairs of a text and its label, as JSON."
    )
    none: bool = Field(default=False, description="Whether the answer may be that no label fits.")

    @field_validator("labels")
    @classmethod
    def _different(cls, labels: list[str]) -> list[str]:
        plain = [label.strip() for label in labels]
        if len({label.lower() for label in plain}) < len(plain) or not all(plain):
            raise ValueError("labels must differ and must not be empty")
        return plain


class Classified(TaskOutput):
    """``scores`` are the probabilities of all labels, and of ``none`` where that is allowed.

    They are empty where neither likelihoods nor sentence vectors are at hand: then the model wrote the label.
    """

    scores: dict[str, float]
    fits: bool = True

    @computed_field
    @property
    def label(self) -> str:
        """The label that fits best; ``none`` when no label does (``fits`` is false)."""
        return self.text

    @computed_field
    @property
    def confidence(self) -> float | None:
        """The probability that the label is right, in [0, 1]; None without scores."""
        return self.scores.get(self.text)


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The label of the highest probability; see `castalia.language.labelling` for where it comes from.

    On an engine that tells no likelihoods the sentence vectors say it alone; without these too the model writes a
    label, under a grammar that allows nothing else. Raises BadRequest for labels that do not go together.
    """
    options = given.options
    check(options)
    if not desk.can_score and not desk.can_compare:
        label = yield from written(given, desk)
        yield desk.show(label)
        return Made([label], None, {"scores": {}})
    fit, coverage = Fit(), None
    if desk.can_compare:
        fit.meaning, fit.examples = meaning_of(given.text, _labels(options), options.about, desk.vectors)
    if desk.can_score:
        limit = min(SECTION, desk.room([("user", beginning("", options))], 32))
        mapped = yield from over_sections(desk, given.text, limit, scored(desk, options, fit), "reading")
        coverage = mapped.coverage
    scores = probabilities(options.labels, fit, NONE if options.none else None)
    label = max(scores, key=lambda name: scores[name])
    yield desk.show(label)
    facts: dict[str, object] = {
        "scores": {name: round(value, 4) for name, value in scores.items()},
        "fits": label in options.labels,
    }
    return Made([label], coverage, facts)


def _labels(options: Options) -> list[Label]:
    examples = {name: tuple(text for text, label in options.examples if label == name) for name in options.labels}
    return [Label(name, options.descriptions.get(name, ""), examples[name]) for name in options.labels]


def check(options: Options) -> None:
    """Raise BadRequest for examples or descriptions of labels that there are not, and for a label named none."""
    named = [("An example", label) for _, label in options.examples]
    named += [("A description", label) for label in options.descriptions]
    for kind, label in named:
        if label not in options.labels:
            raise BadRequest(f"{kind} has the label {label!r}, which is not among the labels.", hint="Correct it.")
    if options.none and NONE in [label.lower() for label in options.labels]:
        raise BadRequest("A label is named none while none may be the answer.", hint="Name it otherwise.")


def scored(desk: Desk, options: Options, fit: Fit) -> Callable[[str, str], Generator[Event, None, str]]:
    """Adds up what each section says; ``fit`` holds the mean over those that were read."""
    endings = [f" {label}" for label in options.labels]
    read: list[list[float]] = []
    alone: list[float] = []

    def work(section: str, _purpose: str) -> Generator[Event, None, str]:
        if not alone:
            alone.extend((yield from desk.score(beginning(None, options), endings)))
        found = yield from desk.score(beginning(section.strip(), options), endings)
        read.append([after - before for after, before in zip(found, alone, strict=True)])
        fit.likelihood = [sum(column) / len(read) for column in zip(*read, strict=True)]
        return "scored"

    return work


def beginning(text: str | None, options: Options) -> str:
    """What stands before a label: a form, filled in for each example and left open for the text, if there is one."""
    about = options.about[:1].upper() + options.about[1:]
    told = [
        f"{label} ({options.descriptions[label]})" if label in options.descriptions else label
        for label in options.labels
    ]
    head = f"The {options.about} of each text is one of: {', '.join(told)}.\n\n"
    shown = "".join(f"Text: {' '.join(one.split())}\n{about}: {label}\n\n" for one, label in options.examples)
    asked = "" if text is None else f"Text: {' '.join(text.split())}\n"
    return f"{head}{shown}{asked}{about}:"


def written(given: Given[Options], desk: Desk) -> Generator[Event, None, str]:
    """The label that the model writes. Raises BadRequest when none of them may be the answer: it cannot tell that."""
    if given.options.none:
        raise BadRequest(
            "That no label fits cannot be told without likelihoods or sentence vectors; here are neither.",
            hint="castalia pull starter:minilm, or leave none out.",
        )
    turns: list[Turn] = [("user", beginning(given.text, given.options))]
    schema: dict[str, object] = {"enum": given.options.labels}
    return str(json.loads((yield from desk.write(turns, max_tokens=64, purpose="label", json_schema=schema))))


TASK = Task(
    name="classify",
    summary="Say which of given labels fits a text.",
    options=Options,
    output=Classified,
    run=run,
    measures=("coverage", "sure"),
)
