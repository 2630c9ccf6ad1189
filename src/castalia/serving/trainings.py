"""Trainings that others start and follow, in ``<home>/trainings``; a training's id is that of its run.

What a run is and how it works in the background: `castalia.serving.background`.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path, PurePath

from pydantic import Field

from castalia.core.errors import Conflict, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.requests import new_id
from castalia.serving.background import BackgroundRun, BackgroundRuns
from castalia.serving.house import House
from castalia.serving.train import resume, train
from castalia.serving.unpacking import unpack
from castalia.serving.uploads import upload_of
from castalia.store.locking import storage_errors, write_whole
from castalia.training.plan import TrainingPlan

FOLDER, DATA, PREVIEW = "trainings", "training-data", "preview"


class TrainingJob(BackgroundRun):
    """One training: its plan, what was told about data and choice, and its newest figures."""

    id: str = Field(default_factory=lambda: new_id("t"))
    plan: TrainingPlan
    source: str
    notes: list[str] = Field(default_factory=list[str])
    values: dict[str, float] = Field(default_factory=dict)
    preview_type: str | None = None
    figures: dict[str, float] = Field(default_factory=dict)


def training_source(house: House, id: str) -> Path:
    """What was sent to ``/v1/files`` as training data: a ZIP archive as its folder, another file under its own name.

    It stays when the file is deleted, so that a training can go on. Raises NotFound, UnsupportedInput.
    """
    sent = upload_of(house, id)
    folder = house.home / DATA / sent.id
    kept, suffix = house.home / sent.path, PurePath(sent.name).suffix.lower()
    if suffix == ".zip":
        folder.parent.mkdir(parents=True, exist_ok=True)
        return unpack(kept, folder, sent.name)
    target = folder / f"data{suffix}"
    if not target.is_file():
        with storage_errors(str(target)):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(target, kept.read_bytes())
    return target


class Trainings(BackgroundRuns[TrainingJob]):
    """The trainings of a house that were started here."""

    def __init__(self, house: House) -> None:
        super().__init__(TrainingJob, house.home / FOLDER)
        self.house = house

    def start(self, job: TrainingJob) -> TrainingJob:
        """Start it in the background."""
        return self.launch(job, lambda: self._worked(job, lambda: train(self.house, job.plan, job.id)))

    def go_on(self, id: str) -> TrainingJob:
        """Go on with a stopped or failed one from its last checkpoint. Raises NotFound, Conflict."""
        job = self.get(id)
        run = next((run for run in self.house.runs.list() if run.id == id), None)
        state = "completed" if run is not None and run.state == "done" else job.state
        if not job.ended or state == "completed":
            raise Conflict(f"{id} is {state}.", hint="Only what was stopped or has failed can go on.")
        again = TrainingJob.model_validate(job.model_dump(exclude={"state", "error", "process"}))
        again.attempt += 1
        if run is None:  # it was stopped before its turn came
            return self.start(again)
        return self.launch(again, lambda: self._worked(again, lambda: resume(self.house, id)))

    def get(self, id: str) -> TrainingJob:
        """The one of that id. Raises NotFound."""
        for job in self.every():
            if job.id == id:
                return job
        raise NotFound(f"There is no training {id!r}.", hint="GET /v1/trainings lists them.")

    def cancel(self, id: str) -> TrainingJob:
        """Stop it after a checkpoint; what has ended stays as it is. Raises NotFound."""
        return self.stop(self.get(id))

    def preview(self, job: TrainingJob) -> tuple[bytes, str]:
        """Its newest samples, and their media type. Raises NotFound while there are none."""
        path = self.folder / job.id / PREVIEW
        if job.preview_type is None or not path.is_file():
            raise NotFound(f"{job.id} has not drawn anything yet.", hint="Wait for an eighth of its budget.")
        return path.read_bytes(), job.preview_type

    def _worked(
        self, job: TrainingJob, events: Callable[[], Generator[Progress | ModelReady]]
    ) -> Generator[Progress | ModelReady]:
        with closing(events()) as told:
            for event in told:
                if isinstance(event, ModelReady):
                    job.figures = event.model.figures
                elif event.preview is not None:
                    write_whole(self.folder / job.id / PREVIEW, event.preview)
                    job.preview_type = event.preview_type
                if isinstance(event, Progress) and event.values:
                    job.values = event.values
                yield event
