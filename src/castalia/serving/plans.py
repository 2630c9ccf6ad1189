"""The way of a plan, top to bottom:

request -> steps -> each step by the way of a request (`castalia.serving.pipeline`) -> record -> result

A step that fails does not take the others with it: what works on its output is skipped, with the reason.
"""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field

from castalia.core.content import Part
from castalia.core.errors import CastaliaError, rebuild
from castalia.core.events import Chosen, Completed, Event, Stepped, Summarised, Used
from castalia.core.requests import Request
from castalia.core.results import PLAN, Choice, Measure, Result, Step, Timing, Verdict
from castalia.serving.house import House
from castalia.serving.pipeline import answer, chosen
from castalia.serving.recording import record
from castalia.serving.stepping import check_options, request_of_step, with_charts
from castalia.serving.tasks import carry_out as carry_out_task


def respond(house: House, request: Request) -> Generator[Event]:
    """All events of a request: of one output those of `answer`, of several those of `carry_out`, of a task its own."""
    if request.task is not None:
        yield from carry_out_task(house, request)
        return
    if not house.chooser.wants_several(request):
        yield from answer(house, request)
        return
    choice = planned(house, request)
    yield from carry_out(house, request, choice) if choice.steps else answer(house, request)


def planned(house: House, request: Request) -> Choice:
    """The plan that a request asks for, with what each step would be made by; nothing runs. For one output, a plan of
    one step; a question back or a refusal stands in that step's choice.

    Raises Blocked when the guard does not let the request in.
    """
    choice = chosen(house, house.guard.inbound(request).request)
    if choice.modality == PLAN:
        return choice
    step = Step(name=choice.modality, modality=choice.modality, prompt=request.prompt, attach=True, choice=choice)
    return Choice(modality=PLAN, confidence=choice.confidence, reasons=["One output is wanted."], steps=[step])


def carry_out(house: House, request: Request, choice: Choice) -> Generator[Event]:
    """Runs the steps in order: `Chosen`, a `Stepped` for everything that happens in a step, `Completed` with the whole.

    The whole result holds all outputs, its choice the steps with what became of them; it is on the record under the
    request's id, each step under its own. Closing the iterator stops the running step, keeps what is done and records
    the plan as cancelled. Raises BadRequest for an option that no step has.
    """
    check_options(request, choice.steps)
    work = Carrying(request, [step.model_copy(deep=True) for step in choice.steps])
    yield Chosen(choice=choice)
    try:
        for step in work.steps:
            missing = work.missing(step)
            if missing is not None:
                step.state, step.why = "skipped", f"It works on the step {missing.name}, which {_told(missing)}."
                yield Stepped(step=step.model_copy())
                continue
            yield from _step(house, work, step)
    except (GeneratorExit, KeyboardInterrupt):
        work.stop()
        _finish(house, work, choice)
        raise
    yield Completed(result=_finish(house, work, choice))


@dataclass
class Carrying:
    """A plan under way: its steps, the outputs so far in order, each step's result."""

    request: Request
    steps: list[Step]
    outputs: list[Part] = field(default_factory=list[Part])
    results: dict[str, Result] = field(default_factory=dict[str, Result])
    started: float = field(default_factory=time.monotonic)
    stopped: bool = False

    def missing(self, step: Step) -> Step | None:
        """The first step whose output this one needs and does not have."""
        return next((one for one in self.steps if one.name in step.after and one.state != "done"), None)

    def inputs(self, step: Step) -> list[Part]:
        """The outputs that a step works on."""
        return [part for name in step.after for part in self.results[name].outputs]

    def stop(self) -> None:
        """Everything that is not done has been stopped."""
        self.stopped = True
        for step in self.steps:
            if step.state == "planned":
                step.state, step.why = "stopped", "The plan was stopped before it was done."

    def take(self, step: Step, result: Result) -> None:
        """Note what a step has made; what its verdict withholds is nothing to go on with."""
        step.result, step.status = result.id, result.verdict.status
        step.seed, step.seconds, step.choice = result.seed, round(result.timing.total, 3), result.choice
        if result.verdict.status == "block":
            notes = "; ".join(one.note for one in result.verdict.measures if one.status == "block")
            step.state, step.why = "failed", f"Its output is withheld: {notes}"
            step.error = {"code": "blocked", "message": step.why}
            return
        if result.choice.question is not None or result.choice.refusal is not None:
            step.state, step.why = "failed", result.text
            step.error = {"code": "bad_request", "message": result.text}
            return
        step.state = "done"
        if result.verdict.status == "flag":
            step.why = " ".join(one.note for one in result.verdict.measures if one.status == "flag" and one.note)
        self.results[step.name] = result
        step.outputs = list(range(len(self.outputs), len(self.outputs) + len(result.outputs)))
        self.outputs += result.outputs


def _step(house: House, work: Carrying, step: Step) -> Generator[Event]:
    """One step by the way of a request; its failure is noted, not raised."""
    try:
        request = request_of_step(work.request, step, work.inputs(step))
        with_charts(house, step)
        yield Stepped(step=step.model_copy(update={"state": "running"}))
        with closing(answer(house, request)) as events:
            for event in events:
                if isinstance(event, Completed):
                    work.take(step, event.result)
                elif not isinstance(event, Stepped | Used | Summarised):
                    yield Stepped(step=step.model_copy(update={"state": "running"}), inside=event)
    except CastaliaError as error:
        step.state, step.why = "failed", f"{error.message} {error.hint}".strip()
        step.error = error.as_dict()
    yield Stepped(step=step.model_copy())


def _finish(house: House, work: Carrying, choice: Choice) -> Result:
    made = choice.model_copy(update={"steps": work.steps})
    result = Result(
        id=work.request.id,
        choice=made,
        outputs=work.outputs,
        verdict=_verdict(work),
        timing=Timing(total=time.monotonic() - work.started),
        finish_reason="cancelled" if work.stopped else "stop",
        seed=work.request.seed,
        options=work.request.options,
    )
    record(house, work.request, result)
    return result


def _verdict(work: Carrying) -> Verdict:
    """A measure for each step. A step's own verdict waits for review under its own id; what is missing is flagged."""
    measures: list[Measure] = []
    for step in work.steps:
        good = step.state == "done" and step.status == "pass"
        note = step.why or ("" if good else f"Its verdict is {step.status}: castalia review {step.result}")
        measures.append(
            Measure(
                name=f"step {step.name}",
                value=float(step.state == "done"),
                direction="higher",
                threshold=1,
                status="pass" if good else "flag",
                note=note,
            )
        )
    return Verdict.of(measures)


def _told(step: Step) -> str:
    return {"failed": "failed", "skipped": "was skipped", "stopped": "was stopped"}.get(step.state, "is not done")


def once_more(result: Result) -> Choice:
    """The plan of a result with nothing done yet, each step with the model, engine and seed that it had."""
    steps = [
        Step(
            name=step.name,
            modality=step.modality,
            prompt=step.prompt,
            model=(step.choice.model if step.choice is not None else None) or step.model,
            engine=(step.choice.engine if step.choice is not None else None) or step.engine,
            after=step.after,
            attach=step.attach,
            reason=step.reason,
            choice=step.choice,
            seed=step.seed,
        )
        for step in result.choice.steps
    ]
    return result.choice.model_copy(update={"steps": steps})


def first_failure(result: Result) -> CastaliaError | None:
    """The error of the first step that failed, to leave with; None when all steps are done."""
    failed = next((step for step in result.choice.steps if step.state == "failed"), None)
    return None if failed is None else rebuild(failed.error or {"message": failed.why})
