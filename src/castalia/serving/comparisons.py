"""Comparisons that others start and follow, on disk in ``<home>/comparisons``; they work one at a time, in threads."""

import os
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from castalia.core.errors import CastaliaError, Interrupted, NotFound
from castalia.core.requests import new_id
from castalia.judging.comparing.cells import Compared, Comparison
from castalia.judging.comparing.writing import DATA, REPORT
from castalia.serving.compare import FOLDER, MOST_REQUESTS, SAMPLES, chosen, compare
from castalia.serving.evals import alive
from castalia.serving.house import House
from castalia.serving.workload import workload_of
from castalia.store.locking import write_whole

RUN = "run.json"
REQUESTS = "requests.jsonl"

State = Literal["queued", "in_progress", "completed", "failed", "canceled"]


class ComparisonRun(BaseModel):
    """One comparison, and how it stands; ``process`` works on it."""

    id: str = Field(default_factory=lambda: new_id("c"))
    created: float = Field(default_factory=time.time)
    models: list[str]
    samples: int = SAMPLES
    seed: int = 0
    most: int = MOST_REQUESTS
    fresh: bool = False
    state: State = "queued"
    message: str = ""
    fraction: float | None = None
    error: dict[str, object] | None = None
    process: int = Field(default_factory=os.getpid)


class Comparisons:
    """The comparisons of a house."""

    _writing = threading.Lock()
    """Reading how a run stands and writing it anew is one act, so that no progress undoes a cancel."""
    _turn = threading.Lock()
    """One at a time: they would measure each other."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.folder = house.home / FOLDER

    def start(self, run: ComparisonRun, requests: str = "") -> ComparisonRun:
        """Start in the background; ``requests`` are JSON lines. Raises NotFound and BadRequest at once."""
        chosen(self.house, run.models)
        if requests:
            workload_of(requests, "the requests")
            write_whole(self.folder / run.id / REQUESTS, requests.encode())
        self._keep(run)
        threading.Thread(target=self._work, args=(run,), name=f"compare-{run.id}", daemon=True).start()
        return run

    def listed(self) -> list[ComparisonRun]:
        """All that were started here, the newest first."""
        found = [self._read(path) for path in self.folder.glob(f"*/{RUN}")]
        return sorted(found, key=lambda run: run.created, reverse=True)

    def get(self, id: str) -> ComparisonRun:
        """The one of that id. Raises NotFound."""
        for run in self.listed():
            if run.id == id:
                return run
        raise NotFound(f"There is no comparison {id!r}.", hint="GET /v1/comparisons lists them.")

    def cancel(self, id: str) -> ComparisonRun:
        """Stop it at its next step; what has ended stays as it is. Raises NotFound."""
        with self._writing:
            run = self.get(id)
            if run.state in {"queued", "in_progress"}:
                run.state = "canceled"
                self._keep(run)
        return run

    def found(self, run: ComparisonRun) -> Comparison | None:
        """What a completed comparison found."""
        path = self.folder / run.id / DATA
        return Comparison.model_validate_json(path.read_bytes()) if path.is_file() else None

    def report(self, run: ComparisonRun) -> Path:
        """Its HTML report. Raises NotFound while there is none."""
        path = self.folder / run.id / REPORT
        if not path.is_file():
            raise NotFound(f"{run.id} has no report: it is {run.state}.", hint="Wait until it is completed.")
        return path

    def _work(self, run: ComparisonRun) -> None:
        requests = self.folder / run.id / REQUESTS
        try:
            with self._turn:
                self._tell(run, state="in_progress")
                events = compare(
                    self.house,
                    run.models,
                    requests=requests if requests.is_file() else None,
                    samples=run.samples,
                    seed=run.seed,
                    most=run.most,
                    fresh=run.fresh,
                    run=run.id,
                    command="POST /v1/comparisons",
                )
                with closing(events):
                    for event in events:
                        if not isinstance(event, Compared):
                            self._tell(run, message=event.message, fraction=event.fraction)
            self._tell(run, state="completed", message="")
        except Interrupted:
            return  # canceled: its state says so
        except CastaliaError as error:
            with suppress(Interrupted):
                self._tell(run, state="failed", error=error.as_dict())

    def _tell(self, run: ComparisonRun, **news: object) -> None:
        """Write down how it stands. Raises Interrupted when it was canceled meanwhile."""
        with self._writing:
            if self._read(self.folder / run.id / RUN).state == "canceled":
                raise Interrupted("The comparison was canceled.")
            for name, value in news.items():
                setattr(run, name, value)
            self._keep(run)

    def _keep(self, run: ComparisonRun) -> None:
        write_whole(self.folder / run.id / RUN, run.model_dump_json(indent=1).encode())

    def _read(self, path: Path) -> ComparisonRun:
        try:
            run = ComparisonRun.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise NotFound(f"{path} cannot be read.", hint="Delete its folder.") from None
        if run.state in {"queued", "in_progress"} and run.process != os.getpid() and not alive(run.process):
            lost = Interrupted("The server stopped while the comparison was at work.", hint="Start it again.")
            run.state, run.error = "failed", lost.as_dict()
        return run
