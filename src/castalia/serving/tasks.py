"""The way of a language task: its calls go the way of a request, one after the other; the whole is judged and recorded.

task request -> texts of its parts -> choose -> calls (`castalia.serving.pipeline`) -> check -> record -> result
"""

import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import cast, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, CastaliaError, NotFound
from castalia.core.events import Chosen, Completed, Event
from castalia.core.requests import AUTO, Request
from castalia.core.results import Choice, FinishReason, Measure, Result, Timing, Verdict
from castalia.judging.tasks import TaskContext, judge_task
from castalia.judging.verdict import merged
from castalia.language.catalogue import task_named, tasks
from castalia.language.material import material_of
from castalia.language.task import Given, Made, Material, Task, TaskOptions, TaskOutput
from castalia.modalities.text.options import TextOptions
from castalia.serving.house import House
from castalia.serving.pipeline import chosen
from castalia.serving.recording import keep_outputs, record, record_failure
from castalia.serving.resolving import resolve_request, validated
from castalia.serving.task_desk import PipelineDesk

JUDGED_ANEW = {"language", "echo", "personal data", "schema"}
"""Measures of the single calls that the task's own take the place of: a prompt is not what a task was given."""


def task_request(name: str, inputs: list[Part], options: dict[str, object] | None = None, **fields: object) -> Request:
    """The request for a task. Raises NotFound for a task that there is not."""
    task_named(name)
    message = Message(role="user", parts=inputs)
    return Request.model_validate({"messages": [message], "options": options or {}, "task": name, **fields})


def carry_out(house: House, request: Request) -> Generator[Event]:
    """All events of a task: `Chosen`, progress, finished text, `Completed` with the whole last.

    The whole is on the record under the request's id and can be made again; its choice's steps name each call, which
    is on the record as well. Closing the iterator stops the running call and records what there is as cancelled.
    Raises BadRequest for a wrong option or number of inputs, and what reading files and the calls raise; a task that
    fails is on the record as well.
    """
    try:
        yield from _carry_out(house, request)
    except CastaliaError as error:
        record_failure(house, request, error)
        raise


def _carry_out(house: House, request: Request) -> Generator[Event]:
    started = time.monotonic()
    task = task_named(str(request.task))
    options, wishes = split_options(task, request.options)
    materials: list[Material] = []
    for part in (part for message in request.messages for part in message.parts):
        materials.append((yield from material_of(part)))  # noqa: PERF401 - a comprehension may not yield
    given = Given(materials, task.options.model_validate(options))
    _check_inputs(task, given)
    resolved, desk = _prepared(house, request, task, given, {**options, **wishes}, wishes)
    yield Chosen(choice=desk.choice)
    work = Work(house, resolved, task, given, desk, started)
    try:
        made = yield from task.run(given, desk)
    except (GeneratorExit, KeyboardInterrupt):
        _finish(work, Made(["".join(desk.shown)] if desk.shown else []), "cancelled")
        raise
    yield Completed(result=_finish(work, made, "stop"))


@dataclass
class Work:
    """A task under way."""

    house: House
    request: Request
    task: Task
    given: Given[TaskOptions]
    desk: PipelineDesk
    started: float


def output_of(result: Result) -> TaskOutput:
    """What a task made, as the class that its file states. Raises NotFound for a result that is of no task."""
    facts = next((part.info for part in result.outputs if "task" in part.info), None)
    if facts is None:
        raise NotFound(f"The result {result.id} is of no task.", hint="castalia do --list shows the tasks.")
    task = task_named(str(facts["task"]))
    return task.read([part.text or "" for part in result.outputs], {k: v for k, v in facts.items() if k != "task"})


def split_options(task: Task, options: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """The task's own options, complete, and those of text generation that were set. Raises BadRequest."""
    fields = task.options.model_fields
    own = {name: _listed(value, fields[name]) for name, value in options.items() if name in fields}
    rest = {name: value for name, value in options.items() if name not in own}
    unknown = [name for name in rest if name not in TextOptions.model_fields]
    if unknown:
        there = ", ".join(task.options.model_fields)
        raise BadRequest(
            f"The task {task.name} has no option {unknown[0]!r}.",
            hint=f"It has: {there}; and those of text generation, such as temperature.",
        )
    validated(TextOptions, rest)
    return _complete(task, own), rest


def _listed(value: object, field: FieldInfo) -> object:
    """A list that was given as a text with commas, as command lines and variables of prompts do."""
    if get_origin(field.annotation) is not list:
        return value
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if len(items) == 1 and isinstance(items[0], str):
        return [piece.strip() for piece in items[0].split(",")]
    return items


def _complete(task: Task, own: dict[str, object]) -> dict[str, object]:
    try:
        return task.options.model_validate(own).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(piece) for piece in first["loc"]) or "options"
        field = task.options.model_fields.get(str(first["loc"][0]) if first["loc"] else "")
        meant = f" {field.description}" if field is not None and field.description else ""
        if first["type"] == "missing":
            raise BadRequest(f"The task {task.name} needs {name}.", hint=f"Give {name}:{meant}") from None
        raise BadRequest(f"The option {name!r} is wrong: {first['msg']}.", hint=f"{name}:{meant}") from None


