"""Long measuring that others start and follow: each run has a folder, where its file says how it stands.

A run works in a thread of this process, one at a time. What it found outlives the process; a run whose process died is
told as failed.
"""

import os
import threading
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from castalia.core.errors import CastaliaError, InternalError, Interrupted, NotFound
from castalia.core.events import Progress
from castalia.judging.evaluation.writing import REPORT
from castalia.store.locking import write_whole

RUN = "run.json"
State = Literal["queued", "in_progress", "completed", "failed", "canceled"]


class BackgroundRun(BaseModel):
    """How a run stands; ``process`` works on it, for the ``attempt``-th time."""

    id: str
    created: float = Field(default_factory=time.time)
    state: State = "queued"
    message: str = ""
    fraction: float | None = None
    error: dict[str, object] | None = None
    process: int = Field(default_factory=os.getpid)
    attempt: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in {"queued", "in_progress"}


Run = TypeVar("Run", bound=BackgroundRun)


class BackgroundRuns(Generic[Run]):
    """The runs of one kind, in the folders below ``folder``."""

    _turn = threading.Lock()
    """One run at a time, of whichever kind: they would slow each other down, and measure it."""
    _writing = threading.Lock()
    """Reading how a run stands and writing it anew is one act, so that no progress undoes a cancel."""

    def __init__(self, kind: type[Run], folder: Path) -> None:
        self.kind, self.folder = kind, folder

    def launch(self, run: Run, work: Callable[[], Generator[object]]) -> Run:
        """Start it in the background: ``work`` yields Progress, and leaves what it found in the run's folder."""
        self._keep(run)
        threading.Thread(target=self._work, args=(run, work), name=run.id, daemon=True).start()
        return run

    def every(self) -> list[Run]:
        """All of them, the newest first."""
        found = [self._read(path) for path in self.folder.glob(f"*/{RUN}")]
        return sorted(found, key=lambda run: run.created, reverse=True)

    def stop(self, run: Run) -> Run:
        """Cancel it at its next step; what has ended stays as it is. Returns how it stands then."""
        with self._writing:
            run = self._read(self.folder / run.id / RUN)
            if not run.ended:
                run.state = "canceled"
                self._keep(run)
        return run

    def report(self, run: Run) -> Path:
        """Its HTML report. Raises NotFound while there is none."""
        path = self.folder / run.id / REPORT
        if not path.is_file():
            raise NotFound(f"{run.id} has no report: it is {run.state}.", hint="Wait until it is completed.")
        return path

    def _work(self, run: Run, work: Callable[[], Generator[object]]) -> None:
        with suppress(Interrupted):  # canceled: its state says so
            try:
                with self._turn:
                    self._tell(run, state="in_progress")
                    with closing(work()) as events:
                        for event in events:
                            if isinstance(event, Progress):
                                self._tell(run, message=event.message, fraction=event.fraction)
                self._tell(run, state="completed", message="")
            except Interrupted:
                raise
            except CastaliaError as error:
                self._tell(run, state="failed", error=error.as_dict())
            except Exception as error:  # noqa: BLE001 - the thread's end: who follows the run is told
                traceback.print_exc()
                failure = InternalError(f"The run failed: {error!r}.", hint="The server's log holds the rest.")
                self._tell(run, state="failed", error=failure.as_dict())

    def _tell(self, run: Run, **news: object) -> None:
        """Write down how it stands. Raises Interrupted when it was canceled meanwhile, even if it was begun again."""
        with self._writing:
            kept = self._read(self.folder / run.id / RUN)
            if kept.state == "canceled" or kept.attempt != run.attempt:
                raise Interrupted("The run was canceled.")
            for name, value in news.items():
                setattr(run, name, value)
            self._keep(run)

    def _keep(self, run: Run) -> None:
        write_whole(self.folder / run.id / RUN, run.model_dump_json(indent=1).encode())

    def _read(self, path: Path) -> Run:
        try:
            run = self.kind.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise NotFound(f"{path} cannot be read.", hint="Delete its folder.") from None
        if not run.ended and run.process != os.getpid() and not _alive(run.process):
            lost = Interrupted("The server stopped while the run was at work.", hint="Start it again.")
            run.state, run.error = "failed", lost.as_dict()
        return run


def _alive(process: int) -> bool:
    """Whether a process of that number runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
