"""The plan of a fine-tuning: everything that decides what comes out of it. Knows no torch."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from castalia.core.errors import BadRequest, NotFound
from castalia.store.locking import write_whole
from castalia.training.plan import PLAN

RESUME = "castalia finetune --resume {}"
LENGTH = 1024
"""Most tokens of an example when nothing is said."""


class FinetunePlan(BaseModel):
    """Which model learns what, for how long.

    As with `castalia.training.plan.TrainingPlan`, a plan with ``max_steps`` and no ``minutes`` measures nothing and is
    the same bit for bit each time on one thread, also when it was killed and resumed. ``leave_out`` holds the numbers
    of lines that are not learnt.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["finetune"] = "finetune"
    source: Path = Field(description="File of examples: .jsonl or .txt.")
    base: str = Field(description="Name of the model that learns.")
    base_file: Path = Field(description="Its GGUF file.")
    name: str = Field(description="Name of the adapter.")
    minutes: float | None = Field(default=None, gt=0, description="Time budget in minutes.")
    max_steps: int | None = Field(default=None, ge=1, description="Most optimiser steps.")
    epochs: float = Field(default=10.0, gt=0, le=1000, description="Most passes over the examples.")
    rank: int = Field(default=16, ge=1, le=256, description="Rank r of the adapter's matrices.")
    alpha: float | None = Field(
        default=None, gt=0, description="Weight of the adapter is alpha / r; 2 r when left out."
    )
    rate: float = Field(default=1e-3, gt=0, le=1, description="Learning rate.")
    batch_tokens: int = Field(default=1024, ge=1, description="Tokens of an optimiser step, about.")
    length: int = Field(default=LENGTH, ge=16, description="Most tokens of an example.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of split, order and first weights.")
    threads: int = Field(default=0, ge=0, description="CPU threads; 0 picks one or all, whichever is faster.")
    checkpoint_seconds: float = Field(default=60.0, ge=0, description="Seconds between checkpoints.")
    licence: str = Field(default="", description="Licence of the examples, kept on the card.")
    leave_out: list[int] = Field(default_factory=list[int], description="Lines that are not learnt.")

    @model_validator(mode="after")
    def _has_an_end(self) -> "FinetunePlan":
        if self.minutes is None and self.max_steps is None:
            raise ValueError("a fine-tuning needs minutes or max_steps")
        return self

    @property
    def scale(self) -> float:
        """alpha: the adapter's output is weighed by alpha / rank."""
        return 2.0 * self.rank if self.alpha is None else self.alpha

    def write(self, run_folder: Path) -> None:
        """Keep the plan in its run folder. Raises StorageError."""
        write_whole(run_folder / PLAN, self.model_dump_json(indent=2).encode())

    @classmethod
    def read(cls, run_folder: Path) -> "FinetunePlan":
        """The plan of a run. Raises NotFound for a folder without one, BadRequest for a damaged one."""
        path = run_folder / PLAN
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError:
            raise NotFound(f"There is no run in {run_folder}.", hint="castalia ps --runs lists them.") from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]["msg"]
            raise BadRequest(f"{path} is damaged: {first}.", hint="Start the fine-tuning anew.") from None
