"""What comes back: the choice, the outputs, the verdict, the cost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.content import Part, ToolCall
from castalia.core.errors import BadRequest
from castalia.core.showing import part_html

Status = Literal["pass", "flag", "block"]
FinishReason = Literal["stop", "length", "tool_calls", "cancelled", "question", "unsupported"]


class Alternative(BaseModel):
    """Another answer that the chooser weighed; ``model`` is None when nothing installed makes that modality."""

    modality: str
    model: str | None = None
    confidence: float


PLAN = "plan"
"""The modality of a choice whose request asks for several outputs: its `Choice.steps` make them one by one."""

StepState = Literal["planned", "running", "done", "failed", "skipped", "stopped"]


class Step(BaseModel):
    """One output of a plan: an ordinary request with a modality and a model of its own.

    ``prompt`` is in the words of the request; ``after`` names the steps whose outputs it works on, ``attach`` says
    whether the request's attachments go in. ``model`` is ``auto`` or the one that it needs, ``choice`` what was chosen
    for it; ``reason`` tells which words ask for it, ``notes`` what was decided on the way.

    What became of it: ``state``, ``why`` it failed, was skipped or is doubtful, the id of its ``result`` on the record,
    the ``status`` of that result's verdict, and which of the plan's outputs are its own.
    """

    name: str
    modality: str
    prompt: str
    model: str = "auto"
    engine: str | None = None
    after: list[str] = Field(default_factory=list[str])
    attach: bool = False
    reason: str = ""
    choice: "Choice | None" = None
    notes: list[str] = Field(default_factory=list[str])
    state: StepState = "planned"
    why: str = ""
    error: dict[str, object] | None = None
    result: str | None = None
    status: Status | None = None
    outputs: list[int] = Field(default_factory=list[int])
    seed: int | None = None
    seconds: float = 0.0


class Choice(BaseModel):
    """Which kind of model and which model answers, and why.

    ``confidence`` is a probability in [0, 1]. A ``question`` is set when the request is too unclear to act on: then no
    model runs, and ``options`` are the modalities that it offers. A ``refusal`` is set when no generator serves the
    request: it says what would. ``settings`` are option values that the chooser proposes; what the person set wins.
    ``fallbacks`` are the models that take over, in this order, when the engine of ``model`` fails before it has
    answered; ``policy`` is what the order goes by. ``steps`` are
    those of a plan, whose modality is `PLAN`.
    """

    modality: str
    model: str | None = None
    family: str | None = None
    engine: str | None = None
    confidence: float = 1.0
    reasons: list[str] = Field(default_factory=list[str])
    alternatives: list[Alternative] = Field(default_factory=list[Alternative])
    question: str | None = None
    options: list[str] = Field(default_factory=list[str])
    refusal: str | None = None
    settings: dict[str, object] = Field(default_factory=dict)
    policy: str | None = None
    fallbacks: list[str] = Field(default_factory=list[str])
    steps: list[Step] = Field(default_factory=list[Step])


class Measure(BaseModel):
    """One named figure of a result or a model.

    ``direction`` says which way is better; ``threshold`` is the value beyond which ``status`` is no longer ``pass``;
    ``note`` says in words what was found. ``n``, ``interval`` and ``floor`` are filled where a sample was measured.
    """

    name: str
    value: float | None
    unit: str = ""
    direction: Literal["higher", "lower", "none"] = "none"
    threshold: float | None = None
    status: Status = "pass"
    note: str = ""
    n: int | None = None
    interval: tuple[float, float] | None = None
    floor: float | None = None


class Verdict(BaseModel):
    """All measures of a result and the worst of their states."""

    status: Status = "pass"
    measures: list[Measure] = Field(default_factory=list[Measure])

    @classmethod
    def of(cls, measures: list[Measure]) -> "Verdict":
        """The verdict over these measures: ``block`` beats ``flag`` beats ``pass``."""
        states = {measure.status for measure in measures}
        status: Status = "block" if "block" in states else "flag" if "flag" in states else "pass"
        return cls(status=status, measures=measures)


class ToolUse(BaseModel):
    """A tool that the model called, and what came of it: a line of the trace.

    ``step`` counts the model's answers from 1. ``source`` says where the tool comes from (``python``, ``mcp:NAME``),
    ``arguments`` is JSON text as the model wrote it. ``output`` is what the model was told, ``error`` why there is
    none; both are None while it runs.
    """

    step: int
    id: str
    name: str
    source: str
    arguments: str
    output: str | None = None
    error: str | None = None
    seconds: float = 0.0
    info: dict[str, object] = Field(default_factory=dict)

    @property
    def state(self) -> Literal["running", "done", "failed"]:
        """Whether it runs still, gave something back, or failed."""
        if self.error is not None:
            return "failed"
        return "running" if self.output is None else "done"


class UsageCounts(BaseModel):
    """What a result cost in tokens and, for media, in units of its modality."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    units: dict[str, float] = Field(default_factory=dict)

    @property
    def total_tokens(self) -> int:
        """Prompt and answer together."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "UsageCounts") -> "UsageCounts":
        """Both together."""
        units = {name: self.units.get(name, 0) + other.units.get(name, 0) for name in {**self.units, **other.units}}
        return UsageCounts(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            units=units,
        )


class Timing(BaseModel):
    """Wall-clock seconds: choosing, loading the model, to the first output, in all."""

    choose: float = 0.0
    load: float = 0.0
    first: float | None = None
    total: float = 0.0


class Result(BaseModel):
    """What is kept of a request: enough to show it, judge it and make it again.

    ``trace`` holds the tools that were called on the way to the answer, in order; ``usage`` then counts all steps.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    choice: Choice
    outputs: list[Part] = Field(default_factory=list[Part])
    tool_calls: list[ToolCall] = Field(default_factory=list[ToolCall])
    trace: list[ToolUse] = Field(default_factory=list[ToolUse])
    verdict: Verdict = Field(default_factory=Verdict)
    usage: UsageCounts = Field(default_factory=UsageCounts)
    timing: Timing = Field(default_factory=Timing)
    finish_reason: FinishReason = "stop"
    seed: int | None = None
    options: dict[str, object] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of all text outputs."""
        return "\n".join(part.text for part in self.outputs if part.text is not None)

    def save(self, path: str | Path) -> list[Path]:
        """Write the outputs to files; returns them.

        One output goes to ``path``, several to ``name-1.png``, ``name-2.png``. Raises BadRequest when there is none.
        """
        if not self.outputs:
            raise BadRequest(f"The result {self.id} has no output to save.", hint="Look at its verdict and tool calls.")
        target = Path(path).expanduser()
        if len(self.outputs) == 1:
            return [self.outputs[0].save(target)]
        numbered = [
            target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(1, len(self.outputs) + 1)
        ]
        return [part.save(file) for part, file in zip(self.outputs, numbered, strict=True)]

    def _repr_html_(self) -> str:
        """What a notebook shows: the outputs, then the choice and the verdict in one line."""
        choice, shown = self.choice, "".join(part_html(part) for part in self.outputs)
        return f"{shown}<p><small>{choice.modality} by {choice.model}, verdict: {self.verdict.status}</small></p>"
