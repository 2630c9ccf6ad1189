"""Options of speech, the same for every engine that speaks."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SpeechFormat = Literal["wav", "flac", "ogg", "mp3"]

MEDIA_TYPES: dict[str, str] = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
"""The media type of each format. OGG holds Opus."""


class SpeechOptions(BaseModel):
    """Who speaks, how, and in which encoding."""

    model_config = ConfigDict(extra="forbid")

    voice: str | None = Field(default=None, description="Name of the voice or speaker; unset takes the model's own.")
    speed: float = Field(default=1.0, ge=0.25, le=4.0, description="How fast: 2 takes half the time, 0.5 twice.")
    format: SpeechFormat = Field(default="wav", description="Encoding: wav, flac, ogg (Opus) or mp3.")
    sentence_silence: float = Field(default=0.25, ge=0, le=5, description="Seconds of silence between two sentences.")
    variation: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Randomness of tone and rhythm: 0 repeats byte for byte, 1 differs at every reading.",
    )
