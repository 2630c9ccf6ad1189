"""Options of making clips, and of reading a folder of them for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.modalities.captions import CaptionSource
from castalia.modalities.folders import Labels
from castalia.modalities.sampling import SamplingOptions


class VideoOptions(SamplingOptions):
    """How many clips, of what, and in which encoding."""

    count: int | None = Field(
        default=None, ge=1, le=16, description="Number of clips; unset: as many as the prompt says, else one."
    )
    label: str | None = Field(
        default=None, description="Class of the training set to make; unset: the one that the prompt names."
    )
    format: Literal["mp4", "webm", "gif", "webp"] = Field(
        default="mp4", description="Encoding: VP9 in MP4 or WebM, animated GIF or WebP."
    )
    size: int | None = Field(
        default=None, ge=16, le=512, multiple_of=2, description="Side in pixels; unset: enlarged to 128 or more."
    )
    fps: float | None = Field(default=None, gt=0, le=60, description="Frames a second; unset: as learnt.")
    loop: bool = Field(default=True, description="Whether GIF and WebP play without end.")


class VideoData(BaseModel):
    """How a folder of clips becomes a training set."""

    model_config = ConfigDict(extra="forbid")

    frames: int = Field(default=16, ge=8, le=32, multiple_of=4, description="Frames of a clip.")
    size: int | None = Field(
        default=None, ge=16, le=64, multiple_of=8, description="Side to train at; unset: from the data, 32 to 64."
    )
    fps: float | None = Field(
        default=None, gt=0, le=60, description="Frames a second that are taken; unset: spread over the whole clip."
    )
    longer: Literal["trim", "cut"] = Field(
        default="trim", description="With fps: of longer clips keep the beginning, or cut them into pieces."
    )
    channels: Literal["auto", "grey", "rgb"] = Field(
        default="auto", description="Colour or not; auto: grey when every clip is."
    )
    crop: Literal["centre", "fit"] = Field(
        default="centre", description="Make squares by cutting the centre, or by padding with the border's colour."
    )
    labels: Labels = Field(default="auto", description="Classes from sub-folders; auto: when there are at least two.")
    captions: CaptionSource = Field(
        default="auto",
        description="Words about each clip: files (NAME.txt beside it, metadata.csv or .jsonl), the clips' own names, "
        "none; auto: files when half of the clips have one.",
    )
    max_items: int = Field(default=4000, ge=16, description="Use at most so many clips, spread over the folder.")
    skip_bad: bool = Field(default=False, description="Leave out unreadable files instead of refusing to train.")
