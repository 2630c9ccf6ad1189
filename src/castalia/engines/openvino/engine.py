"""Language models through OpenVINO GenAI's continuous batching."""

import importlib
import json
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import numpy as np

from castalia.core.errors import ContextTooLong, EngineError, UnsupportedOption
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, TokenLogprob, ToolCallDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import FinishReason, UsageCounts
from castalia.engines.answer_schema import Schema, answer_schema, check_answer
from castalia.engines.calling import ToolCallSifter, forced_tools, parse_calls, with_valid_calls
from castalia.engines.chat import StopCutter, plain_messages, template_messages, template_tools
from castalia.engines.openvino.conversion import checked_header, converted, gguf_file
from castalia.engines.openvino.options import OpenVinoLoadOptions
from castalia.engines.openvino.rows import activation_group
from castalia.engines.openvino.scoring import Scorer
from castalia.engines.openvino.stepping import Stepper, Stream
from castalia.engines.openvino.vocabulary import Decoder, Vocabulary
from castalia.modalities.text.options import TextOptions

HEARTBEAT = 0.25
"""Seconds of silence after which a `Progress` lets the caller stop a generation."""
BLOCK = 32
"""Tokens in one block of the key-value cache on CPUs."""
STEP_WORK = 3e11
"""Weights times tokens of one step, about two seconds on two cores: longer prompts are read in several steps, between
which other requests move on and a cancelled one ends."""
STEP_TOKENS = (256, 2048)
"""Bounds of what a step reads. Where a prompt is divided shows in the last digits of likelihoods, so small models,
which can, read long prompts at once."""
COMPANION_TOKENS = 256


