"""The llama.cpp engine: a request becomes a chat completion, its chunks become events."""

import importlib
import json
import threading
from collections.abc import Generator, Iterator
from typing import Any

from castalia.core.events import Done, EngineEvent, Progress, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.engines.answer_schema import Schema, answer_schema
from castalia.engines.calling import with_valid_calls
from castalia.engines.chat import plain_messages, template_messages, template_tools
from castalia.engines.llamacpp.events import Answer
from castalia.engines.llamacpp.loading import LoadOptions, load
from castalia.engines.llamacpp.scoring import Scorer
from castalia.engines.llamacpp.stream import HEARTBEAT, Chunk, Stream, context_too_long
from castalia.modalities.text.options import TextOptions

CLOSE_TIMEOUT = 2.0
"""Seconds that running requests get to end when the engine is closed."""
SAMPLERS = ["penalties", "temperature", "top_k", "top_p"]
"""Their order, as other engines have it (llama.cpp's own puts the temperature last and adds min-p)."""
COMPACT = {"whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}
"""No free white space in forced JSON: small models never stop writing it."""


class LlamaCppEngine:
    """One GGUF model with a number of slots; requests beyond it wait for one.

    Adapters lie beside the weights: a request whose model is the name of one is answered with it, by the same slots.
    """

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        options = LoadOptions.model_validate(load_options)
        loaded = load(model, options)
        self._server: Any = loaded.server
        self._desk = loaded.desk
        self._native_tools = loaded.desk.has_tools
        self._context = loaded.context
        self._adapters = loaded.adapters
        self._slots = threading.Semaphore(options.slots)
        self._streams: set[Stream] = set()

    def generate(self, request: Request) -> Generator[EngineEvent]:
        """Events of one answer. Raises BadRequest, ContextTooLong, UnsupportedInput, EngineError."""
        yield from with_valid_calls(self._generate, request)

    def _generate(self, request: Request) -> Generator[EngineEvent]:
        options = TextOptions.model_validate(request.options)
        if options.echo:
            yield from self._echo(request, options)
            return
        schema = answer_schema(options)
        answer = Answer(options, schema)
        for chunk in self._chunks(self._body(request, options, schema)):
            yield from [chunk] if isinstance(chunk, Progress) else answer.events(chunk)
        yield from answer.ending()

    def _adapted(self, name: str) -> Chunk:
        """The part of a body that sets the adapter of that name to work, and all others to rest."""
        if name not in self._adapters:
            return {}
        return {"lora": [{"id": self._adapters.index(name), "scale": 1.0}]}

    def _echo(self, request: Request, options: TextOptions) -> Iterator[EngineEvent]:
        """The text itself with the log-probability of each of its tokens after those before it."""
        text, before = request.prompt, self._desk.start
        if request.told is not None:
            text, asked = request.told, request.model_copy(update={"messages": request.messages[:-1]})
            said = asked.prompt if options.raw else self._desk.rendered(self._plain(asked, options))
            border = self._desk.start if options.raw else []
            before = [*border, *(token.number for token in self._desk.tokens(said))]
        tokens, adapted = self._desk.tokens(text), self._adapted(request.model)
        if len(before) + len(tokens) >= self._context:
            raise context_too_long(len(before) + len(tokens), self._context)
        scorer = Scorer(lambda body: self._chunks({**body, **adapted}), self._desk, options.logprobs or 0)
        yield from scorer.read(tokens, before)
        yield TextDelta(text=text, logprobs=scorer.logprobs)
        yield Usage(counts=UsageCounts(input_tokens=len(tokens)))
        yield Done()

    def _chunks(self, body: Chunk) -> Iterator[Chunk | Progress]:
        """What the server sends, with signs of life between; closing the iterator ends the generation."""
        while not self._slots.acquire(timeout=HEARTBEAT):
            yield Progress(message="waiting for a free slot")
        stream = Stream(self._server, body, self._slots.release)
        self._streams.add(stream)
        try:
            for chunk in stream:
                yield Progress() if chunk is None else chunk
        finally:
            stream.stop()
            self._streams.discard(stream)

    def close(self) -> None:
        """Stop what runs and free the weights."""
        running = list(self._streams)
        for stream in running:
            stream.stop()
        for stream in running:
            stream.join(CLOSE_TIMEOUT)
        self._server = None
        self._desk.close()

    def _plain(self, request: Request, options: TextOptions) -> list[dict[str, str]]:
        return plain_messages(request.messages, options, knows_tools=self._native_tools)

    def _body(self, request: Request, options: TextOptions, schema: Schema | None) -> Chunk:
        asked: Chunk = (
            {"prompt": request.prompt or self._desk.start}
            if options.raw
            else {"messages": self._plain(request, options)}
        )
        body: Chunk = {
            **asked,
            **self._adapted(request.model),
            "stream": True,
            "stream_options": {"include_usage": True},
            # A sign of life after each step of the prompt: there a cancelled request can be dropped
            "return_progress": True,
            "max_tokens": options.max_tokens,
            "seed": request.seed,
            "samplers": SAMPLERS,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "top_k": options.top_k,
            "repeat_penalty": options.repetition_penalty,
            "frequency_penalty": options.frequency_penalty,
            "presence_penalty": options.presence_penalty,
            "repeat_last_n": self._context,
            "stop": options.stop,
        }
        if options.logprobs is not None:
            count = max(1, options.logprobs)
            body |= {"logprobs": count} if options.raw else {"logprobs": True, "top_logprobs": count}
        if schema is not None:
            body["grammar"] = _grammar(schema)
        elif self._native_tools and not options.raw and options.tools and options.tool_choice == "auto":
            body["messages"] = _with_argument_texts(template_messages(request.messages))
            body["tools"] = template_tools(options)
            body["parallel_tool_calls"] = options.parallel_tool_calls
        return body


def _grammar(schema: Schema) -> str:
    llama: Any = importlib.import_module("xllamacpp")
    return str(llama.json_schema_to_grammar(json.dumps({**schema, "x-guidance": COMPACT})))


def _with_argument_texts(messages: list[Chunk]) -> list[Chunk]:
    """The server wants the arguments of calls as JSON text."""
    for message in messages:
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    return messages
