"""Options of the diffusion family."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Prediction = Literal["velocity", "noise", "data"]
SolverName = Literal["euler", "heun", "dpm"]


class DiffusionOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    path: Literal["flow", "ddpm"] = Field(
        default="flow", description="Straight lines from noise to data (rectified flow), or a cosine schedule (DDPM)."
    )
    shift: float | None = Field(
        default=None, ge=0.1, le=100, description="Above 1 learns and draws in more noise, as large items need (flow)."
    )
    prediction: Prediction | Literal["auto"] = Field(
        default="auto",
        description="Told by the network: velocity (v), noise or data; auto: data where a signal has too many bands.",
    )
    net: Literal["auto", "unet", "dit"] = Field(default="auto", description="Network of grids; rows have their own.")
    fold: bool | None = Field(
        default=None, description="Let the first of three axes (the frames of a film) be channels of a plane."
    )
    draft: bool = Field(default=True, description="Let a small network draft each item from its caption (U-Net).")
    patch: int | None = Field(default=None, ge=1, le=16, description="Side of the blocks that become channels.")
    width: int | None = Field(default=None, ge=8, le=2048, description="Channels at the finest level.")
    blocks: int | None = Field(default=None, ge=1, le=64, description="Layers, for a U-Net at each level.")
    rate: float = Field(default=3e-3, gt=0, le=0.1, description="Highest learning rate of AdamW.")
    muon: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Rate of Muon for a grid's kernels and matrices, about ten times `rate`; unset: AdamW for all.",
    )
    weight_decay: float = Field(default=0.01, ge=0, le=1, description="Weight decay of matrices and kernels.")
    dropout: float | None = Field(default=None, ge=0, lt=1, description="Dropout rate inside the layers.")
    batch: int | None = Field(default=None, ge=2, description="Items a step.")
    epochs: float | None = Field(default=None, gt=0, description="Most passes over the data.")


class DiffusionSamplingOptions(BaseModel):
    """How items are drawn; None stands for the default of the model's kind. Other options are not its business."""

    model_config = ConfigDict(extra="ignore")

    steps: int | None = Field(default=None, ge=1, le=1000, description="Steps from noise to data: more are finer.")
    guidance: float | None = Field(
        default=None, ge=0, le=20, description="1 follows the conditions as learnt, above 1 more strictly than that."
    )
    solver: SolverName = Field(default="dpm", description="Rule of a step: euler, heun (twice the work), dpm.")
    strength: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the way that given items are drawn anew; unset: 1 where parts of them stay, else 0.6.",
    )
    temperature: float = Field(default=1.0, ge=0, le=2, description="Spread of the first noise: below 1 more typical.")
