"""Options of transcription and of loading its models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TranscriptionOptions(BaseModel):
    """How a recording becomes text."""

    model_config = ConfigDict(extra="forbid")

    language: str | None = Field(
        default=None, description="Language spoken, as a code such as en or fr; unset detects it."
    )
    task: Literal["transcribe", "translate"] = Field(
        default="transcribe", description="transcribe keeps the language, translate gives English."
    )
    temperature: float = Field(
        default=0.0, ge=0, le=1, description="0 picks the likeliest words; above it no two transcripts need be alike."
    )
    beam_size: int = Field(default=5, ge=1, le=16, description="Readings weighed at once; 1 is the fastest.")
    word_timestamps: bool = Field(default=False, description="Give the time of each word beside the text.")
    prompt: str | None = Field(
        default=None, max_length=2000, description="Text that came before, or names and terms to expect."
    )


class WhisperLoadOptions(BaseModel):
    """How a Whisper model is loaded."""

    model_config = ConfigDict(extra="ignore")

    threads: int = Field(default=0, ge=0, description="CPU threads; 0 means all cores.")
