"""Evaluations that others start and follow: what is to be measured, and its runs, on disk in ``<home>/evaluations``.

What a run is and how it works in the background: `castalia.serving.background`.
"""

import json
import shutil
import time

from pydantic import BaseModel, Field

from castalia.core.errors import Conflict, NotFound
from castalia.core.requests import new_id
from castalia.judging.evaluation.figures import Evaluation
from castalia.judging.evaluation.writing import DATA
from castalia.serving.background import BackgroundRun, BackgroundRuns
from castalia.serving.evaluate import FOLDER, evaluate
from castalia.serving.house import House
from castalia.store.locking import write_whole

EVALS = "evals"
ITEMS = "items.jsonl"


class Criterion(BaseModel):
    """A figure that has to reach ``threshold``, in the direction that is better for it."""

    figure: str
    threshold: float


class Eval(BaseModel):
    """What is to be measured: a name and the criteria."""

    id: str = Field(default_factory=lambda: new_id("eval"))
    created: float = Field(default_factory=time.time)
    name: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)
    criteria: list[Criterion] = Field(default_factory=list[Criterion])
    source: dict[str, object] = Field(default_factory=dict)


class EvalRun(BackgroundRun):
    """One evaluation of one model."""

    id: str = Field(default_factory=lambda: new_id("evalrun"))
    eval: str
    name: str = ""
    model: str
    engine: str | None = None
    samples: int | None = None
    seed: int = 0
    metadata: dict[str, str] = Field(default_factory=dict)


class Evals(BackgroundRuns[EvalRun]):
    """The evaluations of a house."""

    def __init__(self, house: House) -> None:
        super().__init__(EvalRun, house.home / FOLDER)
        self.house = house

    def create(self, one: Eval) -> Eval:
        """Keep it."""
        write_whole(self.folder / EVALS / f"{one.id}.json", one.model_dump_json(indent=1).encode())
        return one

    def listed(self) -> list[Eval]:
        """All of them, the newest first."""
        found = [Eval.model_validate_json(path.read_bytes()) for path in (self.folder / EVALS).glob("*.json")]
        return sorted(found, key=lambda one: one.created, reverse=True)

    def get(self, id: str) -> Eval:
        """The one of that id. Raises NotFound."""
        for one in self.listed():
            if one.id == id:
                return one
        raise NotFound(f"There is no eval {id!r}.", hint="GET /v1/evals lists them.")

    def delete(self, id: str) -> None:
        """Forget it with all its runs. Raises NotFound, Conflict while one is at work."""
        one = self.get(id)
        runs = self.runs(id)
        if any(not run.ended for run in runs):
            raise Conflict(f"A run of {id} is at work.", hint="Cancel it first.")
        for run in runs:
            shutil.rmtree(self.folder / run.id, ignore_errors=True)
        (self.folder / EVALS / f"{one.id}.json").unlink(missing_ok=True)

    def start(self, run: EvalRun, items: list[dict[str, object]] | None = None) -> EvalRun:
        """Start a run in the background; ``items`` are questions of its own. Raises NotFound for an eval or model that
        is not there."""
        self.get(run.eval)
        self.house.registry.get(run.model)
        given = self.folder / run.id / ITEMS
        if items is not None:
            lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
            write_whole(given, lines.encode())
        return self.launch(
            run,
            lambda: evaluate(
                self.house,
                run.model,
                data=None if items is None else given,
                samples=run.samples,
                seed=run.seed,
                engine=run.engine,
                run=run.id,
                command=f"POST /v1/evals/{run.eval}/runs",
                aside=items is not None,
            ),
        )

    def runs(self, eval: str) -> list[EvalRun]:
        """All runs of an eval, the newest first. Raises NotFound."""
        self.get(eval)
        return [run for run in self.every() if run.eval == eval]

    def run(self, eval: str, id: str) -> EvalRun:
        """One run of an eval. Raises NotFound."""
        for run in self.runs(eval):
            if run.id == id:
                return run
        raise NotFound(f"The eval {eval} has no run {id!r}.", hint=f"GET /v1/evals/{eval}/runs lists them.")

    def cancel(self, eval: str, id: str) -> EvalRun:
        """Stop a run at its next step; what has ended stays as it is. Raises NotFound."""
        return self.stop(self.run(eval, id))

    def found(self, run: EvalRun) -> Evaluation | None:
        """What a completed run found."""
        path = self.folder / run.id / DATA
        return Evaluation.model_validate_json(path.read_bytes()) if path.is_file() else None
