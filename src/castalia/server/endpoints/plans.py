"""/v1/plans: a request for several outputs, its steps as events, and its document."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from castalia.core.errors import NotFound
from castalia.core.events import Chosen, Completed, Progress, Stepped, TextDelta
from castalia.core.requests import Request
from castalia.core.results import PLAN, Choice, Result, Step
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.streaming import SSE_DONE, bridged, completed, sse, started, with_errors
from castalia.server.http.told import output_url
from castalia.server.schemas.plans import PlanBody
from castalia.serving.documents.html import POLICY
from castalia.serving.documents.writing import MEDIA_TYPES, NEEDED, check_format, written
from castalia.serving.plans import carry_out, planned

router = APIRouter(prefix="/v1/plans", tags=["plans"])


@router.post("", response_model=None)
async def create_plan(body: PlanBody, http: HttpRequest, desk: DeskDependency) -> Response:
    """The steps that a request asks for, run one by one; with ``dry_run`` only told, with ``stream`` as events.

    A step that fails is told in its place and does not fail the others.
    """
    request = body.request()
    choice = planned(desk.house, request)
    base = str(http.base_url)
    if body.dry_run:
        return JSONResponse(plan_object(choice, base))
    if body.stream:
        events = await started(_events(request, choice, base, desk))
        return StreamingResponse(
            with_errors(events), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    result, _ = await completed(http, carry_out(desk.house, request, choice), desk.queue)
    return JSONResponse(plan_object(result.choice, base, result))


@router.get("/{id}")
def get_plan(id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """A plan from the record."""
    _, result = _kept(desk, id)
    return plan_object(result.choice, str(http.base_url), result)


@router.get("/{id}/document")
def get_document(id: str, desk: DeskDependency, format: str = "html") -> Response:
    """Everything that a plan has made in one file: ``html``, ``docx`` or ``pdf``."""
    request, result = _kept(desk, id)
    headers = {
        "Content-Disposition": f'inline; filename="{result.id}.{check_format(format)}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": f"sandbox; {POLICY}",
    }
    return Response(written(result, request.prompt, format), media_type=MEDIA_TYPES[format], headers=headers)


def plan_object(choice: Choice, base: str, result: Result | None = None) -> dict[str, object]:
    """A plan as it is told: without a result it has not run."""
    told: dict[str, object] = {
        "id": None if result is None else result.id,
        "object": "plan",
        "status": _status(choice, result),
        "reasons": choice.reasons,
        "confidence": choice.confidence,
        "steps": [step_object(step, base, result) for step in choice.steps],
    }
    if result is not None:
        told["created"] = int(result.created.timestamp())
        told["verdict"] = result.verdict.model_dump(mode="json")
        told["seconds"] = result.timing.total
        url = f"{base.rstrip('/')}/v1/plans/{result.id}/document"
        told["documents"] = {name: f"{url}?format={name}" for name in NEEDED}
    return told


def step_object(step: Step, base: str, result: Result | None = None) -> dict[str, object]:
    """A step as it is told, with its outputs once they are there."""
    told = step.model_dump(mode="json", exclude={"outputs"})
    if result is not None and step.result is not None:
        told["outputs"] = [_output(result, place, base) for place in step.outputs]
    return told


def _output(result: Result, place: int, base: str) -> dict[str, object]:
    part = result.outputs[place]
    if part.text is not None:
        return {"type": part.type, "text": part.text}
    kept = {"media_type": part.media_type, "sha256": part.blob, "info": part.info}
    return {"type": part.type, "url": output_url(base, result.id, place), **kept}


def _status(choice: Choice, result: Result | None) -> str:
    if result is None:
        return "planned"
    if result.finish_reason == "cancelled":
        return "cancelled"
    return "completed" if all(step.state == "done" for step in choice.steps) else "incomplete"


async def _events(request: Request, choice: Choice, base: str, desk: Desk) -> AsyncGenerator[bytes]:
    """``plan.created``, ``step.started``, ``step.text.delta``, ``step.progress``, and ``step.done``, ``step.failed``
    or ``step.skipped`` for each step, then ``plan.completed`` with the whole."""
    async with aclosing(bridged(carry_out(desk.house, request, choice), desk.queue)) as events:
        async for event in events:
            match event:
                case Chosen():
                    yield sse({"type": "plan.created", "plan": {**plan_object(choice, base), "id": request.id}})
                case Stepped(inside=TextDelta() as delta):
                    yield sse({"type": "step.text.delta", "step": event.step.name, "delta": delta.text})
                case Stepped(inside=Progress() as progress):
                    if progress.message or progress.fraction is not None:
                        told = progress.model_dump(mode="json", include={"message", "fraction", "eta"})
                        yield sse({"type": "step.progress", "step": event.step.name, **told})
                case Stepped(inside=Chosen() as chosen):
                    told = chosen.choice.model_dump(mode="json")
                    yield sse({"type": "step.chosen", "step": event.step.name, "choice": told})
                case Stepped(inside=None):
                    kind = "started" if event.step.state == "running" else event.step.state
                    yield sse({"type": f"step.{kind}", "step": step_object(event.step, base)})
                case Completed(result=result):
                    yield sse({"type": "plan.completed", "plan": plan_object(result.choice, base, result)})
                case _:
                    pass
    yield SSE_DONE


def _kept(desk: Desk, id: str) -> tuple[Request, Result]:
    entry = desk.house.history.get(id)
    if entry.result is None or entry.result.choice.modality != PLAN:
        raise NotFound(f"{id} is no plan.", hint=f"GET /v1/results/{id} shows what it is.")
    return entry.request, entry.result
