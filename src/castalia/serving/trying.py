"""Asking one model everything that a comparison wants to know, and measuring what each answer costs."""

import hashlib
import json
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import cast

import psutil

from castalia.core.content import Message, Part
from castalia.core.contracts import Engine
from castalia.core.errors import CastaliaError
from castalia.core.events import Progress
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine, open_engine
from castalia.families.artifact import CARD
from castalia.judging.comparing.describing import observed
from castalia.judging.comparing.material import (
    DISTANCES,
    FACTS,
    Asked,
    attachments,
    long_prompt,
    own_prompt,
    recall,
)
from castalia.judging.comparing.observed import Purpose, Subject, Trial
from castalia.judging.context import CheckContext
from castalia.judging.evaluation.language.asking import matches
from castalia.judging.verdict import judge
from castalia.serving.collecting import Collector
from castalia.serving.evaluate import load_options
from castalia.serving.hosting import hosted
from castalia.serving.house import House
from castalia.serving.inlining import with_inlined_text
from castalia.serving.resolving import resolve_request
from castalia.serving.transcribing import transcriber
from castalia.store.locking import write_whole

VERSION = 1
"""Of what is observed: another one is asked anew."""
REPEATED = 2
"""Samples that are made again with the same seed."""


def try_model(
    house: House, model: Model, requests: Iterable[Asked], samples: int, seed: int, folder: Path, *, fresh: bool = False
) -> Generator[Progress, None, Subject]:
    """Everything that is observed of a model but its evaluation; returns it, tells how far it is.

    It runs in a fresh process of its own, as the first and only user. A model that does not load is told as failed.
    What was observed is kept in ``folder``: who was asked all this before is not asked again, unless ``fresh``.
    """
    plan = planned(model, list(requests), samples, seed)
    path = folder / f"{key_of(model, plan)}.json"
    if not fresh and path.is_file():
        try:
            return Subject.model_validate_json(path.read_bytes())
        except ValueError:
            pass  # of another version: ask again
    subject = yield from _tried(house, model, plan)
    if not subject.failed:
        write_whole(path, subject.model_dump_json().encode())
    return subject


def key_of(model: Model, plan: "list[Planned]") -> str:
    """The same for the same model, engine and questions, attachments and seeds included."""
    digest = hashlib.sha256(
        f"{VERSION} {model.name} {model.created.isoformat()} {model.engine} {model.options}".encode()
    )
    for one in plan:
        digest.update(one.model_dump_json(exclude={"parts"}).encode())
        for part in one.parts:
            digest.update(part.read())
    return digest.hexdigest()[:32]


def _tried(house: House, model: Model, plan: "list[Planned]") -> Generator[Progress, None, Subject]:
    spec = engines().spec(model.engine)
    subject = Subject(
        model=model, engine=model.engine, remote=spec.remote, card=card_of(model), context=context_of(house, model)
    )
    yield Progress(message=f"{model.name}: loading")
    started = time.perf_counter()
    try:
        place = hosted(house.registry, model, model.engine)
        options = {**load_options(house), "adapters": place.adapters}
        engine = open_engine(spec, place.model, options, house.settings.engines.start_timeout)
    except CastaliaError as error:
        subject.failed = error.message
        return subject
    subject.load_seconds = time.perf_counter() - started
    try:
        trial = Trying(house, subject, engine)
        for number, one in enumerate(plan):
            yield Progress(message=f"{model.name}: {one.purpose}", fraction=number / len(plan))
            subject.trials.append(trial.run(one))
        subject.memory = peak_memory(engine)
    finally:
        engine.close()
    return subject


class Planned(Trial):
    """A trial before it has run: what is attached to it and what its answer must hold."""

    parts: tuple[Part, ...] = ()
    answers: tuple[str, ...] = ()


