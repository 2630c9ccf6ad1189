"""Chunks of llama.cpp's chat completions as events."""

from collections.abc import Iterator
from typing import cast

from castalia.core.content import ToolCall
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, TokenLogprob, ToolCallDelta, Usage
from castalia.core.results import FinishReason, UsageCounts
from castalia.engines.answer_schema import Schema, check_answer
from castalia.engines.calling import ToolCallSifter, forced_tools, parse_calls
from castalia.engines.llamacpp.stream import Chunk
from castalia.modalities.text.options import TextOptions


class Answer:
    """Turns the chunks of one answer into events."""

    def __init__(self, options: TextOptions, schema: Schema | None) -> None:
        self._options = options
        self._schema = schema
        self._forced = forced_tools(options)
        self._sifter = ToolCallSifter(options)
        self._text = ""
        self._calls: dict[int, ToolCall] = {}
        self._counts = UsageCounts()
        self._reason: FinishReason = "stop"

    def events(self, chunk: Chunk) -> Iterator[EngineEvent]:
        """What this chunk adds."""
        if usage := chunk.get("usage"):
            cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
            self._counts = UsageCounts(
                input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"], cached_tokens=cached
            )
        for choice in chunk.get("choices", []):
            if choice.get("finish_reason") == "length":
                self._reason = "length"
            delta = cast(Chunk, choice.get("delta") or {"content": choice.get("text")})
            for piece in cast("list[Chunk]", delta.get("tool_calls") or []):
                self._gather(piece)
            text = delta.get("content") or ""
            self._text += text
            sent = "" if self._forced else self._sifter.feed(text)
            logprobs = self._logprobs(choice)
            if sent or (logprobs and not self._forced):
                yield TextDelta(text=sent, logprobs=logprobs)
        if progress := chunk.get("prompt_progress"):
            yield Progress(message="reading the prompt", fraction=progress["processed"] / max(1, progress["total"]))

    def ending(self) -> Iterator[EngineEvent]:
        """Tool calls, usage and the end. Raises EngineError when a forced answer is not what it must be."""
        rest = parse_calls(self._text) if self._forced else self._sifter.finish()
        if isinstance(rest, str) and rest:
            yield TextDelta(text=rest)
        calls = [*self._calls.values(), *([] if isinstance(rest, str) else rest)]
        if self._schema is not None and self._reason == "stop" and not self._options.stop:
            check_answer(self._text, self._schema)
        for call in calls:
            yield ToolCallDelta(call=call)
        yield Usage(counts=self._counts)
        yield Done(finish_reason="tool_calls" if calls and self._reason == "stop" else self._reason)

    def _gather(self, piece: Chunk) -> None:
        """Put together a call that the server found in the model's own notation."""
        function = cast(Chunk, piece.get("function") or {})
        index = int(piece.get("index", 0))
        known = self._calls.get(index) or ToolCall(id=str(piece.get("id") or ""), name="", arguments="")
        self._calls[index] = ToolCall(
            id=known.id,
            name=known.name + (function.get("name") or ""),
            arguments=known.arguments + (function.get("arguments") or ""),
        )

    def _logprobs(self, choice: Chunk) -> list[TokenLogprob]:
        wanted = self._options.logprobs
        found = cast(Chunk, choice.get("logprobs") or {})
        if wanted is None:
            return []
        return [logprob_of(entry, wanted) for entry in cast("list[Chunk]", found.get("content") or [])]


def logprob_of(entry: Chunk, wanted: int) -> TokenLogprob:
    """The server's log-probability of a token, with so many runners-up."""
    top = [(other["token"], other["logprob"]) for other in entry["top_logprobs"][:wanted]]
    return TokenLogprob(token=entry["token"], logprob=entry["logprob"], top=top)
