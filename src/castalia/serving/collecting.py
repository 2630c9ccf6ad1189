"""Gathers the events of one generation into outputs."""

import time
from collections.abc import Callable
from typing import cast

from castalia.core.content import Part, ToolCall
from castalia.core.events import (
    Done,
    EngineEvent,
    MediaChunk,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from castalia.core.plugins import modalities, resolve
from castalia.core.results import FinishReason, UsageCounts


class Collector:
    """What came out so far: text in order, media by output index, tool calls, usage."""

    def __init__(self) -> None:
        self.finish_reason: FinishReason = "stop"
        self.usage = UsageCounts()
        self.logprobs: list[TokenLogprob] = []
        self.tool_calls: list[ToolCall] = []
        self.first: float | None = None
        self._texts: list[str] = []
        self._segments: list[dict[str, object]] = []
        self._chunks: dict[int, list[MediaChunk]] = {}

    def add(self, event: EngineEvent) -> None:
        """Take one event in."""
        match event:
            case TextDelta():
                self._texts.append(event.text)
                self.logprobs.extend(event.logprobs)
                if event.info:
                    self._segments.append({"text": event.text, **event.info})
            case MediaChunk():
                self._chunks.setdefault(event.index, []).append(event)
            case ToolCallDelta():
                self.tool_calls.append(event.call)
            case Usage():
                self.usage = event.counts
            case Done():
                self.finish_reason = event.finish_reason
            case _:
                return
        if self.first is None:
            self.first = time.monotonic()

    def outputs(self, modality: str) -> list[Part]:
        """The finished parts, media joined from its chunks. An answer of text is one part even when it is empty."""
        parts = [self._joined(chunks) for _, chunks in sorted(self._chunks.items()) if chunks[-1].last]
        if self._texts or (modality == "text" and not self.tool_calls):
            facts: dict[str, object] = {"segments": self._segments} if self._segments else {}
            parts.insert(0, Part(type="text", text="".join(self._texts), info=facts))
        return parts

    def _joined(self, chunks: list[MediaChunk]) -> Part:
        last = chunks[-1]
        pieces = [chunk.data or b"" for chunk in chunks]
        join = modalities().spec(last.modality).join  # one piece of a stream lacks its length as well
        if join is not None:
            data = cast(Callable[[list[bytes], str], bytes], resolve(join))(pieces, last.media_type)
        else:
            data = b"".join(pieces)
        info = {name: value for chunk in chunks for name, value in chunk.info.items()}
        return Part(type=last.modality, media_type=last.media_type, data=data, info=info)
