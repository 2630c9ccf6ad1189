"""Fine-tuning, from a file of examples to an adapter that is served beside its base:

examples -> guard -> plan -> worker -> adapter -> registry
"""

import shutil
from collections.abc import Generator
from pathlib import Path

from castalia.core.errors import Conflict, DatasetError, NotFound, UnsupportedInput
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.core.requests import new_id
from castalia.serving.artifacts import describe_file
from castalia.serving.carrying import carried, latest_unfinished_run
from castalia.serving.hosting import ADAPTER_OF, BASE_DIGEST, ENGINE, is_adapter
from castalia.serving.house import House
from castalia.serving.planning import free_name
from castalia.serving.resolving import validated
from castalia.store.locking import publish_folder
from castalia.store.registry import check_name
from castalia.training.events import Trained
from castalia.training.finetuning.formats import TEXT_SUFFIXES, paragraphs, read_examples
from castalia.training.finetuning.launching import launch
from castalia.training.finetuning.plan import LENGTH, RESUME, FinetunePlan

MINUTES = 10.0
"""Time budget when none is given."""
SUFFIXES = (".jsonl", ".json", *TEXT_SUFFIXES)


def plan_finetuning(
    house: House, base: str, source: str | Path, *, name: str | None = None, **fields: object
) -> tuple[FinetunePlan, list[str]]:
    """A complete plan, and notes about the examples.

    ``fields`` are those of `FinetunePlan` (minutes, max_steps, epochs, rank, rate, length, seed, licence, ...). The
    guard looks through the examples first. Raises NotFound, UnsupportedInput for a base that cannot learn, Blocked when
    personal data may not be learnt, Conflict, BadRequest for wrong values, DatasetError for a file without any example.
    """
    model = house.registry.get(base)
    if model.format != "gguf" or is_adapter(model):
        what = "an adapter itself" if is_adapter(model) else f"a model in the format {model.format}"
        raise UnsupportedInput(
            f"{model.name} cannot be fine-tuned: it is {what}.", hint="Language models in GGUF can: castalia ls"
        )
    path = Path(source).expanduser().resolve()
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", hint="Check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise UnsupportedInput(
            f"{path.name} is no file of examples.", hint=f"Give one of: {', '.join(SUFFIXES)}; see docs/finetuning.md."
        )
    name = check_name(name) if name else free_name(house, path)
    if any(known.name == name for known in house.registry.list()):
        raise Conflict(f"A model named {name!r} is there already.", hint="Choose another --name, or castalia rm it.")
    leave_out, notes = _guarded(house, path)
    given = {key: value for key, value in fields.items() if value is not None}
    if "minutes" not in given and "max_steps" not in given:
        given["minutes"] = MINUTES
    context = model.details.get("context_length")
    if isinstance(context, int):
        given["length"] = min(int(str(given.get("length", LENGTH))), context)
    weights = model.folder / str(model.details["gguf"])
    data = {"source": path, "base": model.name, "base_file": weights, "name": name, "leave_out": leave_out, **given}
    return FinetunePlan.model_validate(validated(FinetunePlan, data)), notes


def _guarded(house: House, path: Path) -> tuple[list[int], list[str]]:
    """The lines that are left out because of personal data, and what is told of them."""
    reading = read_examples(path)
    if not reading.examples:
        raise DatasetError(
            f"{path.name} cannot be learnt from: {len(reading.problems)} problem(s).",
            problems=reading.problems,
            hint="Mend these and start again.",
        )
    pieces = [(example.line, example.words) for example in reading.examples]
    if path.suffix.lower() in TEXT_SUFFIXES:
        pieces = paragraphs(path.read_text(encoding="utf-8-sig"))
    found = house.guard.examples([text for _, text in pieces])
    return [pieces[place][0] for place in found.places] if found.leave_out else [], found.warnings


def finetune(house: House, plan: FinetunePlan, run: str | None = None) -> Generator[Progress | ModelReady]:
    """Run a plan: progress, then ModelReady. Closing the iterator stops it after a checkpoint; `resume` goes on.

    ``run`` is the name to give the run. Raises DatasetError with all problems of the examples before any step.
    """
    run = run or new_id("f")
    house.runs.start(run, plan.model_dump(mode="json"))
    yield Progress(message=f"run {run}")
    yield from _run(house, run, plan)


def resume(house: House, run: str) -> Generator[Progress | ModelReady]:
    """Go on with a stopped, failed or killed run from its last checkpoint. Raises NotFound, Conflict."""
    entry = house.runs.get(run)
    if entry.plan.get("kind") != "finetune":
        raise NotFound(f"The run {run} is no fine-tuning.", hint=f"castalia train --resume {run}")
    if entry.state == "done":
        raise Conflict(f"The run {run} is complete: its model is {entry.model!r}.", hint="Start anew.")
    house.runs.start(run, entry.plan)
    yield Progress(message=f"run {run}, resumed")
    yield from _run(house, run, FinetunePlan.model_validate(entry.plan))


def latest_unfinished(house: House) -> str:
    """The newest fine-tuning that is not done. Raises NotFound."""
    return latest_unfinished_run(house, finetuning=True, start="castalia finetune MODEL DATA")


def _run(house: House, run: str, plan: FinetunePlan) -> Generator[Progress | ModelReady]:
    folder = house.home / "runs" / run

    def clear() -> None:
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)

    def register(trained: Trained) -> Model:
        return _register(house, plan, trained)

    yield from carried(house, run, launch(plan, folder), register, RESUME.format(run), clear)


def _register(house: House, plan: FinetunePlan, trained: Trained) -> Model:
    """The adapter as a model: what it can do is what its base can, and it runs beside it."""
    base = house.registry.get(plan.base)
    weights = next(file for file in base.files if base.folder / file.path == plan.base_file)
    folder = publish_folder(trained.artifact, house.models_folder, plan.name)
    shared = ("architecture", "context_length", "chat_template", "tools_in_template")
    model = Model(
        name=plan.name,
        format="gguf",
        engines=[ENGINE],
        engine_reason=f"{ENGINE} is the engine that runs adapters beside their base",
        family=base.family,
        outputs=base.outputs,
        inputs=base.inputs,
        folder=folder,
        files=[describe_file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()],
        source=str(plan.source),
        licence=plan.licence,
        description=str(trained.card["description"]),
        figures=trained.figures,
        options=base.options,
        details={
            **{name: base.details[name] for name in shared if name in base.details},
            "gguf": "adapter.gguf",
            ADAPTER_OF: base.name,
            BASE_DIGEST: weights.sha256,
            "base_licence": base.licence,
            "data": trained.card["data"],
            "recipe": trained.card["recipe"],
        },
    )
    house.registry.add(model)
    return model
