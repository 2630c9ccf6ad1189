"""Options of composing music, and of reading a folder of scores for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MusicFormat = Literal["midi", "musicxml", "wav", "flac", "ogg", "mp3"]

MEDIA_TYPES: dict[str, str] = {
    "midi": "audio/midi",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}
"""The media type of each format. OGG holds Opus."""


class MusicOptions(BaseModel):
    """What to compose, how freely, and in which encoding."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=1, ge=1, le=32, description="Number of pieces.")
    format: MusicFormat = Field(default="midi", description="midi, musicxml (a score), or sound: wav, flac, ogg, mp3.")
    key: str | None = Field(
        default=None, description="Such as 'G minor' or 'Bb major'; unset: as the prompt says, else as in the training."
    )
    tempo: float | None = Field(
        default=None, ge=20, le=300, description="Quarter notes a minute; unset: as the prompt says, else as usual."
    )
    instrument: str | None = Field(
        default=None, description="Such as piano, flute, choir or violin; unset: those of the training."
    )
    bars: int | None = Field(default=None, ge=1, le=512, description="Length in bars; unset: the model ends by itself.")
    temperature: float = Field(default=0.9, ge=0, le=2, description="Below 1 more typical, above 1 more adventurous.")
    top_p: float = Field(default=0.98, gt=0, le=1, description="Draw from the likeliest tokens of this probability.")
    top_k: int = Field(default=0, ge=0, description="Draw from so many likeliest tokens; 0 means all.")


class MusicData(BaseModel):
    """How a folder of scores becomes a training set."""

    model_config = ConfigDict(extra="forbid")

    grid: Literal["auto", 2, 3, 4, 6, 8, 12] = Field(
        default="auto", description="Steps in a quarter note; auto: the fewest that hold nearly all notes."
    )
    length: int = Field(
        default=512, ge=64, le=4096, description="Tokens of the longest item; longer pieces are cut between bars."
    )
    voices: Literal["auto", "parts", "instruments"] = Field(
        default="auto",
        description="What a voice is: the n-th part of a piece, or all parts of one kind of instrument; auto: parts "
        "where nearly all pieces have as many.",
    )
    velocities: Literal["auto", "on", "off"] = Field(
        default="auto", description="Whether loudness is learnt; auto: when it varies."
    )
    durations: Literal["auto", "written", "lasting"] = Field(
        default="auto",
        description="Whether durations are tokens, or notes last until the next note or rest of their voice; auto: "
        "lasting where every part is one line.",
    )
    max_items: int = Field(default=20_000, ge=16, description="Use at most so many files, spread over the folder.")
    skip_bad: bool = Field(default=False, description="Leave out unreadable files instead of refusing to train.")
