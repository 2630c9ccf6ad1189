"""What a check may look at besides the output itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from castalia.core.content import Part, ToolCall
from castalia.core.events import TokenLogprob
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import FinishReason


@dataclass
class CheckContext:
    """The resolved request, the model that answered and what was seen on the way.

    ``transcribe`` turns spoken audio into text where a transcription model is installed, else it is None. ``seconds``
    is the wall-clock time of the generation.
    """

    request: Request
    model: Model | None = None
    finish_reason: FinishReason = "stop"
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    tool_calls: list[ToolCall] = field(default_factory=list[ToolCall])
    transcribe: Callable[[Part], str] | None = None
    seconds: float = 0.0
