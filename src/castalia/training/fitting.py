"""In place of the loop, for families that learn all items in one go.

There is nothing to checkpoint: a fit takes seconds, and resuming a run fits again, to the same end.
"""

import threading
from collections.abc import Callable

import numpy as np
import torch

from castalia.core.events import Progress
from castalia.families.contract import Learner
from castalia.training.budget import Clock
from castalia.training.data import Dataset
from castalia.training.execution import Execution
from castalia.training.trainer import Place


class _StopWished(Exception):
    """Raised out of a fit when the run shall stop."""


class Fitting:
    """Fits one learner to one dataset; has the results of a `castalia.training.trainer.Trainer`."""

    def __init__(
        self,
        learner: Learner,
        dataset: Dataset,
        execution: Execution,
        emit: Callable[[Progress], None],
        stop: threading.Event,
        preview: Callable[[Learner], tuple[bytes, str]],
    ) -> None:
        self.learner, self.dataset, self.execution = learner, dataset, Execution(threads=execution.threads)
        self.emit, self.stop, self.preview = emit, stop, preview
        self.place = Place(step=1)
        self.entries: dict[str, object] = {}

    def run(self) -> bool:
        """Fit, judge and show. Returns False when it was stopped before."""
        torch.set_num_threads(self.execution.threads)
        clock = Clock(self.execution.threads)
        try:
            self.entries = self.learner.fit(self.dataset.read(np.asarray(self.dataset.training)), self._tell)
        except _StopWished:
            return False
        self.learner.eval()
        self.place.loss = self.place.best_loss = self._held_out_loss()
        self.place.seconds, self.place.position.epoch = clock.seconds, 1
        shown, kind = self.preview(self.learner)
        values = {} if self.place.loss is None else {"held_out": self.place.loss}
        self.emit(Progress(message="fitted", fraction=1.0, values=values, preview=shown, preview_type=kind))
        return True

    def _tell(self, fraction: float) -> None:
        if self.stop.is_set():
            raise _StopWished
        self.emit(Progress(message="fitting", fraction=fraction))

    def _held_out_loss(self) -> float | None:
        generator = torch.Generator().manual_seed(0)
        total, count = 0.0, 0
        for batch in self.dataset.held_out_batches():
            loss = self.learner.held_out_loss(batch, generator)
            if loss is None:
                return None
            total, count = total + loss * len(batch.data), count + len(batch.data)
        return total / count
