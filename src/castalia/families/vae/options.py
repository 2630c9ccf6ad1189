"""Options of the VAE family."""

from pydantic import BaseModel, ConfigDict, Field


class VaeOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    latent: int | None = Field(default=None, ge=1, le=1024, description="Length of the latent vector.")
    rate: float = Field(default=2e-3, gt=0, le=0.1, description="Highest learning rate of AdamW.")
    weight_decay: float = Field(default=0.02, ge=0, le=1, description="Weight decay of matrices and kernels.")
    dropout: float | None = Field(default=None, ge=0, lt=1, description="Dropout rate inside residual blocks.")
    batch: int | None = Field(default=None, ge=2, description="Items a step.")
    epochs: float | None = Field(default=None, gt=0, description="Most passes over the data.")


class VaeSamplingOptions(BaseModel):
    """How items are drawn. Other options of a request are not its business."""

    model_config = ConfigDict(extra="ignore")

    temperature: float = Field(default=1.0, ge=0, le=2, description="Below 1 keeps to typical items; above 1 varies.")
    guidance: float | None = Field(
        default=None, ge=0, le=20, description="1 follows the conditions as learnt, above 1 more strictly than that."
    )
