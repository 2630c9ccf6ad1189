"""Which engine runs a language model fastest here: measured at `pull`, on this machine, with this file.

Each engine answers a prompt of about 200 tokens by itself, then eight short ones at once, greedily. They are ranked by
the seconds that nine such answers take together, so that neither a quick start nor throughput alone decides. A few
seconds each must do: what takes longer than `PATIENCE` is cut, and the rate reached until then counts.
"""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import repeat

import psutil

from castalia.core.contracts import Engine
from castalia.core.errors import CastaliaError, EngineError, NotFound
from castalia.core.events import Progress, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.modalities.text.options import TextOptions
from castalia.serving.pool import Pool

TOKENS = 32
AT_ONCE = 8
PATIENCE = 10.0
"""Most seconds of one measurement."""
LETTERS_PER_TOKEN = 4.0
"""Turns the text of an answer that was cut into tokens; an average of English."""
WORDS = (
    "The lighthouse keeper walked down to the harbour in the morning and wrote into his book what he had seen in the "
    "night: two ships with red sails, a flock of geese on their way to the south, and far out, where it is deep, "
    "a light that came and went without any order. He had asked the fishermen about it, and each of them told him "
    "another story. One spoke of a boat that was lost forty years ago, one of a village below the sea, and the oldest "
    "of them only laughed and said that the light was the moon on the back of a whale. The keeper wrote all of this "
    "down with care, because he believed that a book must hold what people say and not only what is true. "
)
"""About 150 tokens of plain English in any tokenizer; the question and the template bring it to about 200."""


@dataclass(frozen=True)
class Speed:
    """What one engine reached: seconds to the first token, tokens per second alone and at eight requests at once."""

    first: float
    alone: float
    at_once: float

    @property
    def seconds(self) -> float:
        """What ranks: one answer alone and eight at once, each with a prompt of 200 tokens."""
        return (1 + AT_ONCE) * self.first + TOKENS / self.alone + AT_ONCE * TOKENS / self.at_once


@dataclass(frozen=True)
class Answered:
    """One generation: seconds to the first text and to the end, number of tokens."""

    first: float
    total: float
    tokens: float


def calibrate(model: Model, pool: Pool) -> Generator[Progress, None, Model]:
    """The model with its engines in order of speed, their figures, and the reason in words.

    Engines that are not installed or cannot load it are left out, with what they said. Raises EngineError when none can
    run it.
    """
    speeds: dict[str, Speed] = {}
    refusals: dict[str, str] = {}
    busy = psutil.getloadavg()[0] > (psutil.cpu_count() or 1)
    # under another name, so that a model of this name that is at work stays untouched
    trial = model.model_copy(update={"name": f"{model.name}.trial"})
    for name in model.engines:
        missing = engines().missing(name)
        if missing:
            refusals[name] = f"{', '.join(missing)} is not installed"
            continue
        yield Progress(message=f"Measuring {model.name} with {name}")
        try:
            with pool.lease(trial, name) as engine:
                speeds[name] = _measure(engine, trial)
        except CastaliaError as error:
            refusals[name] = error.message
        with suppress(NotFound):  # it did not load
            pool.unload(trial.name)
    if not speeds:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refusals.items())
        raise EngineError(f"No engine can run {model.name}. {reasons}", hint="Pull another version of the model.")
    measured = with_speeds(model, speeds, refusals)
    if busy:
        note = "the machine was busy while this was measured; pull again with --replace to measure anew"
        measured = measured.model_copy(update={"engine_reason": f"{measured.engine_reason}; {note}"})
    return measured


def with_speeds(model: Model, speeds: dict[str, Speed], refusals: dict[str, str]) -> Model:
    """The model with the fastest engine first and everything measured on the record."""
    order = sorted(speeds, key=lambda name: speeds[name].seconds)
    figures = dict(model.figures)
    for name, speed in speeds.items():
        figures[f"{name}.first_token_seconds"] = round(speed.first, 4)
        figures[f"{name}.tokens_per_second"] = round(speed.alone, 1)
        figures[f"{name}.tokens_per_second_at_eight"] = round(speed.at_once, 1)
    told = [_told(name, speeds[name]) for name in order]
    reason = f"fastest here: {'; '.join(told)}" if len(order) > 1 else f"the one that runs it: {told[0]}"
    for name, refusal in refusals.items():
        reason += f"; {name} is left out: {refusal}"
    return model.model_copy(update={"engines": order, "engine_reason": reason, "figures": figures})


def _told(name: str, speed: Speed) -> str:
    return f"{name} starts after {speed.first:.2f} s and writes {_rate(speed.alone)}, {_rate(speed.at_once)} at eight"


def _rate(tokens_per_second: float) -> str:
    return f"{tokens_per_second:.0f} tokens/s" if tokens_per_second >= 1 else "less than one token/s"


def _measure(engine: Engine, model: Model) -> Speed:
    _answer(engine, model, "Say hello.")
    alone = _answer(engine, model, f"Read this. {WORDS} What is in the book?")
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        prompts = [f"Tell me a story about {number} brave geese." for number in range(2, AT_ONCE + 2)]
        answers = list(threads.map(_answer, repeat(engine), repeat(model), prompts))
    seconds = time.perf_counter() - started
    decoding = (alone.total - alone.first) or alone.total  # cut before the first text, both are the same
    rate = max(alone.tokens - 1, 0.1) / decoding
    return Speed(alone.first, rate, max(sum(answer.tokens for answer in answers), 0.1) / seconds)


def _answer(engine: Engine, model: Model, prompt: str) -> Answered:
    options = TextOptions(max_tokens=TOKENS, temperature=0.0)
    request = Request.of_text(prompt, modality="text", model=model.name, seed=0, options=options.model_dump())
    started = time.perf_counter()
    first, tokens, letters = None, None, 0
    with closing(engine.generate(request)) as events:  # pyright: ignore[reportArgumentType] - generators all
        for event in events:
            seconds = time.perf_counter() - started
            if isinstance(event, TextDelta):
                letters += len(event.text)
                first = seconds if first is None else first
            if isinstance(event, Usage):
                tokens = event.counts.output_tokens
            if seconds > PATIENCE:
                break
    total = time.perf_counter() - started
    if tokens == 0:
        raise EngineError("It wrote nothing.", hint="The file may be damaged, or no model for conversation.")
    return Answered(first or total, total, tokens or letters / LETTERS_PER_TOKEN)
