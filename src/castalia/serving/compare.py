"""Comparing models: each is asked the same and measured; rows, findings and pages follow from the figures alone."""

import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from castalia.core.errors import BadRequest, CastaliaError, Interrupted
from castalia.core.events import Progress
from castalia.core.machine import usable_cores
from castalia.core.models import Model
from castalia.core.requests import new_id
from castalia.core.results import PLAN
from castalia.judging.comparing.cells import Compared, Comparison
from castalia.judging.comparing.contrasts import joined
from castalia.judging.comparing.material import REQUESTS, Asked
from castalia.judging.comparing.observed import Subject
from castalia.judging.comparing.quality import points
from castalia.judging.comparing.rows import rows
from castalia.judging.comparing.rows.scope import parameters
from castalia.judging.comparing.writing import write
from castalia.judging.evaluation.figures import Evaluated, Evaluation
from castalia.serving.evaluate import evaluate, kept
from castalia.serving.house import House
from castalia.serving.trying import try_model
from castalia.serving.workload import UNSUPPORTED, drawn, read_workload

FOLDER = "comparisons"
OBSERVED = "observed"
"""Its folder of what was observed of each model, so that nobody is asked the same twice."""
SAMPLES = 6
MOST_REQUESTS = 42
MOST_MODELS = 12


def compare(
    house: House,
    names: Sequence[str],
    *,
    requests: str | Path | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    most: int = MOST_REQUESTS,
    fresh: bool = False,
    run: str | None = None,
    command: str = "",
) -> Generator[Progress | Compared]:
    """Set models side by side: progress, then `Compared`.

    All are asked the same ``requests`` (a file as `castalia.serving.workload` reads it, of which at most ``most`` are
    drawn evenly over its classes; None: two of each kind of ours) and ``samples`` requests of their own kind, with the
    same seeds. What a model was asked before is not asked again, and figures of `castalia evaluate` are those of its
    newest evaluation, or measured now where there is none; with ``fresh`` all is done anew. ``run`` names the folder in
    ``<home>/comparisons``. Closing the iterator stops it and leaves no report. Raises NotFound, BadRequest.
    """
    models = chosen(house, names)
    asked, facts, notes = asked_of(house, requests, most, seed)
    started = time.perf_counter()
    folder = house.home / FOLDER / (run or new_id("c"))
    folder.mkdir(parents=True, exist_ok=True)
    subjects: list[Subject] = []
    try:
        for model in models:
            observed = house.home / FOLDER / OBSERVED
            subject = yield from try_model(house, model, asked, samples, seed, observed, fresh=fresh)
            yield from _evaluated(house, subject, seed, fresh=fresh)
            subjects.append(subject)
        comparison = compared(subjects, samples=samples, seed=seed, requests=facts, command=command)
        comparison.notes = [*notes, *comparison.notes]
        comparison.seconds = round(time.perf_counter() - started, 1)
        comparison.machine = machine()
        write(comparison, folder)
    except (GeneratorExit, KeyboardInterrupt, CastaliaError):
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    yield Compared(comparison=comparison, folder=folder)


def chosen(house: House, names: Sequence[str]) -> list[Model]:
    """The models to compare. Raises NotFound; BadRequest for fewer than two, too many, or one that makes nothing."""
    models = [house.registry.get(name) for name in names]
    twice = [name for name, count in Counter(model.name for model in models).items() if count > 1]
    if twice:
        raise BadRequest(f"{joined(twice)} is named twice.", hint="Name each model once; aliases count as their model.")
    if not 2 <= len(models) <= MOST_MODELS:
        raise BadRequest(
            f"{len(models)} model{'s' if len(models) != 1 else ''} cannot be compared: 2 to {MOST_MODELS} can.",
            hint="castalia ls lists the models; castalia evaluate MODEL measures one by itself.",
        )
    for model in models:
        if not model.outputs or not model.engines:
            raise BadRequest(f"{model.name} makes nothing by itself.", hint="Compare models that answer: castalia ls")
    return models


