"""Fine-tunings that others start and follow, in ``<home>/finetuning``: OpenAI's fine-tuning jobs.

What a run is and how it works in the background: `castalia.serving.background`.
"""

import re
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path, PurePath

from pydantic import BaseModel, Field

from castalia.core.errors import BadRequest, CastaliaError, NotFound
from castalia.core.events import ModelReady
from castalia.core.requests import new_id
from castalia.serving.background import BackgroundRun, BackgroundRuns
from castalia.serving.finetune import finetune
from castalia.serving.house import House
from castalia.serving.uploads import Upload, upload_of
from castalia.store.locking import storage_errors, write_whole
from castalia.training.finetuning.plan import FinetunePlan

FOLDER, EVENTS, FILES = "finetuning", "job-events.jsonl", "finetuning-files"
METRICS_SECONDS = 10.0
"""Seconds between two events with figures."""
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


class JobEvent(BaseModel):
    """One line of what a job tells."""

    id: str = Field(default_factory=lambda: new_id("ftevent"))
    created: float = Field(default_factory=time.time)
    level: str = "info"
    message: str
    values: dict[str, float] = Field(default_factory=dict)


class FineTuningJob(BackgroundRun):
    """One fine-tuning of one model."""

    id: str = Field(default_factory=lambda: new_id("ftjob"))
    plan: FinetunePlan
    training_file: str
    metadata: dict[str, str] = Field(default_factory=dict)


def training_file(house: House, reference: str) -> Path:
    """The file of examples that an API's ``training_file`` means: one that was sent to ``/v1/files``, by its id, or one
    that whoever runs the server has put into ``<home>/finetuning-files``, by its name. Raises BadRequest, NotFound.
    """
    if reference.startswith("file-"):
        return _copied(house, upload_of(house, reference))
    if not FILE_NAME.fullmatch(reference):
        raise BadRequest(f"{reference!r} is no name of a file.", hint="Give its name alone, without folders.")
    path = house.home / FILES / reference
    if not path.is_file():
        raise NotFound(f"There is no file of examples {reference!r}.", hint=f"Put it into {FILES}/ of the home folder.")
    return path


def _copied(house: House, sent: Upload) -> Path:
    """A copy under a name that tells the format: a job can go on when the file is deleted."""
    target = house.home / FILES / f"{sent.id}{PurePath(sent.name).suffix.lower()}"
    if not target.is_file():
        with storage_errors(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, (house.home / sent.path).read_bytes())
    return target


class FineTuningJobs(BackgroundRuns[FineTuningJob]):
    """The jobs of a house."""

    def __init__(self, house: House) -> None:
        super().__init__(FineTuningJob, house.home / FOLDER)
        self.house = house

    def start(self, job: FineTuningJob) -> FineTuningJob:
        """Start it in the background."""
        self.tell(job.id, JobEvent(message=f"fine-tuning {job.plan.base} as {job.plan.name}"))
        return self.launch(job, lambda: self._worked(job))

    def get(self, id: str) -> FineTuningJob:
        """The job of that id. Raises NotFound."""
        for job in self.every():
            if job.id == id:
                return job
        raise NotFound(f"There is no fine-tuning job {id!r}.", hint="GET /v1/fine_tuning/jobs lists them.")

    def cancel(self, id: str) -> FineTuningJob:
        """Stop a job after a checkpoint; what has ended stays as it is. Raises NotFound."""
        job = self.get(id)
        stopped = self.stop(job)
        if not job.ended:
            self.tell(id, JobEvent(level="warn", message=f"cancelled; castalia finetune --resume {id} goes on"))
        return stopped

    def events(self, id: str) -> list[JobEvent]:
        """What a job told, the newest first. Raises NotFound."""
        path = self.folder / self.get(id).id / EVENTS
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [JobEvent.model_validate_json(line) for line in reversed(lines)]

    def tell(self, id: str, event: JobEvent) -> None:
        """Add a line to what a job told."""
        path = self.folder / id / EVENTS
        with storage_errors(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(event.model_dump_json() + "\n")

    def _worked(self, job: FineTuningJob) -> Generator[object]:
        told = 0.0
        try:
            with closing(finetune(self.house, job.plan, job.id)) as events:
                for event in events:
                    if isinstance(event, ModelReady):
                        self.tell(job.id, JobEvent(message=f"{event.model.name} is ready", values=event.model.figures))
                    elif not event.values or time.time() - told > METRICS_SECONDS:
                        told = time.time() if event.values else told
                        self.tell(job.id, JobEvent(message=event.message, values=event.values))
                    yield event
        except CastaliaError as error:
            self.tell(job.id, JobEvent(level="error", message=error.message))
            raise
