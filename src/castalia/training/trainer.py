"""The training loop, the same for every family and modality."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from castalia.core.errors import EngineError
from castalia.core.events import Progress
from castalia.families.contract import Diverged, Step, Trainable
from castalia.training import checkpoint
from castalia.training.averaging import Average
from castalia.training.budget import Budget, Clock, rate_at
from castalia.training.data import Dataset, Position
from castalia.training.execution import Execution

PROGRESS_SECONDS = 0.5
EVALUATIONS = 25
PREVIEWS = 8
EVALUATION_SHARE = 0.1
"""With a time budget, looking at held-out items takes at most this share of it."""
PATIENCE = 0.35
"""Stop when the held-out loss has not improved for this share of the budget, ..."""
EARLIEST = 0.4
"""... but not before this share is behind: the rate has to fall first."""
MOST_RECOVERIES = 8

Preview = Callable[[Trainable], tuple[bytes, str]]
"""Encoded bytes and media type of a sheet of fixed-seed samples."""


@dataclass
class Place:
    """Where a training stands, apart from its tensors; all of it goes into the checkpoint."""

    step: int = 0
    seconds: float = 0.0
    position: Position = field(default_factory=Position)
    evaluations: int = 0
    evaluation_seconds: float = 0.0
    previews: int = 0
    least_loss: float | None = None
    best_loss: float | None = None
    """The held-out loss of the weights that are kept; `Trainable.slack` says how far above the least it may be."""
    best_fraction: float = 0.0
    best_is_average: bool = False
    rate_scale: float = 1.0
    recoveries: int = 0
    loss: float | None = None
    stopped_early: bool = False
    history: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


class Trainer:
    """Runs one learner over one dataset until the budget is used, resuming from the run folder's checkpoint."""

    def __init__(
        self,
        run_folder: Path,
        learner: Trainable,
        dataset: Dataset,
        budget: Budget,
        execution: Execution,
        emit: Callable[[Progress], None],
        stop: threading.Event,
        preview: Preview,
        checkpoint_seconds: float = 60.0,
        *,
        goes_on: bool = False,
    ) -> None:
        """``goes_on``: the weights were learnt before, so that those of the start may prove the best."""
        self.run_folder, self.dataset, self.budget, self.execution = run_folder, dataset, budget, execution
        self.emit, self.stop, self.preview = emit, stop, preview
        self.checkpoint_seconds = checkpoint_seconds
        self.goes_on = goes_on
        self.learner = execution.apply(learner)
        self.learner.prepare()
        self.average = Average(self.learner)
        self.best: dict[str, Tensor] = {}
        self.place = Place()
        self.clock = Clock(execution.threads)
        self._wall = time.monotonic()
        self._told = 0.0
        self._last: dict[str, float] = {}
        self._started_at = 0.0

    def run(self) -> bool:
        """Train to the end. Returns False when it was stopped before (the checkpoint is written then).

        Raises EngineError when the loss keeps diverging, StorageError when a checkpoint cannot be written.
        """
        state = checkpoint.read(self.run_folder)
        if state is None:
            if self.goes_on:
                self._evaluate()
            self._save()
        else:
            self._load(state)
        saved = time.monotonic()
        while not self._finished():
            if self.stop.is_set():
                self._save()
                return False
            try:
                self._train_until(saved + self.checkpoint_seconds)
            except Diverged as error:
                self._recover(str(error))
            else:
                self._save()
            saved = time.monotonic()
        self._report(self._last, with_preview=True)
        return True

    def finish(self) -> None:
        """Put the weights that did best on held-out items (or the averaged ones) into the learner, for serving."""
        values = self.best or self.average.values
        with torch.no_grad():
            state = self.learner.state_dict()
            for name, value in values.items():
                state[name].copy_(value)
        self.learner.eval()

    @property
    def fraction(self) -> float:
        """The share of the budget that is behind."""
        return self.budget.fraction(self.place.step, self.place.seconds)

    def _finished(self) -> bool:
        return self.place.stopped_early or self.fraction >= 1.0

    def _train_until(self, deadline: float) -> None:
        """Steps until the wall clock's ``deadline``, the end of the budget, or a wish to stop."""
        place = self.place
        self.learner.train()
        for batch in self.dataset.batches(place.position):
            fraction = self.fraction
            rate = place.rate_scale * rate_at(place.step, fraction)
            step = Step(place.step, fraction, rate, self.execution.autocast)
            self._last = self.learner.training_step(self.execution.batch(batch), step)
            self.average.update(place.step)
            smooth, loss = min(0.98, place.step / (place.step + 1)), self._last["loss"]
            place.loss = loss if place.loss is None else smooth * place.loss + (1 - smooth) * loss
            place.step += 1
            place.seconds = self.clock.seconds
            self._look()
            if self._finished() or self.stop.is_set() or time.monotonic() >= deadline:
                return

    def _look(self) -> None:
        """Evaluate, preview and report when it is time to; `run` reports the end itself."""
        place, fraction = self.place, self.fraction
        if fraction >= 1.0 or (fraction * EVALUATIONS >= place.evaluations + 1 and self._may_evaluate()):
            self._evaluate()
            place.evaluations = max(place.evaluations + 1, int(fraction * EVALUATIONS))
            place.stopped_early = fraction > EARLIEST and fraction - place.best_fraction > PATIENCE
        if self._finished():
            return
        if fraction * PREVIEWS >= place.previews + 1:
            place.previews = int(fraction * PREVIEWS)
            self._report(self._last, with_preview=True)
        elif time.monotonic() - self._told > PROGRESS_SECONDS:
            self._report(self._last)

    def _may_evaluate(self) -> bool:
        timed = self.budget.seconds is not None
        return not timed or self.place.evaluation_seconds <= EVALUATION_SHARE * self.place.seconds

    def _evaluate(self) -> None:
        """Judge raw and averaged weights on the held-out items; keep the better of them when it is good enough."""
        place, start = self.place, self.clock.seconds
        self.learner.eval()
        raw, averaged = self._held_out_loss(), None
        if self.average.values:
            with self.average.in_place():
                averaged = self._held_out_loss()
                if averaged is not None and (raw is None or averaged <= raw):
                    self._keep_if_good(averaged, averaged=True)
        if raw is None or averaged is None or raw < averaged:
            self._keep_if_good(raw, averaged=False)
        self.learner.train()
        entry: dict[str, float] = {"step": place.step, "seconds": round(place.seconds, 3), "loss": place.loss or 0.0}
        named = {"held_out": raw, "held_out_average": averaged}
        place.history.append(entry | {name: value for name, value in named.items() if value is not None})
        place.seconds = self.clock.seconds
        place.evaluation_seconds += place.seconds - start

    def _held_out_loss(self) -> float | None:
        """The mean loss over at most eight batches of held-out items, with the same noise each time."""
        generator = torch.Generator().manual_seed(0)
        total, count = 0.0, 0
        for batch in self.dataset.held_out_batches(self.dataset.batch):
            loss = self.learner.held_out_loss(self.execution.batch(batch), generator)
            if loss is None:
                return None
            total, count = total + loss * len(batch.data), count + len(batch.data)
            if count >= 8 * self.dataset.batch:
                break
        return total / count

    def _keep_if_good(self, loss: float | None, *, averaged: bool) -> None:
        place, slack = self.place, self.learner.slack
        if loss is None:
            place.best_fraction = self.fraction
            return
        if place.least_loss is not None and loss >= place.least_loss + slack * abs(place.least_loss):
            return
        place.least_loss = loss if place.least_loss is None else min(loss, place.least_loss)
        place.best_loss, place.best_fraction, place.best_is_average = loss, self.fraction, averaged
        self.best = {name: value.detach().clone() for name, value in self.learner.served_state().items()}

    def _report(self, values: dict[str, float], *, with_preview: bool = False) -> None:
        place, fraction = self.place, 1.0 if self._finished() else self.fraction
        self._told = time.monotonic()
        event = Progress(
            message=f"step {place.step}",
            fraction=fraction,
            eta=(self._told - self._wall) * (1.0 - fraction) / max(fraction - self._started_at, 1e-6),
            values=values | {"loss": place.loss or 0.0, "epoch": float(place.position.epoch)},
        )
        if place.best_loss is not None:
            event.values["held_out"] = place.best_loss
        if with_preview:
            with self.clock, self.average.in_place():
                self.learner.eval()
                event.preview, event.preview_type = self.preview(self.learner)
                self.learner.train()
        self.emit(event)

    def _recover(self, why: str) -> None:
        """Back to the last checkpoint, at half the rate."""
        recoveries, scale = self.place.recoveries + 1, self.place.rate_scale / 2
        if recoveries > MOST_RECOVERIES:
            raise EngineError(
                f"The training keeps diverging: {why}.",
                hint="Lower the family's rate, for example --option rate=0.0003.",
            )
        self._load(cast("checkpoint.State", checkpoint.read(self.run_folder)))
        self.place.recoveries, self.place.rate_scale = recoveries, scale
        self._save()
        self.emit(Progress(message=f"{why}: back to step {self.place.step} at a lower rate", fraction=self.fraction))

    def _save(self) -> None:
        with self.clock:
            checkpoint.write(
                self.run_folder,
                {
                    "place": asdict(self.place),
                    "execution": self.execution.as_dict(),
                    "learner": self.learner.state_dict(),
                    "average": self.average.values,
                    "best": self.best,
                    "optimisers": {name: one.state_dict() for name, one in self.learner.optimisers.items()},
                    "random": checkpoint.random_state(),
                },
            )

    def _load(self, state: checkpoint.State) -> None:
        place = dict(cast("dict[str, object]", state["place"]))
        place["position"] = Position(**cast("dict[str, int]", place["position"]))
        self.place = Place(**place)  # pyright: ignore[reportArgumentType]
        self.learner.load_state_dict(cast("dict[str, Tensor]", state["learner"]))
        for name, value in cast("dict[str, Tensor]", state["average"]).items():
            self.average.values[name].copy_(value)
        device = torch.device(self.execution.device)
        self.best = {name: value.to(device) for name, value in cast("dict[str, Tensor]", state["best"]).items()}
        for name, one in cast("dict[str, checkpoint.State]", state["optimisers"]).items():
            checkpoint.restore_optimiser(self.learner.optimisers[name], one)
        checkpoint.restore_random_state(cast("checkpoint.State", state["random"]))
        self.clock = Clock(self.execution.threads, self.place.seconds)
        self._wall, self._started_at = time.monotonic(), self.fraction
