"""/v1/trainings: a model is trained on data that was sent, followed by events, stopped and gone on with."""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from castalia.server.desk import DeskDependency
from castalia.server.http.streaming import SSE_DONE, sse, with_errors
from castalia.server.schemas.trainings import TrainingBody
from castalia.serving.planning import plan_training
from castalia.serving.trainings import TrainingJob, Trainings, training_source

router = APIRouter(prefix="/v1/trainings", tags=["trainings"])

LOOKING = 0.5
"""Seconds between two looks at a training that is followed."""


@router.post("")
def create_training(body: TrainingBody, desk: DeskDependency) -> dict[str, object]:
    """Start to train; the answer comes at once. All problems of the data are told here, before any step."""
    source = training_source(desk.house, body.file)
    wishes = body.wishes()
    plan, notes = plan_training(desk.house, source, **wishes)  # pyright: ignore[reportArgumentType]
    return training_object(Trainings(desk.house).start(TrainingJob(plan=plan, source=body.file, notes=notes)))


@router.get("")
def list_trainings(desk: DeskDependency) -> dict[str, object]:
    """All trainings that were started over HTTP, the newest first."""
    return {"object": "list", "data": [training_object(job) for job in Trainings(desk.house).every()]}


@router.get("/{training_id}")
def get_training(training_id: str, desk: DeskDependency) -> dict[str, object]:
    """How a training stands."""
    return training_object(Trainings(desk.house).get(training_id))


@router.get("/{training_id}/events")
async def follow_training(training_id: str, desk: DeskDependency) -> StreamingResponse:
    """How a training stands, as server-sent events, each time that it has changed, until it has ended."""
    trainings = Trainings(desk.house)
    await run_in_threadpool(trainings.get, training_id)  # NotFound before the first byte
    return StreamingResponse(
        with_errors(_news(trainings, training_id)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


@router.get("/{training_id}/preview")
def get_preview(training_id: str, desk: DeskDependency) -> Response:
    """What the model draws so far, at fixed seeds: a picture, or a table as text."""
    trainings = Trainings(desk.house)
    data, media_type = trainings.preview(trainings.get(training_id))
    return Response(data, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


@router.post("/{training_id}/cancel")
def cancel_training(training_id: str, desk: DeskDependency) -> dict[str, object]:
    """Stop a training after a checkpoint."""
    return training_object(Trainings(desk.house).cancel(training_id))


@router.post("/{training_id}/resume")
def resume_training(training_id: str, desk: DeskDependency) -> dict[str, object]:
    """Go on with a training that was stopped or has failed."""
    return training_object(Trainings(desk.house).go_on(training_id))


def training_object(job: TrainingJob) -> dict[str, object]:
    """A training as JSON."""
    plan = job.plan
    return {
        "object": "training",
        "id": job.id,
        "created_at": int(job.created),
        "status": job.state,
        "message": job.message,
        "fraction": job.fraction,
        "values": job.values,
        "file": job.source,
        "notes": job.notes,
        "model": plan.name if job.state == "completed" else None,
        "figures": job.figures,
        "error": job.error,
        "plan": plan.model_dump(mode="json", exclude={"source", "assets", "start_from"}),
    }


async def _news(trainings: Trainings, id: str) -> AsyncGenerator[bytes]:
    last: dict[str, object] | None = None
    while True:
        job = await run_in_threadpool(trainings.get, id)
        now = training_object(job)
        if now != last:
            last = now
            yield sse(now)
        if job.ended:
            yield SSE_DONE
            return
        await asyncio.sleep(LOOKING)
