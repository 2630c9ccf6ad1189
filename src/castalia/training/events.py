"""What a training worker says, one JSON object a line: `Progress`, then one of the ends below. Knows no torch."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from castalia.core.events import Progress


class Trained(BaseModel):
    """The run is complete: where the artifact lies, what was measured, its card."""

    event: Literal["trained"] = "trained"
    artifact: Path
    figures: dict[str, float] = Field(default_factory=dict)
    card: dict[str, object] = Field(default_factory=dict)


class Stopped(BaseModel):
    """The run was stopped; its checkpoint holds all that was learnt."""

    event: Literal["stopped"] = "stopped"
    step: int


class Failed(BaseModel):
    """The run failed; ``error`` is `CastaliaError.as_dict`."""

    event: Literal["failed"] = "failed"
    error: dict[str, object]


TrainingEvent = Progress | Trained
WorkerEvent = Progress | Trained | Stopped | Failed

worker_events: TypeAdapter[WorkerEvent] = TypeAdapter(Annotated[WorkerEvent, Field(discriminator="event")])
"""Reads any of them from its JSON line."""
