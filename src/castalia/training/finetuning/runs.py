"""One fine-tuning from plan to adapter, inside the worker process.

examples -> tokens -> packed rows -> adapter under training (`castalia.training.trainer`) -> GGUF, card
"""

import json
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch

from castalia.core.contracts import Encoded
from castalia.core.errors import DatasetError, MissingExtra
from castalia.core.events import Progress
from castalia.families.artifact import CARD, CARD_TEXT
from castalia.families.contract import Batch, Trainable
from castalia.store.gguf import read_header
from castalia.store.gguf_adapter import write_adapter
from castalia.store.locking import storage_errors
from castalia.training import artifact, checkpoint, data
from castalia.training.budget import Budget
from castalia.training.events import Stopped, Trained
from castalia.training.execution import Execution, fixed, measured
from castalia.training.finetuning.card import card_of, card_text
from castalia.training.finetuning.formats import read_examples
from castalia.training.finetuning.learner import LoraLearner, check_architecture, load_network
from castalia.training.finetuning.packing import packed
from castalia.training.finetuning.plan import FinetunePlan
from castalia.training.finetuning.rendering import rendered, tokenizer_of
from castalia.training.trainer import Trainer

ADAPTER = "adapter.gguf"
TOKENIZER = "tokenizer"
MEASURING_SHARE = 0.04
MOST_MEASURING = 45.0
"""Seconds, at most, for finding out how a step is computed fastest: a step of a language model takes some."""
MEASURED = 256
"""Tokens that are measured with: enough to tell which way is faster."""
PREVIEWED = 400
"""Characters of a preview."""


