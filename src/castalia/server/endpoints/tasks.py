"""/v1/tasks: the language tasks, and doing one."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from castalia.core.events import Chosen, Completed, Progress, TextDelta
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.language.catalogue import task_named
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.streaming import SSE_DONE, bridged, completed, sse, started, with_errors
from castalia.server.schemas.tasks import TaskBody
from castalia.serving.summary import check_released
from castalia.serving.tasks import all_tasks, as_data, carry_out, task_object

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.get("")
def list_tasks() -> dict[str, object]:
    """Every task with its options and output as JSON schemas."""
    return {"object": "list", "data": all_tasks()}


@router.get("/{name}")
def get_task(name: str) -> dict[str, object]:
    """One task."""
    return task_object(task_named(name))


@router.post("/{name}", response_model=None)
async def do_task(name: str, body: TaskBody, http: HttpRequest, desk: DeskDependency) -> Response:
    """Do a task; with ``stream`` as events. What its verdict withholds is an error."""
    request = body.request(name)
    if body.stream:
        events = await started(_events(request, desk))
        return StreamingResponse(
            with_errors(events), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    result, _ = await completed(http, carry_out(desk.house, request), desk.queue)
    return JSONResponse(done_object(name, result))


def done_object(name: str, result: Result) -> dict[str, object]:
    """What a task made, as it is told. Raises Blocked when its verdict withholds it."""
    check_released(result)
    return {
        "id": result.id,
        "object": "task.result",
        "task": name,
        "created": int(result.created.timestamp()),
        "model": result.choice.model,
        "output": as_data(result),
        "verdict": result.verdict.model_dump(mode="json"),
        "calls": [
            step.model_dump(mode="json", include={"name", "result", "status", "why"}) for step in result.choice.steps
        ],
        "usage": result.usage.model_dump(mode="json"),
        "seconds": result.timing.total,
        "seed": result.seed,
        "options": result.options,
    }


async def _events(request: Request, desk: Desk) -> AsyncGenerator[bytes]:
    """``task.created``, ``task.progress``, ``task.text.delta``, and ``task.completed`` with the whole."""
    async with aclosing(bridged(carry_out(desk.house, request), desk.queue)) as events:
        async for event in events:
            match event:
                case Chosen():
                    yield sse(
                        {"type": "task.created", "id": request.id, "choice": event.choice.model_dump(mode="json")}
                    )
                case Progress():
                    if event.message or event.fraction is not None:
                        told = event.model_dump(mode="json", include={"message", "fraction", "eta"})
                        yield sse({"type": "task.progress", **told})
                case TextDelta():
                    yield sse({"type": "task.text.delta", "delta": event.text})
                case Completed(result=result):
                    yield sse({"type": "task.completed", "result": done_object(str(request.task), result)})
                case _:
                    pass
    yield SSE_DONE