def _check_inputs(task: Task, given: Given[TaskOptions]) -> None:
    count = len(given.materials)
    if not task.least <= count <= task.most:
        wanted = str(task.least) if task.least == task.most else f"{task.least} to {task.most}"
        raise BadRequest(f"The task {task.name} takes {wanted} inputs, not {count}.", hint=f"Give {task.takes}.")
    if any(not material.text.strip() for material in given.materials):
        raise BadRequest("An input is empty.", hint=f"Give {task.takes}.")


def _prepared(
    house: House,
    request: Request,
    task: Task,
    given: Given[TaskOptions],
    options: dict[str, object],
    wishes: dict[str, object],
) -> tuple[Request, PipelineDesk]:
    """The request with nothing left open, and the desk with the model that answers."""
    seed = secrets.randbelow(2**30) if request.seed is None else request.seed
    update: dict[str, object] = {"modality": "text", "seed": seed, "options": options}
    if not task.needs_model(given):
        choice = Choice(modality="text", reasons=[f"{task.name}: this template needs no model."])
        return request.model_copy(update=update), PipelineDesk(house, choice, None, seed, wishes)
    asked = Request.of_text(
        task.summary,
        modality="text",
        model=request.model if request.model != AUTO else AUTO,
        engine=request.engine,
        policy=request.policy,
        seed=seed,
        options=wishes,
    )
    choice = chosen(house, asked)
    if choice.model is None:
        raise NotFound(f"No language model is installed for {task.name}.", hint="castalia pull starter gets one.")
    model = house.registry.get(choice.model)
    if "text" not in model.outputs:
        raise BadRequest(f"{model.name} is no language model.", hint="castalia ls lists the models.")
    engine = resolve_request(asked, choice, model).engine
    reasons = [f"The task {task.name}: {task.summary}", *choice.reasons]
    choice = choice.model_copy(
        update={"engine": engine, "family": model.family, "reasons": reasons, "fallbacks": [], "settings": {}}
    )
    update |= {"model": model.name, "engine": engine}
    return request.model_copy(update=update), PipelineDesk(house, choice, model, seed, wishes)


def _finish(work: Work, made: Made, finish: FinishReason) -> Result:
    request, desk, coverage = work.request, work.desk, made.coverage
    facts: dict[str, object] = {"task": work.task.name, **made.facts}
    if coverage is not None:
        facts["coverage"] = coverage.model_dump()
    outputs = [
        Part(type="text", text=text, info=facts if number == 0 else {}) for number, text in enumerate(made.texts)
    ]
    result = Result(
        id=request.id,
        choice=desk.choice.model_copy(update={"steps": desk.steps}),
        outputs=keep_outputs(work.house, outputs),
        verdict=Verdict() if finish == "cancelled" else _verdict(work, made),
        usage=desk.usage,
        timing=Timing(load=desk.load, total=time.monotonic() - work.started),
        finish_reason=finish,
        seed=request.seed,
        options=request.options,
    )
    record(work.house, request, result)
    return result


def _verdict(work: Work, made: Made) -> Verdict:
    """The worst of the calls' measures, those of the task, and personal data that was not in the material."""
    calls = merged([[one for one in measures if one.name not in JUDGED_ANEW] for measures in work.desk.measures])
    context = TaskContext(
        source=work.given.text,
        texts=made.texts,
        options=work.request.options,
        facts=made.facts,
        coverage=None if made.coverage is None else made.coverage.share,
        how="" if made.coverage is None else made.coverage.how,
    )
    known = Request.of_text("\n".join([work.given.text, *map(str, work.request.options.values())]))
    outputs = [Part.of_text(text) for text in made.texts]
    own = [*_reading(work.given), *judge_task(work.task.measures, context)]
    return Verdict.of([*calls, *own, *work.house.guard.outbound(outputs, known)])


def _reading(given: Given[TaskOptions]) -> list[Measure]:
    """What was left out or guessed when files were read, flagged."""
    notes = [note for material in given.materials for note in material.notes]
    told = Measure(
        name="reading",
        value=len(notes),
        unit="notes",
        direction="lower",
        threshold=0,
        status="flag",
        note=" ".join(notes),
    )
    return [told] if notes else []


def task_object(task: Task) -> dict[str, object]:
    """A task as it is told: its name, what it takes, its options and output as JSON schemas, what judges it."""
    return {
        "id": task.name,
        "object": "task",
        "summary": task.summary,
        "takes": task.takes,
        "options": task.options.model_json_schema(),
        "output": task.output.model_json_schema(mode="serialization"),
        "measures": list(task.measures),
    }


def all_tasks() -> list[dict[str, object]]:
    """Every task as it is told."""
    return [task_object(task) for task in tasks().values()]


def as_data(result: Result) -> dict[str, object]:
    """The output of a task as plain data, for JSON."""
    return cast("dict[str, object]", output_of(result).model_dump(mode="json"))
