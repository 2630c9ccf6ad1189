"""What benchmarks of learning share: a training by the product's own loop, with its processor seconds; the results."""

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from castalia.core.contracts import Encoded
from castalia.core.plugins import families, resolve
from castalia.core.representation import Tokens
from castalia.families.contract import Learner
from castalia.families.loading import family_of
from castalia.training.budget import Budget
from castalia.training.data import Dataset
from castalia.training.execution import fixed
from castalia.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("CASTALIA_SHARED", ROOT.parent / "shared")) / "data"
RESULTS = ROOT / "benchmarks" / "results"
SLACK = 0.97
"""Share of the processor seconds that the trainer's clock gets: checkpoints and start-up count too."""


@dataclass
class Trained:
    """A learner after its training: its processor seconds, all of the process in between, and how it went."""

    learner: Learner
    cpu_seconds: float
    parameters: int
    steps: int
    config: dict[str, object]


def train(
    family: str,
    layout: Tokens,
    encoded: Encoded,
    *,
    seconds: float,
    size: str,
    seed: int,
    options: dict[str, object],
    split: Callable[[Dataset], None] | None = None,
) -> Trained:
    """Learn for so many processor seconds on one thread, as `castalia train` does it, without samples and card."""
    start = time.process_time()
    chosen = resolve(families().spec(family).options).model_validate(options)  # type: ignore[attr-defined]
    made = family_of(family)
    torch.manual_seed(seed)
    config = made.derive(layout, None, size, chosen, encoded.data)
    dataset = Dataset(encoded, seed, config["batch"], layout.length if layout.stream else None)
    if split is not None:
        split(dataset)
    learner = made.build(layout, None, config)
    useful = int(config["epochs"] * (len(dataset.training) // dataset.batch))
    budget = Budget(seconds=SLACK * seconds, steps=None, useful_steps=useful)
    with tempfile.TemporaryDirectory() as folder:
        nothing: Callable[[Learner], tuple[bytes, str]] = lambda _: (b"", "text/plain")  # noqa: E731
        trainer = Trainer(
            Path(folder), learner, dataset, budget, fixed(1), _tell(family), threading.Event(), nothing, 120.0
        )
        trainer.run()
        trainer.finish()
    parameters = sum(one.numel() for one in learner.parameters())
    used = time.process_time() - start
    return Trained(trainer.learner, round(used, 1), parameters, trainer.place.step, config)


def _tell(family: str) -> Callable[[object], None]:
    """Progress on standard error, a line each tenth of the budget."""
    told = [-1]

    def tell(event: object) -> None:
        tenth = int(10 * (getattr(event, "fraction", None) or 0.0))
        if tenth > told[0]:
            told[0] = tenth
            values = ", ".join(f"{name} {value:.4g}" for name, value in getattr(event, "values", {}).items())
            print(f"{family} {10 * tenth:3} %  {getattr(event, 'message', '')}  {values}", file=sys.stderr, flush=True)

    return tell


def data_file(name: str) -> Path | None:
    """A file of the shared data; None, with a line that says so, when it is absent."""
    path = SHARED / name
    if path.is_file():
        return path
    print(f"skipped: {path} is not there; CASTALIA_SHARED names its folder.", file=sys.stderr)
    return None


def keep(name: str, rows: list[dict[str, object]], facts: dict[str, object]) -> None:
    """Write all rows to ``results/NAME.json``, beside those of former runs of other systems and seeds."""
    path = RESULTS / f"{name}.json"
    former = json.loads(path.read_text())["rows"] if path.is_file() else []
    keys = {(row["system"], row["seed"]) for row in rows}
    stamp = {"command": " ".join(["python", *sys.argv]), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    whole = [row for row in former if (row["system"], row["seed"]) not in keys] + [row | stamp for row in rows]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts | {"rows": sorted(whole, key=lambda one: str(one["system"]))}, indent=1) + "\n")


def table(rows: list[dict[str, object]], columns: list[str]) -> str:
    """Medians over seeds by system."""
    lines = [" | ".join(["system", "seeds", *columns])]
    for system in dict.fromkeys(str(row["system"]) for row in rows):
        mine = [row for row in rows if row["system"] == system]
        values = [statistics.median(float(str(row[name])) for row in mine if name in row) for name in columns]
        lines.append(" | ".join([system, str(len(mine)), *(f"{value:.4g}" for value in values)]))
    return "\n".join(lines)


def load_average() -> float:
    """How busy the machine is."""
    return round(os.getloadavg()[0], 1)


def as_batches(array: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in pieces of ``size``."""
    return [array[start : start + size] for start in range(0, len(array), size)]
