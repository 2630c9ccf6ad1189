"""One run from plan to artifact, inside the worker process."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from castalia.core.assets import provide
from castalia.core.contracts import Encoded, Modality, Representation, Sample
from castalia.core.errors import BadRequest, DatasetError
from castalia.core.events import Progress
from castalia.core.plugins import families, modalities, resolve
from castalia.core.representation import Continuous, Kind, Layout, Tokens
from castalia.families.artifact import WEIGHTS, ArtifactConfig, read_config
from castalia.families.contract import Batch, Learner, Trainable
from castalia.families.loading import family_of, fill
from castalia.training import artifact, checkpoint, data
from castalia.training.budget import Budget
from castalia.training.compression import FOLDER as COMPRESSOR_FOLDER
from castalia.training.compression import SHARE, Coder, lent_compressor, train_compressor
from castalia.training.events import Stopped, Trained
from castalia.training.execution import Execution, copies, fixed, measured
from castalia.training.plan import TrainingPlan, meeting
from castalia.training.trainer import Trainer

SHEET = 64
SYNTHETIC = (256, 1000)
"""Fewest and most items drawn for the figures; as many as are held out in between."""
MEASURING_SHARE = 0.03
MOST_MEASURING = 6.0
FEWEST_MEASURED = 20
"""Of fewer steps none is spent on finding out how they are computed fastest."""


@dataclass
class Subject:
    """What is learnt: the modality, its representation and the encoded set with what was found in it."""

    modality: Modality
    representation: Representation
    encoded: Encoded
    facts: dict[str, object]
    coder: Coder | None = None

    @property
    def layout(self) -> Layout:
        """What the family learns."""
        return self.representation.layout if self.coder is None else self.coder.layout

    @property
    def learnt(self) -> Encoded:
        """The training set as the family sees it."""
        return self.encoded if self.coder is None else self.coder.encoded

    def shown(self, drawn: NDArray[np.generic]) -> tuple[bytes, str]:
        """A sheet of what the family drew."""
        sheet = self.modality.preview(self.representation, self.decoded(drawn))
        return sheet.data, sheet.media_type

    def decoded(self, drawn: NDArray[np.generic]) -> NDArray[np.generic]:
        """What the family drew in the modality's own representation."""
        return drawn if self.coder is None else self.coder.decode(drawn)


