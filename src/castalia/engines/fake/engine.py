"""The fake engine: every output follows from prompt and seed alone."""

import hashlib
import json
import math
import os
import random
import re
import signal
import time
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from castalia.core.content import ToolCall
from castalia.core.errors import ContextTooLong, EngineError
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, TextDelta, TokenLogprob, ToolCallDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import FinishReason, UsageCounts
from castalia.engines.answer_schema import Schema, answer_schema
from castalia.engines.calling import forced_tools, parse_calls
from castalia.engines.chat import StopCutter
from castalia.engines.fake import media
from castalia.engines.fake.schema import smallest
from castalia.modalities.text.options import TextOptions

WORDS = ("the", "light", "river", "answer", "stone", "over", "quiet", "and", "number", "green", "under", "window")
SECONDS_PER_WORD = 0.3
HEARTBEAT = 0.25


class FakeDetails(BaseModel):
    """What ``model.details`` of a fake model may ask for; the rest is ignored.

    ``delay`` is seconds before each event. ``crash_after`` kills the process after so many events. ``fail`` raises an
    EngineError with that message, ``fail_load`` does so at loading. ``reply`` is said instead of random words.
    ``calls`` (``{"name", "arguments"}``) are made in answer to a user whenever tools are offered, among these or not.
    """

    model_config = ConfigDict(extra="ignore")

    delay: float = 0.0
    crash_after: int | None = None
    fail: str | None = None
    fail_load: str | None = None
    context_length: int = 4096
    reply: str | None = None
    calls: list[dict[str, object]] = []


class FakeEngine:
    """Says words, paints blocks, hums and fills tables, all drawn from a generator seeded by prompt and seed."""

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        self.details = FakeDetails.model_validate(model.details)
        context = load_options.get("context")
        self.context = (
            min(context, self.details.context_length) if isinstance(context, int) else self.details.context_length
        )
        if self.details.fail_load:
            raise EngineError(self.details.fail_load, hint="This fake model is made to fail.")

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """Events of a text, pictures, speech or a table."""
        if self.details.fail:
            raise EngineError(self.details.fail, hint="This fake model is made to fail.")
        conversation = json.dumps([message.model_dump(mode="json") for message in request.messages])
        digest = hashlib.sha256(f"{request.seed}\n{request.modality}\n{conversation}".encode()).digest()
        draw = random.Random(digest)  # noqa: S311 - nothing secret
        events = self._text(request, draw) if request.modality == "text" else self._media(request, draw)
        for count, event in enumerate(events):
            if count == self.details.crash_after:
                os.kill(os.getpid(), signal.SIGKILL)
            yield from _waiting(self.details.delay)
            yield event

    def close(self) -> None:
        """Nothing is held."""

    def _text(self, request: Request, draw: random.Random) -> Iterator[EngineEvent]:
        options = TextOptions.model_validate(request.options)
        prompt_tokens = sum(len(message.text.split()) for message in request.messages)
        if prompt_tokens >= self.context:
            raise ContextTooLong(
                f"The prompt has {prompt_tokens} tokens; this model reads at most {self.context}.",
                hint="Shorten the prompt, or choose a model with a longer context.",
            )
        if options.echo:
            text = request.prompt if request.told is None else request.told
            entries = [entry for piece in _cut(text) for entry in _logprobs(piece, options, draw)]
            yield TextDelta(text=text, logprobs=entries)
            yield Usage(counts=UsageCounts(input_tokens=prompt_tokens))
            yield Done()
            return
        schema = answer_schema(options)
        if schema is not None and forced_tools(options):
            yield from self._call(parse_calls(json.dumps(smallest(schema))), prompt_tokens)
            return
        if (
            self.details.calls
            and options.tools
            and options.tool_choice == "auto"
            and request.messages[-1].role == "user"
        ):
            yield from self._call(parse_calls(json.dumps(self.details.calls)), prompt_tokens)
            return
        pieces = self._pieces(request, schema, draw)
        allowed = min(options.max_tokens, self.context - prompt_tokens)
        cutter = StopCutter(options.stop)
        said = 0
        logprobs: list[TokenLogprob] = []
        for piece in pieces[:allowed]:
            said += 1
            logprobs += _logprobs(piece, options, draw)
            text = cutter.feed(piece)
            if text:
                yield TextDelta(text=text, logprobs=logprobs)
                logprobs = []
            if cutter.stopped:
                break
        if rest := cutter.flush():
            yield TextDelta(text=rest, logprobs=logprobs)
        reason: FinishReason = "length" if said == allowed < len(pieces) and not cutter.stopped else "stop"
        yield Usage(counts=UsageCounts(input_tokens=prompt_tokens, output_tokens=said))
        yield Done(finish_reason=reason)

    def _call(self, calls: list[ToolCall], prompt_tokens: int) -> Iterator[EngineEvent]:
        for call in calls:
            yield ToolCallDelta(call=call)
        said = sum(len(call.arguments.split()) + 1 for call in calls)
        yield Usage(counts=UsageCounts(input_tokens=prompt_tokens, output_tokens=said))
        yield Done(finish_reason="tool_calls")

    def _pieces(self, request: Request, schema: Schema | None, draw: random.Random) -> list[str]:
        if schema is not None:
            text = json.dumps(smallest(schema), ensure_ascii=False)
        elif self.details.reply is not None:
            text = self.details.reply
        else:
            words = draw.choices(WORDS, k=draw.randrange(12, 40))
            text = f"You said: {request.prompt.strip() or 'nothing'}. I say: {' '.join(words)}."
        return _cut(text)

    def _media(self, request: Request, draw: random.Random) -> Iterator[EngineEvent]:
        if request.modality == "image":
            count = int(str(request.options.get("count") or 1))
            facts: dict[str, object] = {"width": media.SIDE, "height": media.SIDE}
            for index in range(count):
                yield MediaChunk(
                    index=index, modality="image", media_type="image/png", data=media.png(draw), info=facts
                )
            units = {"images": float(count)}
        elif request.modality == "speech":
            speed = float(str(request.options.get("speed", 1.0)))
            seconds = round(max(1, len(request.prompt.split())) * SECONDS_PER_WORD / speed, 3)
            facts = {"seconds": seconds, "sample_rate": media.SAMPLE_RATE}
            yield MediaChunk(modality="speech", media_type="audio/wav", data=media.wav(draw, seconds), info=facts)
            units = {"seconds": seconds}
        else:
            rows = int(str(request.options.get("rows") or 100))
            facts = {"rows": rows, "columns": ["number", "count", "colour"]}
            yield MediaChunk(modality="table", media_type="text/csv", data=media.csv(draw, rows), info=facts)
            units = {"rows": float(rows)}
        yield Usage(counts=UsageCounts(input_tokens=len(request.prompt.split()), units=units))
        yield Done()


def _cut(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _logprobs(piece: str, options: TextOptions, draw: random.Random) -> list[TokenLogprob]:
    if options.logprobs is None:
        return []
    probability = draw.uniform(0.5, 0.95)
    rest = (1 - probability) / max(1, options.logprobs)
    others = [(f" {number}", math.log(rest)) for number in range(1, options.logprobs)]
    top = [(piece, math.log(probability)), *others] if options.logprobs else []
    return [TokenLogprob(token=piece, logprob=math.log(probability), top=top)]


def _waiting(seconds: float) -> Iterator[EngineEvent]:
    while seconds > 0:
        time.sleep(min(seconds, HEARTBEAT))
        seconds -= HEARTBEAT
        if seconds > 0:
            yield Progress()
