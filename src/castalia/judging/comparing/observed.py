"""What was observed of one model while it was asked: plain data, from which the rows are made."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field

from castalia.core.models import Model
from castalia.core.results import Measure, Status
from castalia.judging.evaluation.figures import Evaluation, Figure

Purpose = Literal["sample", "repeat", "request", "attachment", "long prompt", "recall"]


class Output(BaseModel):
    """One output: ``claimed`` is the modality that the engine names, ``kind`` what its bytes are.

    ``described`` is a vector in [0, 1] that only outputs of one model and prompt are compared by; ``words`` are those
    of a text.
    """

    claimed: str
    kind: str
    media_type: str
    size: int
    sha256: str
    facts: dict[str, object] = Field(default_factory=dict)
    described: list[float] = Field(default_factory=list[float])
    words: list[str] = Field(default_factory=list[str])


class Trial(BaseModel):
    """One request that the model was asked.

    ``wanted`` is the kind of output that the request asks for, ``task`` the class that it belongs to. ``seconds`` are
    by the clock, ``cpu_seconds`` of the model's process. ``distance`` counts the words between a fact and the question
    about it, ``right`` says whether the answer is. ``error`` is `CastaliaError.as_dict`.
    """

    purpose: Purpose
    prompt: str
    seed: int
    wanted: str = ""
    task: str = ""
    attached: str = ""
    distance: int | None = None
    right: bool | None = None
    seconds: float = 0.0
    cpu_seconds: float | None = None
    tokens: int = 0
    outputs: list[Output] = Field(default_factory=list[Output])
    status: Status = "pass"
    measures: list[Measure] = Field(default_factory=list[Measure])
    error: dict[str, object] | None = None

    @property
    def key(self) -> str:
        """What was asked, and with which seed: trials of two models with the same one are a pair."""
        return f"{self.purpose}/{self.seed}/{self.attached}/{self.prompt}"

    @property
    def kinds(self) -> list[str]:
        """What came out, each kind once."""
        return list(dict.fromkeys(output.kind for output in self.outputs))

    @property
    def brought(self) -> bool:
        """Whether the wanted kind came out; a text that is a table is a text as well."""
        return any(self.wanted in {one.kind, "text" if one.claimed == "text" else one.kind} for one in self.outputs)

    @property
    def served(self) -> bool:
        """Whether the wanted kind came out, passed all checks and, where an answer was given with it, is right."""
        return self.error is None and self.brought and self.status == "pass" and self.right is not False

    @property
    def told(self) -> str:
        """What came of it, in a word or two: the kinds, or the error's code."""
        return str(self.error["code"]) if self.error is not None else " and ".join(self.kinds) or "nothing"


class Subject(BaseModel):
    """A model under comparison, with all that was observed of it.

    ``observed`` says when it was asked. ``evaluation`` is that of `castalia evaluate`; without one ``no_evaluation``
    says why. ``kept`` tells that it was made before. ``card`` is the artifact's. ``context`` is the longest prompt with
    its answer in tokens, where there is such a limit. Memory is in bytes.
    """

    model: Model
    engine: str
    observed: datetime = Field(default_factory=lambda: datetime.now(UTC))
    remote: bool = False
    trials: list[Trial] = Field(default_factory=list[Trial])
    evaluation: Evaluation | None = None
    kept: bool = False
    no_evaluation: str = ""
    card: dict[str, object] = Field(default_factory=dict)
    context: int | None = None
    load_seconds: float = 0.0
    memory: int | None = None
    failed: str = ""
    """Why the model could not be loaded at all."""

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def makes(self) -> str:
        """The modality that it is measured by."""
        return self.model.outputs[0]

    def of(self, *purposes: Purpose) -> list[Trial]:
        """The trials of these purposes, as they came."""
        return [trial for trial in self.trials if trial.purpose in purposes]

    def figure(self, name: str) -> Figure | None:
        """A figure of the evaluation that has a value."""
        figures = [] if self.evaluation is None else self.evaluation.figures
        return next((one for one in figures if one.name == name and one.value is not None), None)

    def evaluated_on(self) -> str:
        """Against what and with how many samples: figures compare where this is the same."""
        one = self.evaluation
        return "" if one is None else f"{one.data.get('source')}, {one.encoder.get('sha256', '')}, {one.samples}"

    def evaluated_at(self) -> datetime | None:
        """When the figures of the evaluation were measured."""
        return None if self.evaluation is None else self.evaluation.created
