"""The body of POST /v1/audio/speech."""

from typing import Literal

from pydantic import Field

from castalia.core.content import Message, Part
from castalia.core.errors import UnsupportedOption
from castalia.core.requests import AUTO, Request
from castalia.modalities.speech.spoken import VERBATIM
from castalia.server.schemas.extras import Extras, Strict

OPENAI_VOICES = frozenset(
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()  # noqa: SIM905 - reads better
)
"""OpenAI's own voices, which its clients must name: they stand for the model's default voice."""

FORMATS = {"mp3": "mp3", "opus": "ogg", "flac": "flac", "wav": "wav", "pcm": "wav"}
"""OpenAI's formats as ours; ``pcm`` is a WAV without its header: 16 bits, mono, at the voice's own rate."""


class VoiceId(Strict):
    """A voice by id."""

    id: str


class SpeechBody(Strict):
    """OpenAI's speech request. The input is spoken word for word."""

    input: str = Field(min_length=1, max_length=32_000)
    model: str = AUTO
    voice: str | VoiceId | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    instructions: str | None = None
    castalia: Extras = Extras()

    def request(self) -> Request:
        """The pipeline's request. Raises UnsupportedOption for what no voice here can do."""
        if self.instructions:
            raise UnsupportedOption("The voices here take no instructions.", hint="Leave instructions out; use speed.")
        if self.response_format not in FORMATS:
            raise UnsupportedOption(
                f"The format {self.response_format!r} cannot be made here.", hint=f"There are: {', '.join(FORMATS)}."
            )
        voice = self.voice.id if isinstance(self.voice, VoiceId) else self.voice
        options: dict[str, object] = {"format": FORMATS[self.response_format], "speed": self.speed}
        if voice is not None and voice not in OPENAI_VOICES:
            options["voice"] = voice
        spoken = Part(type="text", text=self.input, info={VERBATIM: True})
        return Request(
            messages=[Message(role="user", parts=[spoken])],
            model=self.model,
            modality="speech",
            policy=self.castalia.policy,
            engine=self.castalia.engine,
            seed=self.castalia.seed,
            options={**options, **self.castalia.options},
        )
