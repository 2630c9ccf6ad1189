"""Options of making sounds, and of reading a folder of them for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from castalia.modalities.captions import CaptionSource
from castalia.modalities.folders import Labels
from castalia.modalities.sampling import SamplingOptions


class AudioOptions(SamplingOptions):
    """How many sounds, of what, how long, and in which encoding."""

    count: int | None = Field(
        default=None, ge=1, le=64, description="Number of sounds; unset: as many as the prompt says, else one."
    )
    label: str | None = Field(
        default=None, description="Class of the training set to make; unset: the one that the prompt names."
    )
    seconds: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="Exact length, cut or followed by silence; unset: till it dies away.",
    )
    format: Literal["wav", "flac", "ogg", "mp3"] = Field(default="wav", description="Encoding; ogg holds Opus.")
    decoder: Literal["learned", "phase"] | None = Field(
        default=None, description="How spectra become sound; phase: without the network; unset: as trained."
    )


class AudioData(BaseModel):
    """How a folder of sounds becomes a training set."""

    model_config = ConfigDict(extra="forbid")

    seconds: float | None = Field(
        default=None, ge=0.2, le=10, description="Length to train at; unset: what holds nine in ten sounds, at most 4."
    )
    rate: Literal[16000, 22050] | None = Field(
        default=None, description="Samples a second; unset: 22050 where most sounds have that, else 16000."
    )
    longer: Literal["trim", "cut"] = Field(
        default="trim", description="Longer sounds: keep the beginning, or cut all of it into pieces."
    )
    level: Literal["peak", "keep"] = Field(
        default="peak", description="Bring every sound to the same peak, or keep differences in loudness."
    )
    labels: Labels = Field(default="auto", description="Classes from sub-folders; auto: when there are at least two.")
    captions: CaptionSource = Field(
        default="auto",
        description="Words about each sound: files (NAME.txt beside it, metadata.csv or .jsonl), the sounds' own "
        "names, none; auto: files when half of the sounds have one.",
    )
    max_items: int = Field(default=10_000, ge=16, description="Use at most so many files, spread over the folder.")
    skip_bad: bool = Field(default=False, description="Leave out unreadable files instead of refusing to train.")
