"""A training plan: everything that decides what comes out of a run. Knows no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from castalia.core.errors import BadRequest, NotFound
from castalia.core.representation import Kind
from castalia.core.specs import FamilySpec, ModalitySpec
from castalia.store.locking import write_whole

PLAN = "plan.json"


Compress = Literal["auto", "none", "latents", "tokens"]


@dataclass(frozen=True)
class Meeting:
    """Where a family and a modality meet: the kind of representation, and how it is compressed for the family."""

    kind: Kind
    compress: Literal["none", "latents", "tokens"]


def meeting(family: FamilySpec, modality: ModalitySpec, wished: Compress = "auto") -> Meeting:
    """What the family learns of the modality, its preference first.

    A continuous representation can be compressed first: ``auto`` does so only for a family of tokens that would have
    nothing to learn otherwise. Raises BadRequest when they cannot meet so.
    """
    learns, offers = family.representations, modality.representations
    if wished in {"auto", "none"}:
        for kind in learns:
            if kind in offers:
                return Meeting(kind, "none")
    if wished in {"auto", "tokens"} and "tokens" in learns and "continuous" in offers:
        return Meeting("continuous", "tokens")
    if wished == "latents" and "continuous" in learns and "continuous" in offers:
        return Meeting("continuous", "latents")
    how = "" if wished == "auto" else f" with --compress {wished}"
    raise BadRequest(
        f"A {family.name} learns {' or '.join(learns)}; {modality.name} offers {' or '.join(offers)}{how}.",
        hint="Choose another family with --family, or leave --compress out.",
    )


class TrainingPlan(BaseModel):
    """What to learn from, with which family, for how long.

    With ``max_steps`` alone nothing is measured and nothing depends on the clock: on one thread such a run is the same
    bit for bit each time, also when it was killed and resumed. ``minutes`` is processor time per thread, so that a busy
    machine takes longer instead of training less.
    """

    model_config = ConfigDict(extra="forbid")

    source: Path = Field(description="File or folder of training data.")
    modality: str = Field(description="Kind of content.")
    family: str = Field(description="How to learn it.")
    name: str = Field(description="Name of the model that comes of it.")
    size: Literal["tiny", "small", "medium", "large"] = Field(default="small", description="The one dial of capacity.")
    minutes: float | None = Field(default=None, gt=0, description="Time budget in minutes.")
    max_steps: int | None = Field(default=None, ge=1, description="Most optimiser steps.")
    compress: Compress = Field(default="auto", description="Learn a short code of the items first: latents or tokens.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of split, order, weights and noise.")
    threads: int = Field(default=0, ge=0, description="CPU threads; 0 picks one or all, whichever is faster.")
    checkpoint_seconds: float = Field(default=60.0, ge=0, description="Seconds between checkpoints.")
    licence: str = Field(default="", description="Licence of the training data, kept in the model card.")
    data_options: dict[str, object] = Field(default_factory=dict, description="Options of the modality's data.")
    family_options: dict[str, object] = Field(default_factory=dict, description="Options of the family.")
    start_from: Path | None = Field(default=None, description="Artifact of a model whose weights to go on from.")
    assets: dict[str, Path] = Field(default_factory=dict, description="Where shared files lie, by `core.assets` name.")

    @model_validator(mode="after")
    def _has_an_end(self) -> "TrainingPlan":
        if self.minutes is None and self.max_steps is None:
            raise ValueError("a training needs minutes or max_steps")
        return self

    def write(self, run_folder: Path) -> None:
        """Keep the plan in its run folder. Raises StorageError."""
        write_whole(run_folder / PLAN, self.model_dump_json(indent=2).encode())

    @classmethod
    def read(cls, run_folder: Path) -> "TrainingPlan":
        """The plan of a run. Raises NotFound for a folder without one, BadRequest for a damaged one."""
        path = run_folder / PLAN
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError:
            raise NotFound(
                f"There is no training run in {run_folder}.", hint="castalia ps --runs lists them."
            ) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]["msg"]
            raise BadRequest(f"{path} is damaged: {first}.", hint="Start the training anew.") from None
