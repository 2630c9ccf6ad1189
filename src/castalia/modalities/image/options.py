"""Options of drawing images, and of reading a folder of them for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.modalities.captions import CaptionSource
from castalia.modalities.sampling import SamplingOptions


class ImageOptions(SamplingOptions):
    """How many pictures, of what, and in which encoding."""

    count: int | None = Field(
        default=None, ge=1, le=64, description="Number of pictures; unset: as many as the prompt says, else one."
    )
    label: str | None = Field(
        default=None, description="Class of the training set to draw; unset: the one that the prompt names."
    )
    to: str | None = Field(
        default=None, description="Go evenly from what the prompt says to this, in words or a class, over the pictures."
    )
    strength: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of an attached picture that a diffusion model draws anew; unset: 0.6, of one with "
        "transparent parts all of those.",
    )
    format: Literal["png", "jpeg", "webp", "gif"] = Field(
        default="png", description="Encoding of each picture; gif puts all of them into one animation."
    )
    size: int | None = Field(
        default=None, ge=8, le=2048, description="Side of the output in pixels; unset: the model's own."
    )
    sheet: bool = Field(default=False, description="Put all pictures of the request on one sheet.")


class ImageData(BaseModel):
    """How a folder of pictures becomes a training set."""

    model_config = ConfigDict(extra="forbid")

    size: int | None = Field(
        default=None,
        ge=8,
        le=256,
        multiple_of=4,
        description="Side to train at, in pixels; unset: from the data, 8 to 64.",
    )
    channels: Literal["auto", "grey", "rgb"] = Field(
        default="auto", description="Colour or not; auto: grey when every picture is."
    )
    crop: Literal["centre", "fit"] = Field(
        default="centre", description="Make squares by cutting the centre, or by padding with the border's colour."
    )
    labels: Literal["auto", "folders", "none"] = Field(
        default="auto", description="Classes from sub-folders; auto: when there are at least two."
    )
    captions: CaptionSource = Field(
        default="auto",
        description="Words about each picture: files (NAME.txt beside it, metadata.csv or .jsonl), the pictures' own "
        "names, none; auto: files when half of the pictures have one.",
    )
    max_items: int = Field(default=20_000, ge=16, description="Use at most so many pictures, spread over the folder.")
    skip_bad: bool = Field(default=False, description="Leave out unreadable files instead of refusing to train.")