def run_finetuning(run_folder: Path, emit: Callable[[Progress], None], stop: threading.Event) -> Trained | Stopped:
    """Fine-tune as the folder's plan says, from its last checkpoint; leaves the adapter there.

    Raises DatasetError with all problems of the examples before any step, UnsupportedInput for a model that cannot be
    adapted, MissingExtra, EngineError when the training diverges for good, StorageError when the disk is full.
    """
    done = artifact.finished(run_folder)
    if done is not None:
        return done
    plan = FinetunePlan.read(run_folder)
    missing = [name for name in ("peft", "transformers") if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"Fine-tuning needs {', '.join(missing)}.", hint="pip install 'castalia[finetune]'")
    check_architecture(read_header(plan.base_file).architecture, plan.base)
    tokenizer, encoded, facts = _examples(run_folder, plan, emit)
    if stop.is_set():
        return Stopped(step=0)  # loading and measuring take longer than whoever stopped it wants to wait
    emit(Progress(message=f"loading {plan.base}"))
    torch.manual_seed(plan.seed)
    learner = LoraLearner(load_network(plan.base_file, plan.rank, plan.scale), plan.rate)
    parameters = sum(one.numel() for one in learner.parameters())
    length = encoded.data.shape[2]
    dataset = data.Dataset(encoded, plan.seed, max(1, round(plan.batch_tokens / length)))
    rows = f"{facts['examples']} examples in {len(encoded.data)} rows of {length} tokens"
    emit(Progress(message=f"{rows}, {dataset.batch} a step; an adapter of {parameters:,} parameters"))
    if stop.is_set():
        return Stopped(step=0)
    execution = _execution(run_folder, plan, learner, dataset)
    learner.compute_in(execution)
    emit(Progress(message=execution.told()))
    useful = max(1, int(plan.epochs * (len(dataset.training) // dataset.batch)))
    budget = Budget(None if plan.minutes is None else 60.0 * plan.minutes, plan.max_steps, useful)

    def preview(one: Trainable) -> tuple[bytes, str]:
        with execution.autocast():
            return _preview(cast("LoraLearner", one), execution.batch(next(dataset.held_out_batches(1))), tokenizer)

    trainer = Trainer(run_folder, learner, dataset, budget, execution, emit, stop, preview, plan.checkpoint_seconds)
    if not trainer.run():
        return Stopped(step=trainer.place.step)
    trainer.finish()
    emit(Progress(message="measuring and writing the adapter", fraction=1.0))
    return _written(run_folder, plan, trainer, facts)


def _examples(
    run_folder: Path, plan: FinetunePlan, emit: Callable[[Progress], None]
) -> tuple[Any, Encoded, dict[str, object]]:
    """Tokenizer, packed rows and facts: read and checked the first time, from the run folder when resuming."""
    found = data.kept(run_folder)
    emit(Progress(message=f"reading the tokenizer of {plan.base}" if found is None else "resuming"))
    tokenizer = tokenizer_of(plan.base_file, run_folder / TOKENIZER)
    if found is not None:
        return tokenizer, found[0], found[1]
    emit(Progress(message=f"reading {plan.source.name}"))
    reading = read_examples(plan.source, frozenset(plan.leave_out))
    sequences = rendered(tokenizer, reading, plan.length)
    if reading.problems:
        raise DatasetError(
            f"{plan.source.name} cannot be learnt from: {len(reading.problems)} problem(s).",
            problems=[*reading.problems, *reading.warnings],
            hint="Mend these and start again. For longer examples: --length.",
        )
    for warning in reading.warnings:
        emit(Progress(message=f"note: {warning}"))
    rows = packed(sequences)
    if len(rows) < data.FEWEST:
        raise DatasetError(
            f"{plan.source.name} is too little: {rows[:, 1].sum():,} tokens to learn.", hint="Add more examples."
        )
    facts: dict[str, object] = {
        "format": reading.format,
        "examples": len(reading.examples),
        "tokens": int((rows[:, 2] > 0).sum()),
        "learnt_tokens": int(rows[:, 1].sum()),
        "left_out": len(plan.leave_out),
        "warnings": reading.warnings,
    }
    data.keep(run_folder, Encoded(rows), facts)
    return tokenizer, Encoded(rows), facts


def _execution(run_folder: Path, plan: FinetunePlan, learner: LoraLearner, dataset: data.Dataset) -> Execution:
    """As the checkpoint says, else measured when there is a time budget."""
    state = checkpoint.read(run_folder)
    if state is not None:
        return Execution(**cast("dict[str, object]", state["execution"]))  # pyright: ignore[reportArgumentType]
    if plan.minutes is None:
        return fixed(plan.threads)
    first = {name: value.clone() for name, value in learner.state_dict().items()}

    def fresh() -> LoraLearner:
        # not a copy: the frozen network may be as large as the memory that is left
        learner.load_state_dict(first)
        return learner

    first_rows = next(dataset.batches(data.Position())).data
    batch = Batch(first_rows[:1, :, :MEASURED])
    seconds = min(MOST_MEASURING, MEASURING_SHARE * 60.0 * plan.minutes)
    found = measured(fresh, batch, plan.threads, seconds, 0.0)  # never compiled: the network is not the learner's own
    fresh()
    return found


@torch.no_grad()
def _preview(learner: LoraLearner, batch: Batch, tokenizer: Any) -> tuple[bytes, str]:
    """What the model would say to held-out examples: each token after the true ones before it."""
    logits, _ = learner.predicted(batch.data)
    text = str(tokenizer.decode(logits.argmax(-1)[: PREVIEWED // 2].tolist()))
    return text[:PREVIEWED].encode(), "text/plain"


def _written(run_folder: Path, plan: FinetunePlan, trainer: Trainer, facts: dict[str, object]) -> Trained:
    """The adapter with its card, whole or not at all."""
    learner = cast("LoraLearner", trainer.learner)
    place, staged = trainer.place, run_folder / f"{artifact.FOLDER}.partial"
    with learner.network.disable_adapter():
        before = _loss(learner, trainer)
    figures: dict[str, float] = {
        "parameters": float(sum(one.numel() for one in learner.parameters())),
        "steps": float(place.step),
        "training_seconds": round(place.seconds, 1),
        "trained_tokens": float(place.step * trainer.dataset.batch * trainer.dataset.encoded.data.shape[2]),
        "held_out_loss_before": before,
        "held_out_loss": _loss(learner, trainer),
    }
    training: dict[str, object] = {
        "steps": place.step,
        "epochs": place.position.epoch,
        "cpu_seconds": round(place.seconds * trainer.execution.threads, 1),
        "stopped_early": place.stopped_early,
        "recoveries": place.recoveries,
        "held_out_rows": len(trainer.dataset.held_out),
        "execution": trainer.execution.as_dict(),
        "history": place.history,
    }
    card = card_of(plan, facts, figures, training, datetime.now(UTC))
    weights = {
        name.removeprefix("adapter.").replace("/", "."): value.detach().float().cpu().numpy()
        for name, value in learner.served_state().items()
    }
    with storage_errors(str(run_folder / artifact.FOLDER)):
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        write_adapter(staged / ADAPTER, read_header(plan.base_file), weights, plan.scale, plan.name)
        (staged / CARD).write_text(json.dumps(card, indent=2, default=str), encoding="utf-8")
        (staged / CARD_TEXT).write_text(card_text(card), encoding="utf-8")
        staged.rename(run_folder / artifact.FOLDER)
    return Trained(artifact=run_folder / artifact.FOLDER, figures=figures, card=card)


def _loss(learner: LoraLearner, trainer: Trainer) -> float:
    """Nats per learnt token over all held-out rows."""
    total, count = 0.0, 0
    for batch in trainer.dataset.held_out_batches(trainer.dataset.batch):
        tokens = int(batch.data[:, 1].sum())
        loss = learner.held_out_loss(trainer.execution.batch(batch), torch.Generator())
        total, count = total + float(loss or 0.0) * tokens, count + tokens
    return round(total / max(1, count), 4)
