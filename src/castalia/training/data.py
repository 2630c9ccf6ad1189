"""A training set on disk: encoded once, split by a fixed seed, read in an order that depends on seed and epoch only."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from castalia.core.contracts import Encoded
from castalia.core.errors import DatasetError
from castalia.core.splitting import held_out_items, held_out_windows
from castalia.families.contract import Batch
from castalia.store.locking import storage_errors

FOLDER = "data"
FEWEST = 8
"""With fewer items there is nothing to hold out and nothing to learn."""


def keep(run_folder: Path, encoded: Encoded, facts: dict[str, object]) -> None:
    """Write the arrays and the JSON ``facts`` into the run folder, whole or not at all. Raises StorageError."""
    staged = run_folder / f"{FOLDER}.partial"
    with storage_errors(str(staged)):
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        np.save(staged / "data.npy", encoded.data)
        if encoded.conditions is not None and encoded.known is not None:
            np.save(staged / "conditions.npy", encoded.conditions)
            np.save(staged / "known.npy", encoded.known)
        (staged / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        staged.rename(run_folder / FOLDER)


def kept(run_folder: Path) -> tuple[Encoded, dict[str, object]] | None:
    """The arrays (mapped from disk) and facts of a run that has them."""
    folder = run_folder / FOLDER
    if not folder.is_dir():
        return None
    conditional = (folder / "conditions.npy").exists()
    encoded = Encoded(
        data=np.load(folder / "data.npy", mmap_mode="r"),
        conditions=np.load(folder / "conditions.npy", mmap_mode="r") if conditional else None,
        known=np.load(folder / "known.npy", mmap_mode="r") if conditional else None,
    )
    return encoded, json.loads((folder / "facts.json").read_text(encoding="utf-8"))


@dataclass
class Position:
    """A place in the endless stream of batches: so many batches of this epoch are behind."""

    epoch: int = 0
    batch: int = 0


class Dataset:
    """The arrays of one run, split into training and held-out items.

    ``held_out`` and ``training`` are the places of items; of a stream the places where windows of ``window`` entries
    begin, side by side. Its held-out windows are its end, and training windows begin anywhere before it.
    """

    def __init__(self, encoded: Encoded, seed: int, batch: int, window: int | None = None) -> None:
        count = len(encoded.data) if window is None else len(encoded.data) // window
        if count < FEWEST:
            unit = "items" if window is None else f"windows of {window}"
            raise DatasetError(
                f"The training set has {count} {unit}; at least {FEWEST} are needed.", hint="Add more data."
            )
        self.encoded, self.seed, self.window = encoded, seed, window
        self.held_out, self.training = (
            held_out_items(count, seed) if window is None else held_out_windows(len(encoded.data), window)
        )
        self.batch = min(batch, len(self.training))

    def batches(self, position: Position) -> Iterator[Batch]:
        """Training batches from ``position`` on, without end; moves it on before each. Rests of epochs are dropped."""
        per_epoch = len(self.training) // self.batch
        while True:
            order = self._order(position.epoch)
            while position.batch < per_epoch:
                start = position.batch * self.batch
                position.batch += 1
                yield self.read(order[start : start + self.batch])
            position.epoch, position.batch = position.epoch + 1, 0

    def held_out_batches(self, size: int = 256) -> Iterator[Batch]:
        """All held-out items in fixed order."""
        for start in range(0, len(self.held_out), size):
            yield self.read(self.held_out[start : start + size])

    def items(self, places: NDArray[np.intp]) -> NDArray[np.generic]:
        """The items at those places (n, *shape)."""
        return self.encoded.data[places if self.window is None else places[:, None] + np.arange(self.window)]

    def _order(self, epoch: int) -> NDArray[np.intp]:
        """The places of an epoch's items; of a stream as many as there are side by side, each begun anywhere."""
        draw = np.random.default_rng([self.seed, 1, epoch])
        if self.window is None:
            return draw.permutation(self.training)
        return draw.integers(0, self.held_out[0] - self.window + 1, len(self.training))

    def read(self, places: NDArray[np.intp]) -> Batch:
        """The items at those places as tensors: float32, or int64 for tokens."""
        data = self.items(places)
        wanted = np.int64 if np.issubdtype(data.dtype, np.integer) else np.float32
        conditions, known = self.encoded.conditions, self.encoded.known
        return Batch(
            torch.from_numpy(np.ascontiguousarray(data, dtype=wanted)),
            None if conditions is None else torch.from_numpy(np.asarray(conditions[places], dtype=np.float32)),
            None if known is None else torch.from_numpy(np.asarray(known[places], dtype=np.bool_)),
        )
