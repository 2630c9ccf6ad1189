"""Options of drawing that modalities of continuous arrays share; families heed those that they know."""

from pydantic import BaseModel, ConfigDict, Field


class SamplingOptions(BaseModel):
    """How freely, in how many steps, and how strictly under conditions items are drawn."""

    model_config = ConfigDict(extra="forbid")

    temperature: float = Field(default=1.0, ge=0, le=2, description="Below 1 more typical, above 1 more varied.")
    steps: int | None = Field(
        default=None, ge=1, le=1000, description="Steps of a diffusion model; unset: as many as its kind needs."
    )
    guidance: float | None = Field(
        default=None,
        ge=0,
        le=20,
        description="How strictly conditions are followed, 1 as learnt; unset: as the model's kind needs.",
    )