def asked_of(
    house: House, requests: str | Path | None, most: int, seed: int
) -> tuple[list[Asked], dict[str, object], list[str]]:
    """The requests for all models, facts about them, and notes on what was left out or guessed. Raises BadRequest."""
    if requests is None:
        return list(REQUESTS), {"source": "ours, two of each kind", "asked": len(REQUESTS)}, []
    path = Path(requests).expanduser()
    lines = read_workload(path)
    usable = [line for line in lines if line.complete and line.wanted != UNSUPPORTED]
    if not usable:
        raise BadRequest(
            f"None of the {len(lines)} requests in {path.name} can be asked: they want what no generator makes, or "
            "their attachments are not there.",
            hint="Put attached files beside the file of requests.",
        )
    taken = drawn(usable, most, seed)
    models = house.registry.list()
    asked: list[Asked] = []
    guessed = several = 0
    for line in taken:
        wanted = line.wanted or house.chooser.choose(line.request, models).modality
        if wanted == PLAN:
            several += 1
            continue
        guessed += not line.wanted
        asked.append(
            Asked(line.request.prompt, wanted, line.task or wanted, line.answers, tuple(line.request.attachments))
        )
    notes: list[str] = []
    if len(usable) < len(lines):
        left = len(lines) - len(usable)
        notes.append(f"{left} of {len(lines)} requests were left out: unsupported, or an attachment is not there.")
    if len(taken) < len(usable):
        notes.append(f"{len(taken)} of {len(usable)} requests were drawn, evenly over their classes (seed {seed}).")
    if guessed:
        notes.append(f"The chooser told what {guessed} of {len(taken)} requests want.")
    if several:
        notes.append(
            f"{several} of {len(taken)} requests were left out: they want several outputs, no model makes all."
        )
    return asked, {"source": path.name, "requests": len(lines), "asked": len(asked)}, notes


def compared(
    subjects: Sequence[Subject], *, samples: int, seed: int, requests: dict[str, object], command: str = ""
) -> Comparison:
    """The comparison of what was observed."""
    found, left = points(subjects)
    return Comparison(
        command=command,
        seed=seed,
        samples=samples,
        requests=requests,
        models={subject.name: facts_of(subject) for subject in subjects},
        rows=rows(subjects),
        points=found,
        left_out=left,
        notes=_notes(subjects),
    )


def facts_of(subject: Subject) -> dict[str, object]:
    """What stands at the head of a model's column."""
    model = subject.model
    one = subject.evaluation
    return {
        "makes": subject.makes,
        "family": model.family,
        "engine": subject.engine,
        "parameters": parameters(model),
        "licence": model.licence,
        "description": model.description,
        "trials": len(subject.trials),
        "evaluated": None if one is None else one.created.isoformat(timespec="seconds"),
        "evaluated_before": subject.kept,
    }


def machine() -> str:
    """What it was measured on: processor, cores, system, and how busy it was."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {usable_cores()} usable cores, {platform.system()}{load}"


def _notes(subjects: Sequence[Subject]) -> list[str]:
    when = [f"{subject.name} was asked on {subject.observed:%Y-%m-%d %H:%M} UTC." for subject in subjects]
    kept_ones = [subject for subject in subjects if subject.kept and subject.evaluation is not None]
    told = [
        f"{subject.name}: figures of castalia evaluate from {subject.evaluation.created:%Y-%m-%d %H:%M} UTC."
        for subject in kept_ones
        if subject.evaluation is not None
    ]
    return (
        when
        + told
        + [f"{subject.name} could not be loaded: {subject.failed}" for subject in subjects if subject.failed]
    )


def _evaluated(house: House, subject: Subject, seed: int, *, fresh: bool) -> Generator[Progress]:
    """Give the subject its evaluation, or the reason why there is none."""
    before = None if fresh else kept(house, house.registry.get(subject.name))
    if before is not None:
        subject.evaluation, subject.kept = before, True
        return
    if subject.failed:
        subject.no_evaluation = f"it could not be loaded: {subject.failed}"
        return
    try:
        subject.evaluation = yield from _evaluate_now(house, subject.name, seed)
    except Interrupted:
        raise
    except CastaliaError as error:
        subject.no_evaluation = error.message if not error.hint else f"{error.message} {error.hint}"


def _evaluate_now(house: House, name: str, seed: int) -> Generator[Progress, None, Evaluation]:
    with closing(evaluate(house, name, seed=seed, command="castalia compare")) as events:
        for event in events:
            if isinstance(event, Evaluated):
                return event.evaluation
            yield event.model_copy(update={"message": f"{name}: {event.message}"})
    raise Interrupted("The evaluation ended without figures.", hint="Compare again.")
