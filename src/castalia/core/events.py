"""Events: what streams out of an engine, a training and the pipeline.

An engine yields ``TextDelta``, ``ToolCallDelta``, ``MediaChunk`` and ``Progress`` in any number, then one ``Usage``,
then one ``Done``, and nothing after it. The pipeline puts ``Chosen`` before them and ``Completed`` after them.
A plan wraps those of each step in ``Stepped``. Where tools are run, `Used` tells of each before and after; where older
turns of a conversation give way to a summary, `Summarised` comes before ``Chosen``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from castalia.core.content import Base64, ToolCall
from castalia.core.models import Model
from castalia.core.results import Choice, FinishReason, Result, Step, ToolUse, UsageCounts


class TokenLogprob(BaseModel):
    """A token with its natural-log probability and the runners-up at its place."""

    token: str
    logprob: float
    top: list[tuple[str, float]] = Field(default_factory=list[tuple[str, float]])


class TextDelta(BaseModel):
    """Newly generated text; ``logprobs`` is filled when asked for.

    ``info`` states facts about this piece: a transcript gives ``start`` and ``end`` in seconds, and ``words``.
    """

    event: Literal["text"] = "text"
    text: str
    logprobs: list[TokenLogprob] = Field(default_factory=list[TokenLogprob])
    info: dict[str, object] = Field(default_factory=dict)


class ToolCallDelta(BaseModel):
    """One whole tool call."""

    event: Literal["tool_call"] = "tool_call"
    call: ToolCall


class MediaChunk(BaseModel):
    """Bytes of output ``index``. Chunks of one output come in order; ``last`` closes it.

    ``modality`` names the kind of content, ``media_type`` its encoding; ``info`` states facts (width, seconds, rows).
    """

    event: Literal["media"] = "media"
    index: int = 0
    modality: str
    media_type: str
    data: Base64
    last: bool = True
    info: dict[str, object] = Field(default_factory=dict)


class Progress(BaseModel):
    """How far long work is: ``fraction`` in [0, 1] where known, ``values`` such as loss, ``preview`` encoded."""

    event: Literal["progress"] = "progress"
    message: str = ""
    fraction: float | None = None
    eta: float | None = None
    values: dict[str, float] = Field(default_factory=dict)
    preview: Base64 = None
    preview_type: str | None = None


class Usage(BaseModel):
    """What the generation cost."""

    event: Literal["usage"] = "usage"
    counts: UsageCounts


class Done(BaseModel):
    """The end of a generation, with why it ended."""

    event: Literal["done"] = "done"
    finish_reason: FinishReason = "stop"


class Chosen(BaseModel):
    """The chooser has decided."""

    event: Literal["chosen"] = "chosen"
    choice: Choice


class Completed(BaseModel):
    """The result is judged and on the record."""

    event: Literal["completed"] = "completed"
    result: Result


class ModelReady(BaseModel):
    """A training or a download is complete: the model is in the registry. ``run`` is set for trainings."""

    event: Literal["model"] = "model"
    model: Model
    run: str | None = None


EngineEvent = TextDelta | ToolCallDelta | MediaChunk | Progress | Usage | Done


class Stepped(BaseModel):
    """A step of a plan: it has begun, failed, been skipped or done; or, with ``inside``, what happens in it."""

    event: Literal["step"] = "step"
    step: Step
    inside: EngineEvent | Chosen | ModelReady | None = Field(default=None, discriminator="event")


class Used(BaseModel):
    """A tool is called, or has answered."""

    event: Literal["used"] = "used"
    use: ToolUse


class Summarised(BaseModel):
    """The oldest ``turns`` of a conversation did not fit any more: the model goes on from this summary of them."""

    event: Literal["summarised"] = "summarised"
    turns: int
    text: str
    seconds: float = 0.0


Event = EngineEvent | Chosen | Completed | ModelReady | Stepped | Used | Summarised

event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
"""Reads any event from its JSON; ``event.model_dump_json()`` writes one."""