def run_training(run_folder: Path, emit: Callable[[Progress], None], stop: threading.Event) -> Trained | Stopped:
    """Train as the folder's plan says, from its last checkpoint; leaves the artifact there.

    Raises DatasetError with all problems of the data, BadRequest for options that do not exist, EngineError when the
    training diverges for good, StorageError when the disk is full.
    """
    done = artifact.finished(run_folder)
    if done is not None:
        return done
    plan = TrainingPlan.read(run_folder)
    provide(plan.assets)
    met = meeting(families().spec(plan.family), modalities().spec(plan.modality), plan.compress)
    plan = plan.model_copy(update={"compress": met.compress})
    base = None if plan.start_from is None else read_config(plan.start_from)
    subject = _subject(run_folder, plan, met.kind, base, emit)
    if base is not None and base.compressor is not None:
        subject = replace(subject, coder=lent_compressor(run_folder, _base(plan), base, subject.encoded))
    elif met.compress != "none":
        first = _compressed(run_folder, plan, subject, emit, stop)
        if isinstance(first, Stopped):
            return first
        subject, emit = first, _later(emit)
    layout, conditions = subject.layout, subject.representation.conditions
    family = family_of(plan.family)
    options_type = resolve(families().spec(plan.family).options)
    options = _options(cast("type[BaseModel]", options_type), plan.family_options, f"family {plan.family}")
    torch.manual_seed(plan.seed)
    config = (
        family.derive(layout, conditions, plan.size, options, subject.learnt.data)
        if base is None
        else base.family_config | plan.family_options
    )
    window = layout.length if isinstance(layout, Tokens) and layout.stream else None
    dataset = data.Dataset(subject.learnt, plan.seed, int(cast(int, config["batch"])), window)
    learner = family.build(layout, conditions, config)
    if base is not None:
        fill(_base(plan), WEIGHTS, learner)
    parameters = sum(one.numel() for one in learner.parameters())
    emit(Progress(message=f"{plan.family} {plan.size}: {parameters:,} parameters; {_summary(config)}"))

    useful = max(1, int(cast(float, config["epochs"]) * (len(dataset.training) // dataset.batch)))
    execution = _execution(run_folder, plan, learner, next(dataset.batches(data.Position())), useful)
    emit(Progress(message=execution.told()))
    rest = 1.0 if subject.coder is None or base is not None else 1.0 - SHARE
    used = 0.0 if subject.coder is None else subject.coder.seconds
    seconds = None if plan.minutes is None else 60.0 * plan.minutes - used
    steps = None if plan.max_steps is None else max(1, int(plan.max_steps * rest))
    budget = Budget(seconds, steps, useful)
    wanted = _sheet_conditions(subject)

    def preview(one: Trainable) -> tuple[bytes, str]:
        return subject.shown(_draw(cast("Learner", one), SHEET, wanted, plan.seed))

    trainer = Trainer(
        run_folder, learner, dataset, budget, execution, emit, stop, preview, plan.checkpoint_seconds,
        goes_on=base is not None,
    )  # fmt: skip
    if not trainer.run():
        return Stopped(step=trainer.place.step)
    trainer.finish()
    emit(Progress(message="measuring and writing the model", fraction=1.0))
    return artifact.write(run_folder, _product(plan, subject, config, dataset, trainer, parameters))


def _base(plan: TrainingPlan) -> Path:
    """The artifact that the training goes on from."""
    return cast("Path", plan.start_from)


def _compressed(
    run_folder: Path, plan: TrainingPlan, subject: Subject, emit: Callable[[Progress], None], stop: threading.Event
) -> Subject | Stopped:
    """The subject with a code that the family learns instead."""
    coder = train_compressor(
        run_folder,
        plan,
        cast("Continuous", subject.representation.layout),
        subject.encoded,
        lambda event: emit(_scaled(event, 0.0, SHARE)),
        stop,
        subject.shown,
        lambda one, batch: _execution(run_folder / COMPRESSOR_FOLDER, plan, one, batch),
    )
    return Stopped(step=coder) if isinstance(coder, int) else replace(subject, coder=coder)


def _later(emit: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Progress of the second half, as part of the whole."""
    return lambda event: emit(_scaled(event, SHARE, 1.0))


def _scaled(event: Progress, start: float, end: float) -> Progress:
    if event.fraction is None:
        return event
    return event.model_copy(update={"fraction": start + (end - start) * event.fraction})


def _subject(
    run_folder: Path, plan: TrainingPlan, kind: Kind, base: ArtifactConfig | None, emit: Callable[[Progress], None]
) -> Subject:
    """The training set: read and encoded the first time, from the run folder when resuming.

    A training that goes on from a model represents its items as that model does.
    """
    modality = cast("Modality", modalities().implementation(plan.modality)())
    found = data.kept(run_folder)
    if found is not None:
        encoded, facts = found
        representation = modality.restore(cast("dict[str, object]", facts["representation"]))
        return Subject(modality, representation, encoded, cast("dict[str, object]", facts["facts"]))
    emit(Progress(message=f"reading {plan.source.name}"))
    options = _options(modality.data_options(), plan.data_options, f"modality {plan.modality}")
    survey = modality.survey(plan.source, options)
    if survey.problems:
        raise DatasetError(
            f"{plan.source} cannot be learnt from: {len(survey.problems)} problem(s), first: {survey.problems[0]}",
            problems=survey.problems,
            hint="Put them right, or change the data options.",
        )
    if base is None:
        representation, encoded = modality.fit(plan.source, options, kind)
    else:
        representation = modality.restore(base.representation)
        encoded = modality.encode(representation, plan.source, options)
    facts = {"items": len(encoded.data), "warnings": survey.warnings} | survey.facts
    facts = cast("dict[str, object]", json.loads(json.dumps(facts, default=str)))
    data.keep(run_folder, encoded, {"representation": representation.config(), "facts": facts})
    return Subject(modality, representation, encoded, facts)


def _options(kind: type[BaseModel], values: dict[str, object], owner: str) -> BaseModel:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(piece) for piece in first["loc"])
        names = ", ".join(kind.model_fields)
        raise BadRequest(
            f"The option {name!r} of {owner} is wrong: {first['msg']}.", hint=f"There are: {names}."
        ) from None


def _summary(config: dict[str, object]) -> str:
    """Derived numbers in one line; long lists are counted."""
    short = {
        name: f"{len(value)} entries" if isinstance(value, list) and len(str(value)) > 40 else value  # pyright: ignore[reportUnknownArgumentType]
        for name, value in config.items()
    }
    return ", ".join(f"{name} {value}" for name, value in short.items())


def _execution(
    run_folder: Path, plan: TrainingPlan, learner: Trainable, batch: Batch, useful: int = FEWEST_MEASURED
) -> Execution:
    """As the checkpoint says, else measured when there is a time budget and there are steps enough to gain by it."""
    state = checkpoint.read(run_folder)
    if state is not None:
        return Execution(**cast("dict[str, object]", state["execution"]))  # pyright: ignore[reportArgumentType]
    if plan.minutes is None or useful < FEWEST_MEASURED:
        return fixed(plan.threads)
    seconds = min(MOST_MEASURING, MEASURING_SHARE * 60.0 * plan.minutes)
    return measured(copies(learner), batch, plan.threads, seconds, 60.0 * plan.minutes)


def _sheet_conditions(subject: Subject) -> NDArray[np.float32] | None:
    """For a set with one group of conditions, each of its values in turn; for others the sheet asks for nothing."""
    conditions = subject.representation.conditions
    if conditions is None or len(conditions.groups) != 1 or subject.encoded.conditions is None:
        return None
    values = np.unique(np.asarray(subject.encoded.conditions), axis=0)[:SHEET]
    rows = np.sort(np.arange(SHEET) % len(values))
    return values[::-1][rows] if len(values) > 1 else values[rows]


def _draw(learner: Learner, count: int, wanted: NDArray[np.float32] | None, seed: int) -> NDArray[np.generic]:
    generator = torch.Generator().manual_seed(seed)
    device = next(learner.parameters()).device
    if wanted is None:
        return learner.sample(count, None, None, generator).cpu().numpy()
    conditions = torch.from_numpy(np.ascontiguousarray(wanted, dtype=np.float32)).to(device)
    known = torch.ones(len(conditions), 1, dtype=torch.bool, device=device)
    return learner.sample(len(conditions), conditions, known, generator).cpu().numpy()


def _items(subject: Subject, dataset: data.Dataset, places: NDArray[np.intp]) -> NDArray[np.generic]:
    """Items in the modality's own representation; a code has the same places as what it stands for."""
    return dataset.items(places) if subject.coder is None else subject.encoded.data[places]


def _product(
    plan: TrainingPlan,
    subject: Subject,
    config: dict[str, object],
    dataset: data.Dataset,
    trainer: Trainer,
    parameters: int,
) -> artifact.Product:
    place, representation, modality = trainer.place, subject.representation, subject.modality
    learner = cast("Learner", replace(trainer.execution, device="cpu", channels_last=False).apply(trainer.learner))
    held_out, seen = (_items(subject, dataset, places) for places in (dataset.held_out, dataset.training))
    count = min(SYNTHETIC[1], max(SYNTHETIC[0], len(held_out)))
    synthetic = subject.decoded(_draw(learner, count, None, plan.seed + 1))
    figures = {
        f"{plan.modality}.{name}": value
        for name, value in modality.training_figures(representation, held_out, synthetic).items()
    }
    figures |= {
        "parameters": float(parameters),
        "steps": float(place.step),
        "training_seconds": round(place.seconds, 1),
    }
    if subject.coder is not None and subject.coder.loss is not None:
        figures["compressor_held_out_loss"] = subject.coder.loss
    if place.best_loss is not None:
        figures["held_out_loss"] = place.best_loss
    training: dict[str, object] = {
        "seed": plan.seed,
        "steps": place.step,
        "epochs": place.position.epoch,
        "cpu_seconds": round(place.seconds * trainer.execution.threads, 1),
        "weights": "averaged" if place.best_is_average or place.best_loss is None else "raw",
        "stopped_early": place.stopped_early,
        "recoveries": place.recoveries,
        "held_out_items": len(dataset.held_out),
        "execution": trainer.execution.as_dict(),
        "history": place.history,
    }
    drawn = _draw(learner, SHEET, _sheet_conditions(subject), plan.seed)
    sheet: Sample = modality.preview(representation, subject.decoded(drawn))
    return artifact.Product(
        plan=plan,
        config=ArtifactConfig(
            modality=plan.modality,
            representation=representation.config(),
            layout=subject.layout,
            conditions=representation.conditions,
            family=plan.family,
            family_config=config,
            size=plan.size,
            compressor=None if subject.coder is None else subject.coder.entry,
            training=training,
        ),
        weights=learner.served_state(),
        compressor={} if subject.coder is None else subject.coder.compressor.served_state(),
        fingerprints=modality.fingerprints(representation, np.asarray(seen)),
        figures=figures,
        data=subject.facts,
        samples=[sheet],
    )
