"""The way of a request, top to bottom:

request -> guard (inbound) -> choose -> engine.generate -> check -> guard (outbound) -> record -> result
"""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field

from castalia.core.content import Part
from castalia.core.errors import BadRequest, CastaliaError, EngineError, MissingExtra, NotFound
from castalia.core.events import Chosen, Completed, Event, Progress, TextDelta
from castalia.core.filters import Search
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import PLAN, Choice, FinishReason, Measure, Result, Timing, ToolUse, UsageCounts, Verdict
from castalia.judging.context import CheckContext
from castalia.judging.verdict import judge
from castalia.language.documents.evidence import Evidence
from castalia.serving.collecting import Collector
from castalia.serving.grounding import declined_part, evidence_for, grounded_part, support_measure, with_passages
from castalia.serving.house import House
from castalia.serving.imitate import imitate
from castalia.serving.inlining import with_inlined_text
from castalia.serving.recording import keep_outputs, record, record_failure
from castalia.serving.resolving import resolve_request
from castalia.serving.tool_routing import with_routed_tools
from castalia.serving.transcribing import transcriber


@dataclass(frozen=True)
class Earlier:
    """What came before this answer in the same request: the tools called, what the steps have cost."""

    trace: tuple[ToolUse, ...] = ()
    usage: UsageCounts = field(default_factory=UsageCounts)
    seconds: float = 0.0


NOTHING = Earlier()


def answer(house: House, request: Request, earlier: Earlier = NOTHING) -> Generator[Event]:
    """All events of a request, `Chosen` first, `Completed` with the judged and recorded result last.

    The result includes what came ``earlier``. Closing the iterator stops the generation and records what there was as
    cancelled. Raises any CastaliaError; a request that fails is on the record as well.
    """
    try:
        yield from _answer(house, request, earlier)
    except CastaliaError as error:
        record_failure(house, request, error)
        raise


def _answer(house: House, asked: Request, earlier: Earlier) -> Generator[Event]:
    started = time.monotonic()
    request = house.guard.inbound(asked).request
    if request.documents is not None:
        request = request.model_copy(update={"modality": "text"})
    choice = chosen(house, request)
    timing = Timing(choose=time.monotonic() - started)
    if choice.modality == PLAN:
        raise BadRequest("This asks for several outputs at once.", hint="Ask for one, or name its --modality.")
    if choice.question is not None or choice.refusal is not None:
        yield Chosen(choice=choice)
        yield Completed(result=_without_model(house, asked, choice, timing))
        return
    evidence = evidence_for(house, request) if request.documents is not None else None
    if evidence is not None and not evidence.answerable:
        yield Chosen(choice=choice)
        yield from _declined(house, asked, choice, timing, evidence)
        return
    choice = yield from imitate(house, request, choice)
    model = _chosen_model(house, choice)
    if evidence is not None:
        request = house.guard.inbound(with_passages(request, evidence)).request
    elif choice.modality == "text":
        request = house.guard.inbound(with_inlined_text(request)).request
    resolved = resolve_request(request, choice, model)
    choice = choice.model_copy(update={"engine": resolved.engine, "family": model.family})
    resolved, choice = with_routed_tools(house, resolved, choice, model)
    work = Work(resolved, choice, model, timing, started, earlier, evidence=evidence)
    while True:
        yield Chosen(choice=work.choice)
        try:
            yield from _generated(house, work)
            break
        except (EngineError, MissingExtra) as error:
            if work.collector.first is not None or not work.choice.fallbacks:
                raise
            work = _fallen_back(house, request, work, error)
        except GeneratorExit:
            work.collector.finish_reason = "cancelled"
            _finish(house, work, work.collector.outputs(choice.modality), Verdict())
            raise

    resolved, model = work.request, work.model
    outputs = work.collector.outputs(choice.modality)
    support: list[Measure] = []
    if evidence is not None:
        outputs = [(yield from _grounded(house, work, outputs, evidence, request.search))]
        support = [support_measure(outputs[0])]
        yield TextDelta(text=outputs[0].text or "")
    context = CheckContext(
        request=resolved,
        model=model,
        finish_reason=work.collector.finish_reason,
        logprobs=work.collector.logprobs,
        tool_calls=work.collector.tool_calls,
        transcribe=transcriber(house),
        seconds=time.monotonic() - started - timing.choose - timing.load,
    )
    verdict = judge(outputs, context)
    verdict = Verdict.of([*verdict.measures, *support, *house.guard.outbound(outputs, request)])
    yield Completed(result=_finish(house, work, outputs, verdict))


