"""The model as a task reaches it: every answer goes the way of a request and is on the record by an id of its own."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from castalia.core.assets import SENTENCE_VECTORS
from castalia.core.content import Message, Part
from castalia.core.contracts import Array
from castalia.core.events import Completed, Event, Progress, TextDelta, TokenLogprob
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.core.results import Choice, Measure, Result, Step, UsageCounts
from castalia.language.sections import tokens_of
from castalia.language.task import Schema, Turn
from castalia.serving.house import House
from castalia.serving.pipeline import answer
from castalia.serving.resolving import resolve_request
from castalia.store.gguf import vocabulary_holds

CONTEXT = 2048
"""Tokens that a model is taken to read when its entry does not say."""
TURN = 12
"""Tokens that a chat template puts around a turn, at most."""


@dataclass
class PipelineDesk:
    """Implements `castalia.language.task.Desk`; notes what each call made, cost and was judged."""

    house: House
    choice: Choice
    model: Model | None
    seed: int
    wishes: dict[str, object]
    """Options of text generation that the person set: they win over the task's."""
    steps: list[Step] = field(default_factory=list[Step])
    measures: list[list[Measure]] = field(default_factory=list[list[Measure]])
    usage: UsageCounts = field(default_factory=UsageCounts)
    shown: list[str] = field(default_factory=list[str])
    load: float = 0.0

    @property
    def can_score(self) -> bool:
        """Whether the engine tells the likelihood of a given text."""
        return "echo" in engines().spec(str(self.choice.engine)).options.get("text", ())

    def room(self, turns: list[Turn], max_tokens: int) -> int:
        """See the contract. At least one."""
        trained = self._model.details.get("context_length")
        context = min(self.house.settings.engines.context, trained if isinstance(trained, int) else CONTEXT)
        around = sum(tokens_of(text) + TURN for _, text in turns) + TURN
        return max(1, context - around - int(str(self.wishes.get("max_tokens", max_tokens))))

    def write(
        self,
        turns: list[Turn],
        *,
        max_tokens: int,
        purpose: str = "",
        json_schema: Schema | None = None,
        raw: bool = False,
        stop: list[str] | None = None,
    ) -> Generator[Event, None, str]:
        """See the contract. What a verdict withholds comes back empty."""
        options: dict[str, object] = {"temperature": 0.0, "max_tokens": max_tokens, "stop": stop or []}
        if json_schema is not None:
            options["json_schema"] = json_schema
        if raw:
            options["raw"] = True
        request = Request(
            messages=_messages(turns),
            modality="text",
            model=self._model.name,
            engine=self.choice.engine,
            seed=self.seed + len(self.steps),
            options={**options, **self.wishes},
        )
        result: Result | None = None
        with closing(answer(self.house, request)) as events:
            for event in events:
                if isinstance(event, Completed):
                    result = event.result
                else:
                    yield event if isinstance(event, Progress) else Progress()
        assert result is not None  # noqa: S101 - the pipeline ends with Completed or raises
        self._note(purpose or f"call {len(self.steps) + 1}", result)
        return "" if result.verdict.status == "block" else result.text

    def score(self, beginning: str | list[Turn], endings: list[str]) -> Generator[Event, None, list[float]]:
        """See the contract. Not on the record one by one: the task's is."""
        found: list[float] = []
        for ending in endings:
            turns: list[Turn] = [("user", beginning)] if isinstance(beginning, str) else beginning
            asked = Request(
                messages=_messages([*turns, ("assistant", ending)]),
                modality="text",
                model=self._model.name,
                engine=self.choice.engine,
                seed=self.seed,
                options={"echo": True, "logprobs": 0, "raw": isinstance(beginning, str)},
            )
            request = resolve_request(self.house.guard.inbound(asked).request, self.choice, self._model)
            entries: list[TokenLogprob] = []
            lease = self.house.pool.lease(self._model, str(self.choice.engine), self._loaded)
            with lease as engine, closing(engine.generate(request)) as events:
                for event in events:
                    if isinstance(event, TextDelta):
                        entries += event.logprobs
                    yield Progress()
            self.usage = _added(self.usage, UsageCounts(input_tokens=len(entries)))
            found.append(sum(entry.logprob for entry in entries))
        return found

    @property
    def can_compare(self) -> bool:
        """Whether the sentence vectors are here."""
        return SENTENCE_VECTORS in self.house.assets()

    @property
    def vectors(self) -> Callable[[Sequence[str]], Array]:
        """See the contract; one function for all desks, so that what is kept by it lasts."""
        return self.house.library.encode

    def has_tokens(self, tokens: tuple[str, ...]) -> bool:
        """See the contract; false for models that are not GGUF files."""
        names = [str(self._model.details.get("gguf") or ""), *(file.path for file in self._model.files)]
        path = next((self._model.folder / name for name in names if name.endswith(".gguf")), None)
        return path is not None and path.is_file() and vocabulary_holds(path, tokens)

    def progress(self, message: str, fraction: float | None = None) -> Event:
        """How far the task is."""
        return Progress(message=message, fraction=fraction)

    def show(self, text: str) -> Event:
        """Finished text, for whoever follows and for what is kept when the task is stopped."""
        self.shown.append(text)
        return TextDelta(text=text)

    @property
    def _model(self) -> Model:
        assert self.model is not None  # noqa: S101 - a task that says that it needs no model asks none
        return self.model

    def _loaded(self, seconds: float) -> None:
        self.load += seconds

    def _note(self, purpose: str, result: Result) -> None:
        withheld = result.verdict.status == "block"
        notes = [measure.note for measure in result.verdict.measures if measure.status != "pass" and measure.note]
        self.steps.append(
            Step(
                name=purpose,
                modality="text",
                prompt="",
                model=self._model.name,
                engine=self.choice.engine,
                state="failed" if withheld else "done",
                why=" ".join(notes),
                result=result.id,
                status=result.verdict.status,
                seed=result.seed,
                seconds=round(result.timing.total, 3),
            )
        )
        self.measures.append(result.verdict.measures)
        self.usage = _added(self.usage, result.usage)
        self._loaded(result.timing.load)


def _messages(turns: list[Turn]) -> list[Message]:
    return [Message.model_validate({"role": role, "parts": [Part.of_text(text)]}) for role, text in turns]


def _added(first: UsageCounts, second: UsageCounts) -> UsageCounts:
    return UsageCounts(
        input_tokens=first.input_tokens + second.input_tokens,
        output_tokens=first.output_tokens + second.output_tokens,
        cached_tokens=first.cached_tokens + second.cached_tokens,
    )