class OpenVinoEngine:
    """One loaded GGUF model; requests that come while others run join their batch.

    Repeating: the same prompt, options and seed give the same text, alone or in a batch, on the same machine and number
    of threads. The exceptions are prompts that a busy batch divides between two steps (see ``STEP_WORK``) and, in a
    busy batch, one prompt in thirty-two (see ``_read_ahead``): there a likelihood may differ in its last digits and a
    near tie fall the other way.

    Log-probabilities are those of the chosen tokens in the distribution they were drawn from (after temperature and
    penalties); runners-up are not given by the library.
    """

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        options = OpenVinoLoadOptions.model_validate(load_options)
        file = gguf_file(model)
        header = checked_header(file)
        self._genai: Any = importlib.import_module("openvino_genai")
        self._tensor: Any = importlib.import_module("openvino").Tensor
        self.context = min(options.context, header.context_length or options.context)
        with ExitStack() as stack:
            weights = str(stack.enter_context(converted(model, file, options.cache)))
            tokenizer = self._genai.Tokenizer(weights)
            self._vocabulary = Vocabulary(tokenizer)
            self._group = activation_group(header)
            self._step_tokens = int(min(max(STEP_WORK / max(1, header.parameters), STEP_TOKENS[0]), STEP_TOKENS[1]))
            self._draw = np.random.default_rng(0)
            self._stepper = Stepper(lambda: self._build(weights, tokenizer, options), self._companion)
            stack.callback(self._stepper.close)
            self._scorer = Scorer(lambda: self._build(weights, tokenizer, options, scoring=True), self._echo_config())
            stack.callback(self._scorer.close)
            self._held = stack.pop_all()

    def generate(self, request: Request) -> Generator[EngineEvent]:
        """Events of one answer. Raises ContextTooLong, UnsupportedOption, BadRequest, EngineError."""
        yield from with_valid_calls(self._generate, request)

    def _generate(self, request: Request) -> Generator[EngineEvent]:
        options = TextOptions.model_validate(request.options)
        if options.logprobs:
            raise UnsupportedOption(
                "This engine gives the log-probability of the chosen token only, without runners-up.",
                hint="Ask for logprobs=0, or use the engine llamacpp.",
            )
        if options.echo:
            yield from self._echo(request, options)
            return
        schema = answer_schema(options)
        tokens = self._read(request, options)
        length = int(tokens.shape[1])
        self._check_length(length)
        limit = min(options.max_tokens, self.context - length)
        if length % BLOCK == 1 < length:
            yield from self._read_ahead(tokens)
        stream = self._stepper.submit(tokens, self._config(options, schema, request.seed or 0, limit))
        try:
            yield from self._answer(stream, options, schema, length)
        finally:
            self._stepper.cancel(stream)

    def _echo(self, request: Request, options: TextOptions) -> Generator[EngineEvent]:
        """The text itself with the log-probability of each of its tokens after those before it, in the distribution of
        the model; the first comes after the conversation before it, else after the token that stands between
        documents."""
        if request.told is None:
            text, before = request.prompt, [self._vocabulary.start]
        else:
            text, asked = request.told, request.model_copy(update={"messages": request.messages[:-1]})
            border = [self._vocabulary.start] if options.raw and asked.prompt else []
            before = [*border, *(int(number) for number in self._read(asked, options).data[0])]
        tokens = [*before, *self._vocabulary.encode_plain(text)]
        self._check_length(len(tokens))
        told = self._scorer.logprobs(self._tensor(np.asarray([tokens], dtype=np.int64)), len(tokens))
        place = len(before)
        logprobs = [self._logprob(*pair) for pair in zip(tokens[place:], told[place - 1 :], strict=True)]
        yield TextDelta(text=text, logprobs=logprobs)
        yield Usage(counts=UsageCounts(input_tokens=len(tokens)))
        yield Done()

    def _read(self, request: Request, options: TextOptions) -> Any:
        """The prompt as token numbers, int64 (1, length): by the chat template, or as it stands."""
        if not options.raw and options.tools and options.tool_choice == "auto" and self._vocabulary.knows_tools:
            return self._vocabulary.encode(template_messages(request.messages), template_tools(options))
        if not options.raw:
            return self._vocabulary.encode(
                plain_messages(request.messages, options, knows_tools=self._vocabulary.knows_tools)
            )
        numbers = self._vocabulary.encode_plain(request.prompt) or [self._vocabulary.start]
        return self._tensor(np.asarray([numbers], dtype=np.int64))

    def _check_length(self, length: int) -> None:
        if length >= self.context:
            raise ContextTooLong(
                f"The prompt has {length} tokens; this model holds {self.context} with the answer.",
                hint="Shorten the prompt, raise the setting engines.context, or choose a model with a longer context.",
                details={"prompt_tokens": length, "context": self.context},
            )

    def close(self) -> None:
        """End running requests and free the model."""
        self._held.close()

    def _read_ahead(self, tokens: Any) -> Generator[EngineEvent]:
        """Put all but the last token of a prompt into the prefix cache.

        When the cache leaves a single token to read, another kernel computes it, with other last digits. It always does
        so with a prompt that was seen before; so that the first time is no exception, it is made to be seen before.
        """
        config = self._genai.GenerationConfig()
        config.max_new_tokens = 1
        stream = self._stepper.submit(self._tensor(tokens.data[:, :-1].copy()), config)
        try:
            while (piece := stream.read(HEARTBEAT)) is None or piece.finish is None:
                yield Progress()
        finally:
            self._stepper.cancel(stream)

    def _answer(
        self, stream: Stream, options: TextOptions, schema: Schema | None, length: int
    ) -> Generator[EngineEvent]:
        decoder, cutter = Decoder(self._vocabulary), StopCutter(options.stop)
        forced = forced_tools(options)
        sifter = ToolCallSifter(options)
        logprobs: list[TokenLogprob] = []
        collected = ""
        count = 0
        finish: FinishReason | None = None
        while finish is None:
            piece = stream.read(HEARTBEAT)
            if piece is None:
                yield Progress()
                continue
            count += len(piece.tokens)
            if options.logprobs is not None:
                pairs = zip(piece.tokens, piece.logprobs, strict=True)
                logprobs += [self._logprob(*pair) for pair in pairs if pair[0] not in self._vocabulary.ends]
            text = cutter.feed(decoder.feed(piece.tokens))
            finish = "stop" if cutter.stopped else piece.finish
            if finish is not None and not cutter.stopped:
                text += cutter.feed(decoder.flush()) + cutter.flush()
            collected += text
            sent = "" if forced else sifter.feed(text)
            yield TextDelta(text=sent, logprobs=logprobs) if sent else Progress()
            logprobs = [] if sent else logprobs
        if schema is not None and finish == "stop" and not cutter.stopped:
            check_answer(collected, schema)
        last = parse_calls(collected) if forced else sifter.finish()
        if isinstance(last, str):
            if last or logprobs:
                yield TextDelta(text=last, logprobs=logprobs)
        else:
            for call in last:
                yield ToolCallDelta(call=call)
            finish = "length" if finish == "length" else "tool_calls"
        yield Usage(counts=UsageCounts(input_tokens=length, output_tokens=count))
        yield Done(finish_reason=finish)

    def _logprob(self, token: int, logprob: float) -> TokenLogprob:
        return TokenLogprob(token=self._vocabulary.written(token), logprob=min(logprob, 0.0))

    def _config(self, options: TextOptions, schema: Schema | None, seed: int, limit: int) -> Any:
        config = self._genai.GenerationConfig()
        config.max_new_tokens = limit
        config.stop_token_ids = self._vocabulary.ends
        config.repetition_penalty = options.repetition_penalty
        config.frequency_penalty = options.frequency_penalty
        config.presence_penalty = options.presence_penalty
        config.logprobs = 0 if options.logprobs is None else 1
        if options.temperature > 0:
            config.do_sample = True
            config.temperature = options.temperature
            config.top_p = options.top_p
            config.rng_seed = seed % 2**32
            if options.top_k:
                config.top_k = options.top_k
        if schema is not None:
            config.structured_output_config = self._genai.StructuredOutputConfig(json_schema=json.dumps(schema))
        return config

    def _echo_config(self) -> Any:
        config = self._genai.GenerationConfig()
        config.echo = True
        config.logprobs = 1
        config.max_new_tokens = 1
        return config

    def _companion(self, length: int) -> tuple[Any, Any]:
        """So many tokens that never came before, as the cache would leave only the last of them to read."""
        config = self._genai.GenerationConfig()
        config.max_new_tokens = COMPANION_TOKENS
        config.ignore_eos = True
        tokens = self._draw.integers(self._vocabulary.size, size=(1, length), dtype=np.int64)
        return self._tensor(tokens), config

    def _build(self, weights: str, tokenizer: Any, options: OpenVinoLoadOptions, *, scoring: bool = False) -> Any:
        scheduler = self._genai.SchedulerConfig()
        scheduler.max_num_seqs = options.slots + 1  # and the companion
        # a scored prompt must not be divided
        scheduler.max_num_batched_tokens = self.context + BLOCK if scoring else self._step_tokens
        scheduler.enable_prefix_caching = not scoring
        slots = 1 if scoring else options.slots
        scheduler.num_kv_blocks = slots * -(-self.context // BLOCK) + COMPANION_TOKENS // BLOCK + 1
        try:
            return self._genai.ContinuousBatchingPipeline(
                weights,
                tokenizer,
                scheduler,
                "CPU",
                INFERENCE_NUM_THREADS=options.cores,
                DYNAMIC_QUANTIZATION_GROUP_SIZE=str(self._group),
            )
        except RuntimeError as error:
            raise EngineError(
                f"OpenVINO could not load the model: {error}.", hint="Use the engine llamacpp."
            ) from error
