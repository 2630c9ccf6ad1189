"""What an evaluation finds: figures with all that is needed to read them, and the whole report."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from castalia.core.events import Progress
from castalia.core.results import Measure

Axis = Literal[
    "realism", "diversity", "originality", "use", "control", "language", "knowledge", "instructions", "context"
]


class Figure(Measure):
    """A measure of a model with its bootstrap interval (95 %).

    ``floor`` is the same measure of real items that were not used to judge: what a perfect model would get.
    ``baseline`` is that of the trivial stand-in that ``Evaluation.baseline`` describes. ``about`` says what is measured
    and after whom. ``value`` is None where it could not be measured; then ``note`` says why. ``items`` holds what each
    question adds to a mean (`by_item`): two models that were asked the same are compared by it.
    """

    axis: Axis
    baseline: float | None = None
    about: str = ""
    items: dict[str, float] = Field(default_factory=dict[str, float])


def by_item(asked: Sequence[str], values: Iterable[float], seed: int) -> dict[str, float]:
    """What each question adds to a mean, told by a digest of its words and the seed; the mean of all is the figure.

    Empty where one question is asked twice: then they cannot be told apart.
    """
    names = [hashlib.sha256(f"{seed} {one}".encode()).hexdigest()[:12] for one in asked]
    if len({*names}) < len(names):
        return {}
    return {name: round(float(value), 6) for name, value in zip(names, values, strict=True)}


class Picture(BaseModel):
    """A picture of the report: SVG or PNG, inline."""

    title: str
    media_type: Literal["image/svg+xml", "image/png"]
    data: str
    """The SVG's text, or base64."""
    note: str = ""


class Example(BaseModel):
    """Something to look at: an output beside what it is judged by."""

    title: str
    lines: dict[str, str]
    passed: bool | None = None


class Curve(BaseModel):
    """Points to draw: ``kind`` says how; ``series`` holds (x, y) by name."""

    title: str
    kind: Literal["line", "calibration", "histogram"] = "line"
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]


class Evaluation(BaseModel):
    """All that one evaluation found."""

    model: str
    modality: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    command: str = ""
    seed: int
    samples: int
    data: dict[str, object] = Field(default_factory=dict)
    """What it was judged against: source, training and held-out items, whether the model has seen the training part."""
    encoder: dict[str, object] = Field(default_factory=dict)
    """The features behind realism and diversity, with their SHA-256."""
    baseline: str = ""
    figures: list[Figure] = Field(default_factory=list[Figure])
    curves: list[Curve] = Field(default_factory=list[Curve])
    pictures: list[Picture] = Field(default_factory=list[Picture])
    examples: list[Example] = Field(default_factory=list[Example])
    notes: list[str] = Field(default_factory=list[str])
    cpu_seconds: float = 0.0
    """Processor seconds of measuring and making together."""
    generation_seconds: float = 0.0
    """Seconds by the clock that requests took, added up over those at once."""

    def figure(self, name: str) -> Figure:
        """The figure of that name. Raises KeyError."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


class Evaluated(BaseModel):
    """The end of an evaluation; ``folder`` holds evaluation.json, report.html and the pictures."""

    event: Literal["evaluated"] = "evaluated"
    evaluation: Evaluation
    folder: Path


class Failed(BaseModel):
    """The evaluation failed; ``error`` is `CastaliaError.as_dict`."""

    event: Literal["failed"] = "failed"
    error: dict[str, object]


WorkerEvent = Progress | Evaluated | Failed
worker_events: TypeAdapter[WorkerEvent] = TypeAdapter(Annotated[WorkerEvent, Field(discriminator="event")])
