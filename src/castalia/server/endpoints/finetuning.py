"""/v1/fine_tuning/jobs: a language model learns from examples, in the shape of OpenAI's API."""

import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from castalia.server.desk import DeskDependency
from castalia.server.schemas.finetuning import FineTuningBody
from castalia.serving.finetune import plan_finetuning
from castalia.serving.finetuning_jobs import FineTuningJob, FineTuningJobs, JobEvent, training_file

router = APIRouter(prefix="/v1/fine_tuning/jobs", tags=["fine-tuning"])

STATUS = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}
Limit = Annotated[int, Query(ge=1, le=100)]
Listed = TypeVar("Listed", FineTuningJob, JobEvent)


@router.post("")
def create_fine_tuning_job(body: FineTuningBody, desk: DeskDependency) -> dict[str, object]:
    """Start to fine-tune; the answer comes at once. What is wrong with the examples is told by the job."""
    path = training_file(desk.house, body.training_file)
    name = body.castalia.name
    if name is None and body.suffix is not None:
        word = re.sub(r"[^a-z0-9]+", "-", body.suffix.lower()).strip("-")
        name = f"{desk.house.registry.get(body.model).name}-{word or 'tuned'}"
    plan, notes = plan_finetuning(desk.house, body.model, path, name=name, **body.wishes())
    jobs = FineTuningJobs(desk.house)
    job = FineTuningJob(plan=plan, training_file=body.training_file, metadata=body.metadata or {})
    for note in notes:
        jobs.tell(job.id, JobEvent(level="warn", message=note))
    return job_object(jobs.start(job), jobs)


@router.get("")
def list_fine_tuning_jobs(desk: DeskDependency, after: str | None = None, limit: Limit = 20) -> dict[str, object]:
    """All jobs, the newest first."""
    jobs = FineTuningJobs(desk.house)
    page, more = _page(jobs.every(), after, limit)
    data = [job_object(job, jobs) for job in page]
    return {"object": "list", "data": data, "has_more": more}


@router.get("/{job_id}")
def get_fine_tuning_job(job_id: str, desk: DeskDependency) -> dict[str, object]:
    """How a job stands."""
    jobs = FineTuningJobs(desk.house)
    return job_object(jobs.get(job_id), jobs)


@router.post("/{job_id}/cancel")
def cancel_fine_tuning_job(job_id: str, desk: DeskDependency) -> dict[str, object]:
    """Stop a job; ``castalia finetune --resume`` can go on with it."""
    jobs = FineTuningJobs(desk.house)
    return job_object(jobs.cancel(job_id), jobs)


@router.get("/{job_id}/events")
def list_fine_tuning_events(
    job_id: str, desk: DeskDependency, after: str | None = None, limit: Limit = 20
) -> dict[str, object]:
    """What a job told, the newest first."""
    page, more = _page(FineTuningJobs(desk.house).events(job_id), after, limit)
    return {"object": "list", "data": [event_object(event) for event in page], "has_more": more}


def job_object(job: FineTuningJob, jobs: FineTuningJobs) -> dict[str, object]:
    """A job in OpenAI's shape; what it has no place for stands under ``castalia``."""
    done = job.state == "completed"
    error = job.error or {}
    figures = jobs.events(job.id)[0].values if done else {}
    hyperparameters = {"n_epochs": int(job.plan.epochs), "batch_size": "auto", "learning_rate_multiplier": "auto"}
    return {
        "object": "fine_tuning.job",
        "id": job.id,
        "created_at": int(job.created),
        "finished_at": int(jobs.events(job.id)[0].created) if job.ended else None,
        "model": job.plan.base,
        "fine_tuned_model": job.plan.name if done else None,
        "organization_id": "castalia",
        "status": STATUS[job.state],
        "error": {"code": str(error.get("code")), "message": str(error.get("message")), "param": None}
        if error
        else None,
        "hyperparameters": hyperparameters,
        "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        "training_file": job.training_file,
        "validation_file": None,
        "result_files": [],
        "integrations": [],
        "seed": job.plan.seed,
        "trained_tokens": int(figures["trained_tokens"]) if done else None,
        "estimated_finish": None,
        "metadata": job.metadata,
        "castalia": {
            "message": job.message,
            "fraction": job.fraction,
            "figures": figures,
            "problems": _problems(error),
        },
    }


def event_object(event: JobEvent) -> dict[str, object]:
    """An event in OpenAI's shape."""
    return {
        "object": "fine_tuning.job.event",
        "id": event.id,
        "created_at": int(event.created),
        "level": event.level,
        "message": event.message,
        "type": "metrics" if event.values else "message",
        "data": event.values,
    }


def _problems(error: dict[str, object]) -> object:
    details = error.get("details")
    return details.get("problems", []) if isinstance(details, dict) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _page(entries: Sequence[Listed], after: str | None, limit: int) -> tuple[Sequence[Listed], bool]:
    start = next((place + 1 for place, entry in enumerate(entries) if entry.id == after), 0)
    return entries[start : start + limit], len(entries) > start + limit
