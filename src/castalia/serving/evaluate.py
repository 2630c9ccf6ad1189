"""Evaluating a model from its name to figures in the registry and on its card."""

import json
import shutil
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from castalia.core.errors import BadRequest, CastaliaError, EngineError, InternalError, Interrupted
from castalia.core.events import Progress
from castalia.core.models import Model
from castalia.core.requests import new_id
from castalia.judging.evaluation.figures import Evaluated, Evaluation
from castalia.judging.evaluation.launcher import launch
from castalia.judging.evaluation.plan import EvaluationPlan
from castalia.judging.evaluation.writing import DATA
from castalia.serving.artifacts import describe_file
from castalia.serving.hosting import hosted
from castalia.serving.house import House
from castalia.serving.transcribing import listener
from castalia.store.locking import write_whole

FOLDER = "evaluations"
PREFIX = "evaluation."
"""Figures of an evaluation in the registry begin so."""


def evaluate(
    house: House,
    name: str,
    *,
    data: str | Path | None = None,
    samples: int | None = None,
    seed: int = 0,
    data_options: dict[str, object] | None = None,
    engine: str | None = None,
    run: str | None = None,
    command: str = "",
    aside: bool = False,
) -> Generator[Progress | Evaluated]:
    """Measure a model: progress, then `Evaluated`; its figures are in the registry, and on its card where it has one.

    With ``aside`` they only stand in the report: what a model does with questions of somebody's own is not what it is
    compared by. ``run`` names the folder of the report in ``<home>/evaluations``; a fresh one when left out. Closing
    the iterator stops it and leaves nothing. Raises NotFound, BadRequest, DatasetError, MissingExtra and what the
    model raises.
    """
    model = house.registry.get(name)
    plan = plan_evaluation(
        house, model, data=data, samples=samples, seed=seed, data_options=data_options, engine=engine, command=command
    )
    folder = house.home / FOLDER / (run or new_id("e"))
    folder.mkdir(parents=True, exist_ok=True)
    found: Evaluated | None = None
    try:
        with closing(launch(plan, folder)) as events:
            for event in events:
                if isinstance(event, Evaluated):
                    found = event
                else:
                    yield event
        if found is None:
            raise Interrupted("The evaluation was stopped.", hint=f"Start anew: castalia evaluate {model.name}")
    except (EngineError, InternalError):
        raise  # the folder holds the worker's last words
    except (GeneratorExit, KeyboardInterrupt, CastaliaError):
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if not aside:
        keep(house, model.name, found.evaluation, folder)
    yield found


def plan_evaluation(
    house: House,
    model: Model,
    *,
    data: str | Path | None = None,
    samples: int | None = None,
    seed: int = 0,
    data_options: dict[str, object] | None = None,
    engine: str | None = None,
    command: str = "",
) -> EvaluationPlan:
    """The plan with this house's settings. Raises BadRequest for a model that makes nothing, or another engine."""
    if not model.outputs or not model.engines:
        raise BadRequest(f"{model.name} makes nothing by itself.", hint="Evaluate a model that answers: castalia ls")
    if engine is not None and engine not in model.engines:
        raise BadRequest(f"{model.name} does not run on {engine!r}.", hint=f"It runs on: {', '.join(model.engines)}.")
    place = hosted(house.registry, model, engine or model.engine)
    return EvaluationPlan(
        model=model,
        host=place.model,
        engine=engine or model.engine,
        modality=model.outputs[0],
        data=None if data is None else Path(data).expanduser().resolve(),
        data_options=data_options or {},
        samples=samples,
        seed=seed,
        load_options={**load_options(house), "adapters": place.adapters},
        assets=house.assets(),
        listener=listener(house) if model.outputs[0] == "speech" else None,
        start_timeout=house.settings.engines.start_timeout,
        cache=house.home / "cache",
        command=command,
    )


def load_options(house: House) -> dict[str, object]:
    """How an engine loads a model of this house."""
    settings = house.settings.engines
    return {
        "threads": settings.threads,
        "context": settings.context,
        "slots": settings.slots,
        "cache": str(house.home / "cache" / "converted"),
        "assets": {key: str(folder) for key, folder in house.assets().items()},
    }


def kept(house: House, model: Model) -> Evaluation | None:
    """The newest evaluation of a model, where its file still is."""
    told = model.details.get("evaluation")
    if not isinstance(told, dict):
        return None
    path = (house.home / str(told.get("report"))).with_name(DATA)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def keep(house: House, name: str, evaluation: Evaluation, folder: Path) -> None:
    """Write the figures into the registry and onto the card; the newest evaluation replaces an older one."""
    model = house.registry.get(name)
    others = {key: value for key, value in model.figures.items() if not key.startswith(PREFIX)}
    mine = {f"{PREFIX}{one.name}": one.value for one in evaluation.figures if one.value is not None}
    told = {one.name: describe(one.model_dump()) for one in evaluation.figures}
    summary: dict[str, object] = {
        "report": str((folder / "report.html").relative_to(house.home)),
        "created": evaluation.created.isoformat(timespec="seconds"),
        "samples": evaluation.samples,
        "data": evaluation.data,
        "encoder": evaluation.encoder.get("sha256", ""),
        "figures": told,
    }
    files = model.files
    card = model.folder / "card.json"
    if model.format == "castalia" and card.is_file():
        _on_card(card, summary)
        changed = {"card.json", "card.md"}
        files = [describe_file(model.folder / one.path, model.folder) if one.path in changed else one for one in files]
    details = {**model.details, "evaluation": summary}
    house.registry.add(
        model.model_copy(update={"figures": {**others, **mine}, "details": details, "files": files}), replace=True
    )


def describe(figure: dict[str, object]) -> str:
    """One figure in a line: value, unit, interval, count, floor and baseline."""

    def short(value: object) -> str:
        return f"{value:.4g}" if isinstance(value, float | int) else str(value)

    if figure["value"] is None:
        return f"not measured: {figure['note']}"
    pieces = [f"{short(figure['value'])} {figure['unit']}".strip()]
    interval = figure["interval"]
    if isinstance(interval, tuple):
        pieces.append(f"[{short(interval[0])}, {short(interval[1])}]")  # pyright: ignore[reportUnknownArgumentType]
    pieces += [f"{label} {short(figure[label])}" for label in ("floor", "baseline", "n") if figure[label] is not None]
    better = {"higher": "higher is better", "lower": "lower is better"}.get(str(figure["direction"]))
    return ", ".join([*pieces, *([better] if better else [])])


def _on_card(path: Path, summary: dict[str, object]) -> None:
    card: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    card["evaluation"] = summary
    write_whole(path, json.dumps(card, indent=2, default=str).encode())
    text = path.with_name("card.md")
    before = text.read_text(encoding="utf-8").split("\n## Evaluation\n")[0].rstrip() if text.is_file() else ""
    figures = summary["figures"]
    assert isinstance(figures, dict)  # noqa: S101 - made above
    rows = "\n".join(f"| {key} | {value} |" for key, value in figures.items())  # pyright: ignore[reportUnknownVariableType]
    head = f"{summary['samples']} samples, {summary['created']}"
    write_whole(text, f"{before}\n\n## Evaluation\n\n{head}\n\n| | |\n| --- | --- |\n{rows}\n".encode())
