"""Evaluations that others start and follow: what is to be measured, and its runs, on disk in ``<home>/evaluations``.

A run works in a thread of this process, one at a time, over `castalia.serving.evaluate`. What it found outlives the
process; a run whose process died is told as failed.
"""

import json
import os
import shutil
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from castalia.core.errors import CastaliaError, Conflict, Interrupted, NotFound
from castalia.core.requests import new_id
from castalia.judging.evaluation.figures import Evaluated, Evaluation
from castalia.judging.evaluation.writing import DATA, REPORT
from castalia.serving.evaluate import FOLDER, evaluate
from castalia.serving.house import House
from castalia.store.locking import write_whole

EVALS = "evals"
RUN = "run.json"
ITEMS = "items.jsonl"

State = Literal["queued", "in_progress", "completed", "failed", "canceled"]


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


class EvalRun(BaseModel):
    """One evaluation of one model; ``process`` works on it. ``items`` are questions given with the run."""

    id: str = Field(default_factory=lambda: new_id("evalrun"))
    eval: str
    created: float = Field(default_factory=time.time)
    name: str = ""
    model: str
    engine: str | None = None
    samples: int | None = None
    seed: int = 0
    metadata: dict[str, str] = Field(default_factory=dict)
    state: State = "queued"
    message: str = ""
    fraction: float | None = None
    error: dict[str, object] | None = None
    process: int = Field(default_factory=os.getpid)


class Evals:
    """The evaluations of a house."""

    _turn = threading.Lock()
    """One evaluation at a time: they would only slow each other down."""
    _writing = threading.Lock()
    """Reading how a run stands and writing it anew is one act, so that no progress undoes a cancel."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.folder = house.home / FOLDER

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
        if any(run.state in {"queued", "in_progress"} for run in runs):
            raise Conflict(f"A run of {id} is at work.", hint="Cancel it first.")
        for run in runs:
            shutil.rmtree(self.folder / run.id, ignore_errors=True)
        (self.folder / EVALS / f"{one.id}.json").unlink(missing_ok=True)

    def start(self, run: EvalRun, items: list[dict[str, object]] | None = None) -> EvalRun:
        """Start a run in the background. Raises NotFound for an eval or model that is not there."""
        self.get(run.eval)
        self.house.registry.get(run.model)
        if items is not None:
            lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
            write_whole(self.folder / run.id / ITEMS, lines.encode())
        self._keep(run)
        threading.Thread(target=self._work, args=(run,), name=f"eval-{run.id}", daemon=True).start()
        return run

    def runs(self, eval: str) -> list[EvalRun]:
        """All runs of an eval, the newest first. Raises NotFound."""
        self.get(eval)
        found = [self._read(path) for path in self.folder.glob(f"*/{RUN}")]
        return sorted((run for run in found if run.eval == eval), key=lambda run: run.created, reverse=True)

    def run(self, eval: str, id: str) -> EvalRun:
        """One run of an eval. Raises NotFound."""
        for run in self.runs(eval):
            if run.id == id:
                return run
        raise NotFound(f"The eval {eval} has no run {id!r}.", hint=f"GET /v1/evals/{eval}/runs lists them.")

    def cancel(self, eval: str, id: str) -> EvalRun:
        """Stop a run; what has ended stays as it is."""
        with self._writing:
            run = self.run(eval, id)
            if run.state in {"queued", "in_progress"}:
                run.state = "canceled"
                self._keep(run)
        return run

    def found(self, run: EvalRun) -> Evaluation | None:
        """What a completed run found."""
        path = self.folder / run.id / DATA
        return Evaluation.model_validate_json(path.read_bytes()) if path.is_file() else None

    def report(self, run: EvalRun) -> Path:
        """Its HTML report. Raises NotFound while there is none."""
        path = self.folder / run.id / REPORT
        if not path.is_file():
            raise NotFound(f"The run {run.id} has no report: it is {run.state}.", hint="Wait until it is completed.")
        return path

    def _work(self, run: EvalRun) -> None:
        items = self.folder / run.id / ITEMS
        try:
            with self._turn:
                self._tell(run, state="in_progress")
                events = evaluate(
                    self.house,
                    run.model,
                    data=items if items.is_file() else None,
                    samples=run.samples,
                    seed=run.seed,
                    engine=run.engine,
                    run=run.id,
                    command=f"POST /v1/evals/{run.eval}/runs",
                )
                with closing(events):
                    for event in events:
                        if not isinstance(event, Evaluated):
                            self._tell(run, message=event.message, fraction=event.fraction)
            self._tell(run, state="completed", message="")
        except Interrupted:
            return  # canceled: its state says so
        except CastaliaError as error:
            with suppress(Interrupted):
                self._tell(run, state="failed", error=error.as_dict())

    def _tell(self, run: EvalRun, **news: object) -> None:
        """Write down how it stands. Raises Interrupted when it was canceled meanwhile."""
        with self._writing:
            if self._read(self.folder / run.id / RUN).state == "canceled":
                raise Interrupted("The run was canceled.")
            for name, value in news.items():
                setattr(run, name, value)
            self._keep(run)

    def _keep(self, run: EvalRun) -> None:
        write_whole(self.folder / run.id / RUN, run.model_dump_json(indent=1).encode())

    def _read(self, path: Path) -> EvalRun:
        try:
            run = EvalRun.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise NotFound(f"{path} cannot be read.", hint="Delete its folder.") from None
        if run.state in {"queued", "in_progress"} and run.process != os.getpid() and not alive(run.process):
            lost = Interrupted("The server stopped while the run was at work.", hint="Start it again.")
            run.state, run.error = "failed", lost.as_dict()
        return run


def alive(process: int) -> bool:
    """Whether a process of that number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
