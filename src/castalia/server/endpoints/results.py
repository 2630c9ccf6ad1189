"""GET /v1/results/{id} and the media that it holds."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from castalia.core.errors import NotFound
from castalia.core.results import Result
from castalia.server.desk import Desk, DeskDependency
from castalia.serving.summary import result_summary

router = APIRouter(prefix="/v1/results", tags=["results"])


@router.get("/{id}")
def get_result(id: str, desk: DeskDependency) -> dict[str, object]:
    """A result from the record."""
    return result_summary(_result(desk, id))


@router.get("/{id}/outputs/{number}")
def get_output(id: str, number: int, desk: DeskDependency) -> FileResponse:
    """The bytes of one output."""
    outputs = _result(desk, id).outputs
    if not 0 <= number < len(outputs) or outputs[number].path is None:
        raise NotFound(
            f"The result {id} has no media output {number}.", hint=f"GET /v1/results/{id} lists its outputs."
        )
    output = outputs[number]
    return FileResponse(desk.house.blobs.path(output.blob or ""), media_type=output.media_type)


def _result(desk: Desk, id: str) -> Result:
    result = desk.house.history.get(id).result
    if result is None:
        raise NotFound(f"The request {id} failed and has no result.", hint="Ask it again.")
    return result