def planned(model: Model, requests: list[Asked], samples: int, seed: int) -> list[Planned]:
    """The trials of a model. Every model gets the same requests with the same seeds, and as many of its own kind."""
    kind, prompt = model.outputs[0], own_prompt(model)

    def own(purpose: Purpose, seed: int, prompt: str = prompt, **fields: object) -> Planned:
        return Planned.model_validate(
            {"purpose": purpose, "prompt": prompt, "seed": seed, "wanted": kind, "task": kind, **fields}
        )

    plan = [own("sample", seed + number) for number in range(samples)]
    plan += [own("repeat", seed + number) for number in range(min(REPEATED, samples))]
    plan += [
        Planned(
            purpose="request", prompt=one.prompt, seed=seed + number, wanted=one.wanted, task=one.task,
            answers=one.answers, parts=one.attachments,
        )
        for number, one in enumerate(requests)
    ]  # fmt: skip
    plan += [own("attachment", seed, attached=name, parts=(part,)) for name, part in attachments()]
    if kind == "text" and "text" in model.inputs and model.details.get("kind") not in {"continuation", "requests"}:
        for distance in DISTANCES:
            for number in range(FACTS):
                question, answer = recall(distance, number, seed)
                plan.append(own("recall", seed + number, question, distance=distance, answers=(answer,)))
    plan.append(own("long prompt", seed, long_prompt(prompt)))
    return plan


class Trying:
    """One loaded model that is being asked."""

    def __init__(self, house: House, subject: Subject, engine: Engine) -> None:
        self.house, self.subject, self.engine = house, subject, engine
        self.models = house.registry.list()
        self.transcribe = transcriber(house)
        self.process = psutil.Process(engine.pid) if isinstance(engine, HostedEngine) else None

    def run(self, plan: Planned) -> Trial:
        """The trial with what came of it; an error of the model or of the request is its outcome."""
        trial = Trial.model_validate(plan.model_dump(exclude={"parts", "answers"}))
        before, started = self.cpu_seconds(), time.perf_counter()
        collector = Collector()
        model = self.subject.model
        try:
            request = Request(
                messages=[Message(role="user", parts=[Part.of_text(plan.prompt), *plan.parts])],
                model=model.name,
                seed=plan.seed,
            )
            choice = self.house.chooser.choose(request, self.models)
            if choice.modality == "text":
                request = with_inlined_text(request)
            resolved = resolve_request(request, choice, model)
            with closing(self.engine.generate(resolved)) as events:
                for event in events:
                    collector.add(event)
        except CastaliaError as error:
            trial.error = {"code": error.code, "message": error.message}
            trial.seconds = time.perf_counter() - started
            return trial
        trial.seconds = time.perf_counter() - started
        after = self.cpu_seconds()
        trial.cpu_seconds = None if before is None or after is None else max(0.0, after - before)
        outputs = collector.outputs(choice.modality)
        context = CheckContext(
            request=resolved,
            model=model,
            finish_reason=collector.finish_reason,
            logprobs=collector.logprobs,
            tool_calls=collector.tool_calls,
            transcribe=self.transcribe,
            seconds=trial.seconds,
        )
        verdict = judge(outputs, context)
        trial.status, trial.measures = verdict.status, verdict.measures
        trial.outputs = [observed(part) for part in outputs]
        trial.tokens = collector.usage.total_tokens
        if plan.answers:
            trial.right = matches("\n".join(part.text for part in outputs if part.text), plan.answers)
        return trial

    def cpu_seconds(self) -> float | None:
        """Processor seconds of the model's process and what it started, so far; None for one inside this process."""
        if self.process is None:
            return None
        try:
            family = [self.process, *self.process.children(recursive=True)]
            times = [member.cpu_times() for member in family]
        except psutil.NoSuchProcess:
            return None
        ended = times[0]
        used = sum(one.user + one.system for one in times)
        return used + float(getattr(ended, "children_user", 0.0)) + float(getattr(ended, "children_system", 0.0))


def peak_memory(engine: Engine) -> int | None:
    """The most resident memory of an engine's process in bytes; where the system keeps no peak, what it holds now."""
    if not isinstance(engine, HostedEngine) or not engine.alive:
        return None
    peak = 0
    try:
        with open(f"/proc/{engine.pid}/status", encoding="ascii") as file:  # noqa: PTH123 - no file of ours
            peak = next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        pass
    return max(peak, engine.memory_bytes)


def context_of(house: House, model: Model) -> int | None:
    """Tokens that prompt and answer may have together: the model's, or the settings' where they are less."""
    told = model.details.get("context_length")
    if not isinstance(told, int):
        return None
    return min(told, house.settings.engines.context or told)


def card_of(model: Model) -> dict[str, object]:
    """The artifact's card; empty for models that have none."""
    path = model.folder / CARD
    if model.format != "castalia" or not path.is_file():
        return {}
    return cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
