"""How a model is loaded by OpenVINO."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.machine import usable_cores


class OpenVinoLoadOptions(BaseModel):
    """Threads, context, places in the batch, and where converted models are kept."""

    model_config = ConfigDict(extra="ignore")

    threads: int = Field(default=0, ge=0, description="CPU threads; 0 means all cores.")
    context: int = Field(default=4096, ge=1, description="Most tokens of prompt and answer together.")
    slots: int = Field(default=8, ge=1, description="Requests worked on in one batch; more wait.")
    cache: Path | None = Field(
        default=None, description="Folder for converted models; without it each loading converts anew."
    )

    @property
    def cores(self) -> int:
        """The number of threads to run on."""
        return self.threads or usable_cores()
