"""Options of the GAN family."""

from pydantic import BaseModel, ConfigDict, Field


class GanOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    latent: int | None = Field(default=None, ge=1, le=1024, description="Length of the noise vector.")
    rate: float | None = Field(default=None, gt=0, le=0.1, description="Highest learning rate of both networks.")
    penalty: float | None = Field(
        default=None, ge=0, le=1000, description="Weight of the zero-centred gradient penalties R1 and R2."
    )
    penalty_every: int | None = Field(
        default=None, ge=1, le=64, description="Steps from one penalty to the next, which weighs so much more."
    )
    batch: int | None = Field(default=None, ge=2, description="Items a step.")
    epochs: float | None = Field(default=None, gt=0, description="Most passes over the data.")


class GanSamplingOptions(BaseModel):
    """How items are drawn. Other options of a request are not its business."""

    model_config = ConfigDict(extra="ignore")

    temperature: float = Field(
        default=1.0, ge=0, le=2, description="Scale of the noise: below 1 keeps to typical items; above 1 varies."
    )
