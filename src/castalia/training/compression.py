"""The first part of a training in two: an autoencoder learns a short code of the items; then a family learns the code.

It lives in a folder of its own inside the run's, with checkpoints like any training; its code of the training set is
kept there as well, so that a resumed run goes on with the same numbers.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from castalia.core.contracts import Encoded
from castalia.core.events import Progress
from castalia.core.plugins import families, resolve
from castalia.core.representation import Continuous, Layout
from castalia.families.artifact import COMPRESSOR_WEIGHTS as WEIGHTS
from castalia.families.artifact import ArtifactConfig, CompressorEntry
from castalia.families.contract import Batch, Compressor, CompressorMaker, Trainable
from castalia.families.loading import load_compressor
from castalia.store.locking import storage_errors
from castalia.training import data
from castalia.training.budget import Budget
from castalia.training.execution import Execution
from castalia.training.plan import TrainingPlan
from castalia.training.trainer import Trainer

FOLDER = "compressor"
SHARE = 0.25
"""Part of the budget that the autoencoder gets at most."""
AT_ONCE = 4_000_000
"""Numbers of items that are encoded or decoded at a time; six times as many calibrate."""
SHOWN = 64

Show = Callable[[NDArray[np.generic]], tuple[bytes, str]]
Measure = Callable[[Trainable, Batch], Execution]


@dataclass
class Coder:
    """A trained compressor and the code of the training set."""

    compressor: Compressor
    entry: CompressorEntry
    encoded: Encoded
    loss: float | None
    """Its held-out loss, nats per number."""
    seconds: float
    """Of the budget that it took."""

    @property
    def layout(self) -> Layout:
        """What the family learns."""
        return self.compressor.layout

    def decode(self, code: NDArray[np.generic]) -> NDArray[np.generic]:
        """Items (n, *shape) from their code."""
        parts = [self.compressor.decode(torch.from_numpy(np.array(part))).numpy() for part in _parts(code)]
        return np.concatenate(parts)


def train_compressor(
    run_folder: Path,
    plan: TrainingPlan,
    layout: Continuous,
    encoded: Encoded,
    emit: Callable[[Progress], None],
    stop: threading.Event,
    show: Show,
    measure: Measure,
) -> Coder | int:
    """Train the autoencoder that the plan asks for, or go on with it; the step that it stands at when it was stopped.

    ``show`` draws items for previews, ``measure`` picks how to compute.
    """
    folder = run_folder / FOLDER
    maker, family = _maker()
    kind = "tokens" if plan.compress == "tokens" else "latents"
    torch.manual_seed(plan.seed)
    config = maker.derive(layout, kind, plan.size, encoded.data)
    compressor = maker.build(layout, config)
    entry = CompressorEntry(family=family, layout=layout, config=config)
    kept = data.kept(folder)
    if kept is not None:
        _load(folder, compressor)
        return Coder(
            compressor.eval(), entry, kept[0], cast("float | None", kept[1]["loss"]), cast("float", kept[1]["seconds"])
        )
    emit(Progress(message=f"first a code of the items: {_described(compressor)}"))

    dataset = data.Dataset(Encoded(encoded.data), plan.seed, int(cast(int, config["batch"])))
    useful = max(1, int(cast(float, config["epochs"]) * (len(dataset.training) // dataset.batch)))
    seconds = None if plan.minutes is None else 60.0 * plan.minutes * SHARE
    steps = None if plan.max_steps is None else max(1, int(plan.max_steps * SHARE))
    shown = torch.from_numpy(np.ascontiguousarray(dataset.items(dataset.held_out[:SHOWN]), dtype=np.float32))

    def preview(one: Trainable) -> tuple[bytes, str]:
        inside = cast("Compressor", one)
        return show(inside.decode(inside.encode(shown)).numpy())

    execution = measure(compressor, next(dataset.batches(data.Position())))
    trainer = Trainer(
        folder, compressor, dataset, Budget(seconds, steps, useful), execution, emit, stop, preview,
        plan.checkpoint_seconds,
    )  # fmt: skip
    if not trainer.run():
        return trainer.place.step
    trainer.finish()
    compressor = compressor.to("cpu").eval()
    compressor.calibrate(_some(encoded.data))
    return _coded(folder, compressor, entry, encoded, trainer.place.best_loss, trainer.place.seconds)


def lent_compressor(run_folder: Path, model: Path, config: ArtifactConfig, encoded: Encoded) -> Coder:
    """The compressor of a trained model, as it is, and its code of another set. Raises EngineError when damaged."""
    folder = run_folder / FOLDER
    compressor, entry = cast("Compressor", load_compressor(model, config)), cast("CompressorEntry", config.compressor)
    kept = data.kept(folder)
    if kept is not None:
        return Coder(compressor, entry, kept[0], None, 0.0)
    return _coded(folder, compressor, entry, encoded, None, 0.0)


def _coded(
    folder: Path, compressor: Compressor, entry: CompressorEntry, encoded: Encoded, loss: float | None, seconds: float
) -> Coder:
    """Keep the compressor and its code of the set in the folder."""
    code = np.concatenate([compressor.encode(_tensor(part)).numpy() for part in _parts(encoded.data)])
    folder.mkdir(exist_ok=True)
    _save(folder, compressor)
    coded = Encoded(code, encoded.conditions, encoded.known)
    data.keep(folder, coded, {"loss": loss, "seconds": seconds})
    return Coder(compressor, entry, coded, loss, seconds)


def _maker() -> tuple[CompressorMaker, str]:
    """The maker of compressors, and the family that brings it."""
    name, spec = next((name, spec) for name, spec in families().specs().items() if spec.compressor)
    return cast("type[CompressorMaker]", resolve(str(spec.compressor)))(), name


def _described(compressor: Compressor) -> str:
    layout = compressor.layout
    if layout.kind == "tokens":
        return f"{layout.length} tokens of {layout.vocabulary - 1} kinds"
    return f"{' x '.join(str(length) for length in layout.shape)} numbers"


def _some(items: NDArray[np.generic]) -> Tensor:
    """From all over the set, which may be in order."""
    return _tensor(items[:: math.ceil(len(items) / (6 * _at_once(items)))])


def _parts(items: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    step = _at_once(items)
    return [items[start : start + step] for start in range(0, len(items), step)]


def _at_once(items: NDArray[np.generic]) -> int:
    return min(256, max(16, AT_ONCE // math.prod(items.shape[1:])))


def _tensor(items: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.array(items, dtype=np.float32))  # a copy: items are mapped from disk


def _save(folder: Path, compressor: Compressor) -> None:
    with storage_errors(str(folder / WEIGHTS)):
        save_file({name: value.contiguous() for name, value in compressor.served_state().items()}, folder / WEIGHTS)


def _load(folder: Path, compressor: Compressor) -> None:
    compressor.load_state_dict(load_file(folder / WEIGHTS), strict=False)
