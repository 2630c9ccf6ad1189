"""An evaluation plan: everything that decides what is measured. Knows no torch."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.store.locking import write_whole

PLAN = "plan.json"


class EvaluationPlan(BaseModel):
    """Which model, against which data, with how many samples.

    ``data`` is a file or folder; None: what the model was trained on, where it still is. ``load_options`` are those of
    the engine, which the evaluation loads for itself; ``host`` is the model to load where that is another one, the base
    of an adapter. ``cache`` keeps trained encoders. ``listener`` is the
    transcription model that judges speech, where one is installed.
    """

    model_config = ConfigDict(extra="forbid")

    model: Model
    host: Model | None = None
    engine: str
    modality: str
    data: Path | None = None
    data_options: dict[str, object] = Field(default_factory=dict)
    samples: int | None = Field(default=None, ge=8, le=20_000)
    seed: int = Field(default=0, ge=0, lt=2**31)
    load_options: dict[str, object] = Field(default_factory=dict)
    assets: dict[str, Path] = Field(default_factory=dict)
    listener: Model | None = None
    start_timeout: float = 180.0
    cache: Path
    command: str = ""

    def write(self, folder: Path) -> None:
        """Keep the plan in its folder. Raises StorageError."""
        write_whole(folder / PLAN, self.model_dump_json(indent=2).encode())

    @classmethod
    def read(cls, folder: Path) -> "EvaluationPlan":
        """The plan that lies in a folder. Raises BadRequest for a damaged one."""
        try:
            return cls.model_validate_json((folder / PLAN).read_bytes())
        except (OSError, ValidationError) as error:
            raise BadRequest(f"{folder / PLAN} cannot be read: {error}.", hint="Start the evaluation anew.") from None
