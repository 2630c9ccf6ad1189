"""What every kind of evaluation works with: the plan, the model's engine, progress, and the way to stop."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from castalia.core.content import Part
from castalia.core.contracts import Engine
from castalia.core.errors import EngineError, Interrupted
from castalia.core.events import MediaChunk, Progress, TextDelta, TokenLogprob
from castalia.core.models import Model
from castalia.core.plugins import engines, modalities, resolve
from castalia.core.requests import Request
from castalia.engines.host import open_engine
from castalia.judging.evaluation.plan import EvaluationPlan

HEARTBEAT = 2.0
"""Seconds after which a long answer says that it is still at work, so that who waits can stop it."""
AT_ONCE = 8
"""Requests of a parallel engine."""


@dataclass
class Answer:
    """What one request brought: finished media, or text with its log-probabilities."""

    parts: list[Part] = field(default_factory=list[Part])
    text: str = ""
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])


class Bench:
    """One evaluation at work. Use as a context manager: the engine is a process."""

    def __init__(self, plan: EvaluationPlan, emit: Callable[[Progress], None], stop: Event) -> None:
        self.plan, self._emit, self._stop = plan, emit, stop
        self._engine: Engine | None = None
        self.generation_seconds = 0.0
        self._last, self._told = Progress(message="evaluating"), time.monotonic()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @property
    def model(self) -> Model:
        """The model under evaluation."""
        return self.plan.model

    def tell(self, message: str, fraction: float | None = None) -> None:
        """Say how far it is. Raises Interrupted when nobody wants the rest."""
        if self._stop.is_set():
            raise Interrupted("The evaluation was stopped.")
        self._say(Progress(message=message, fraction=fraction))

    def _say(self, event: Progress) -> None:
        self._last, self._told = event, time.monotonic()
        self._emit(event)

    def of(self, model: Model, modality: str) -> "Bench":
        """A bench of another model within the same evaluation; to be closed as well."""
        plan = self.plan.model_copy(update={"model": model, "host": None, "engine": model.engine, "modality": modality})
        return Bench(plan, self._emit, self._stop)

    def ask(self, prompt: str, seed: int, **options: object) -> Answer:
        """One answer of the model with the modality's options, defaults where none is given.

        Raises what the engine raises.
        """
        return self.ask_about([], prompt, seed, options)

    def ask_about(self, attachments: Sequence[Part], prompt: str, seed: int, options: dict[str, object]) -> Answer:
        """The same, with attachments."""
        if self._engine is None:
            self.tell(f"loading {self.model.name}")
            plan = self.plan
            self._engine = open_engine(
                engines().spec(plan.engine),
                plan.host or plan.model,
                plan.load_options,
                start_timeout=plan.start_timeout,
            )
        modality = self.plan.modality
        spec = engines().spec(self.plan.engine)
        kind = resolve(spec.request_options or modalities().spec(modality).options)
        known: dict[str, object] = {
            name: value
            for name, value in self.model.options.items()
            if name in kind.model_fields  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        }
        chosen = kind.model_validate({**known, **options}).model_dump()  # pyright: ignore
        whole = Request.of_text(prompt, list(attachments)).model_copy(
            update={
                "modality": modality,
                "model": self.model.name,
                "engine": self.plan.engine,
                "seed": seed,
                "options": chosen,
            }
        )
        return self._collected(whole)

    def ask_all(
        self, prompts: Sequence[str], seed: int, message: str, seeds: Sequence[int] | None = None, **options: object
    ) -> list[Answer]:
        """An answer to each prompt, several at once where the engine works so; tells how far it is.

        ``seeds`` gives each its own; else all have ``seed``.
        """
        if not prompts:
            return []
        chosen = [seed] * len(prompts) if seeds is None else list(seeds)
        first = self.ask(prompts[0], chosen[0], **options)  # opens the engine
        found = [first]
        parallel = engines().spec(self.plan.engine).parallel
        with ThreadPoolExecutor(AT_ONCE if parallel else 1) as pool:
            rest = pool.map(partial(self._ask_with, options), prompts[1:], chosen[1:])
            for number, answer in enumerate(rest, start=1):
                self.tell(message, number / len(prompts))
                found.append(answer)
        return found

    def _ask_with(self, options: dict[str, object], prompt: str, seed: int) -> Answer:
        return self.ask(prompt, seed, **options)

    def _collected(self, request: Request) -> Answer:
        assert self._engine is not None  # noqa: S101 - opened by ask
        answer = Answer()
        chunks: dict[int, list[MediaChunk]] = {}
        started = time.perf_counter()
        events = self._engine.generate(request)
        try:
            for event in events:
                if self._stop.is_set():
                    raise Interrupted("The evaluation was stopped.")
                if isinstance(event, Progress) and event.message:
                    self._say(Progress(message=f"making {request.modality}: {event.message}"))
                elif isinstance(event, MediaChunk):
                    chunks.setdefault(event.index, []).append(event)
                elif isinstance(event, TextDelta):
                    answer.text += event.text
                    answer.logprobs += event.logprobs
                if time.monotonic() - self._told > HEARTBEAT:
                    self._say(self._last)
        finally:
            events.close()
            self.generation_seconds += time.perf_counter() - started
        for mine in chunks.values():
            data = b"".join(chunk.data or b"" for chunk in mine)
            info = {name: value for chunk in mine for name, value in chunk.info.items()}
            answer.parts.append(Part(type=mine[0].modality, media_type=mine[0].media_type, data=data, info=info))
        return answer

    def require(self, answer: Answer) -> list[Part]:
        """The finished media of an answer. Raises EngineError when there are none."""
        if not answer.parts:
            raise EngineError(
                f"{self.model.name} gave nothing back.", hint=f"Try it: castalia ask --model {self.model.name}"
            )
        return answer.parts
