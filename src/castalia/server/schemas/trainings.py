"""The body of POST /v1/trainings."""

from typing import Literal

from pydantic import Field

from castalia.server.schemas.extras import Strict


class TrainingBody(Strict):
    """What to learn from and how: the options of ``castalia train``."""

    file: str
    """The id of a file of ``/v1/files``: a ZIP archive of a folder, or a table or text."""
    name: str | None = None
    modality: str | None = None
    family: str | None = None
    size: Literal["tiny", "small", "medium", "large"] = "small"
    minutes: float | None = Field(default=None, gt=0, le=7 * 24 * 60)
    max_steps: int | None = Field(default=None, ge=1)
    compress: Literal["auto", "none", "latents", "tokens"] = "auto"
    start_from: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    threads: int = Field(default=0, ge=0)
    licence: str = ""
    data_options: dict[str, object] = Field(default_factory=dict)
    family_options: dict[str, object] = Field(default_factory=dict)

    def wishes(self) -> dict[str, object]:
        """What `castalia.serving.planning.plan_training` is asked for."""
        return self.model_dump(exclude={"file"}, exclude_none=True)
