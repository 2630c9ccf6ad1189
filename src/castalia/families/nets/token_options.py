"""Options that every family of token sequences has. Read without torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TokenOptions(BaseModel):
    """What may be set by hand at training; None lets the size dial decide."""

    model_config = ConfigDict(extra="forbid")

    width: int | None = Field(default=None, ge=16, le=4096, description="Length of the hidden vectors.")
    layers: int | None = Field(default=None, ge=1, le=64, description="Layers one above the other.")
    optimiser: Literal["muon", "adamw"] = Field(
        default="muon", description="How matrices are updated: orthogonalised momentum, or AdamW like the rest."
    )
    matrix_rate: float = Field(default=0.02, gt=0, le=1, description="Highest rate of orthogonalised updates.")
    rate: float = Field(default=3e-3, gt=0, le=0.1, description="Highest rate of AdamW.")
    weight_decay: float = Field(default=0.05, ge=0, le=1, description="Weight decay of matrices.")
    dropout: float | None = Field(default=None, ge=0, lt=1, description="Dropout rate inside blocks.")
    batch: int | None = Field(default=None, ge=1, description="Sequences or windows a step.")
    epochs: float | None = Field(default=None, gt=0, description="Most passes over the data.")
    grammar_loss: bool = Field(default=True, description="Whether training too gives forbidden tokens no probability.")


class TokenSamplingOptions(BaseModel):
    """How tokens are drawn. Other options of a request are not its business."""

    model_config = ConfigDict(extra="ignore")

    temperature: float = Field(default=1.0, ge=0, le=2, description="0 takes the likeliest token; higher varies more.")
    top_k: int | None = Field(default=None, ge=0, description="Draw from so many likeliest tokens; 0 means all.")
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Draw from the likeliest tokens of this total probability."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Most tokens of an item; of a stream how many come after what is given."
    )
    barred: tuple[int, ...] = Field(
        default=(), description="Tokens that do not come, unless the grammar allows nothing else."
    )