def chosen(house: House, request: Request) -> Choice:
    """What would answer, from the models that there are and what the record says of them."""
    return house.chooser.choose(request, house.registry.list(), house.experiences())


def _generated(house: House, work: "Work") -> Generator[Event]:
    """The engine's events, gathered on their way."""
    lease = house.pool.lease(work.model, str(work.request.engine), work.loaded)
    with lease as engine, closing(engine.generate(work.request)) as events:
        for event in events:
            work.collector.add(event)
            if work.evidence is None or isinstance(
                event, Progress
            ):  # an answer from documents is told once it is checked
                yield event


def _grounded(
    house: House, work: "Work", outputs: list[Part], evidence: Evidence, wanted: Search
) -> Generator[Event, None, Part]:
    """The answer with its citations; a checker may take its time for them."""
    try:
        return (yield from grounded_part(house, outputs, evidence, wanted))
    except GeneratorExit:
        work.collector.finish_reason = "cancelled"
        _finish(house, work, outputs, Verdict())
        raise


def _fallen_back(house: House, request: Request, work: "Work", error: CastaliaError) -> "Work":
    """The same work for the next model in line; the reasons tell why."""
    name, *others = work.choice.fallbacks
    model = house.registry.get(name)
    reason = f"{work.model.name} failed ({error.message.rstrip('.')}), so {name} answers."
    choice = work.choice.model_copy(
        update={"model": name, "engine": request.engine or model.engine, "family": model.family, "fallbacks": others}
    )
    resolved = resolve_request(request.model_copy(update={"seed": work.request.seed}), choice, model)
    choice = choice.model_copy(update={"engine": resolved.engine, "reasons": [*choice.reasons, reason]})
    resolved, choice = with_routed_tools(house, resolved, choice, model)
    return Work(resolved, choice, model, work.timing, work.started, work.earlier, evidence=work.evidence)


@dataclass
class Work:
    """A request under way: as resolved, for what choice and model, what has come out and how long it took."""

    request: Request
    choice: Choice
    model: Model
    timing: Timing
    started: float
    earlier: Earlier
    collector: Collector = field(default_factory=Collector)
    evidence: Evidence | None = None

    def loaded(self, seconds: float) -> None:
        """Take note of how long loading took."""
        self.timing.load = seconds


def _chosen_model(house: House, choice: Choice) -> Model:
    if choice.model is None:
        reasons = " ".join(choice.reasons)
        raise NotFound(
            f"Nothing installed makes {choice.modality}. {reasons}".strip(),
            hint="castalia pull starter gets the starter models; castalia train FOLDER makes one from your own data.",
        )
    return house.registry.get(choice.model)


def _without_model(house: House, asked: Request, choice: Choice, timing: Timing) -> Result:
    """The question back, or the refusal of what no generator serves, as the result."""
    outputs = [Part.of_text(choice.question or choice.refusal or "")]
    reason: FinishReason = "unsupported" if choice.question is None else "question"
    result = Result(id=asked.id, choice=choice, outputs=outputs, timing=timing, finish_reason=reason)
    record(house, asked, result)
    return result


def _declined(
    house: House, asked: Request, choice: Choice, timing: Timing, evidence: Evidence
) -> Generator[TextDelta | Completed]:
    """That the documents say nothing to the question, as the result; no model has run."""
    part = declined_part(evidence, asked.search)
    yield TextDelta(text=part.text or "")
    verdict = Verdict.of([support_measure(part)])
    result = Result(id=asked.id, choice=choice, outputs=[part], timing=timing, verdict=verdict)
    record(house, asked, result)
    yield Completed(result=result)


def _finish(house: House, work: Work, outputs: list[Part], verdict: Verdict) -> Result:
    first = work.collector.first
    total = work.earlier.seconds + time.monotonic() - work.started
    times = {"first": None if first is None else first - work.started, "total": total}
    result = Result(
        id=work.request.id,
        choice=work.choice,
        outputs=keep_outputs(house, outputs),
        tool_calls=work.collector.tool_calls,
        verdict=verdict,
        trace=list(work.earlier.trace),
        usage=work.earlier.usage.plus(work.collector.usage),
        timing=work.timing.model_copy(update=times),
        finish_reason=work.collector.finish_reason,
        seed=work.request.seed,
        options=work.request.options,
    )
    record(house, work.request, result)
    return result
