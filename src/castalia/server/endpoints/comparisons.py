"""/v1/comparisons and /v1/advice: models side by side, and which of them a workload needs."""

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.requests import Request as HttpRequest

from castalia.server.desk import DeskDependency
from castalia.server.schemas.comparisons import AdviceBody, ComparisonBody, as_lines
from castalia.serving.advice_pages import page, sentences, text
from castalia.serving.advise import Advice, advise
from castalia.serving.comparisons import ComparisonRun, Comparisons
from castalia.serving.workload import workload_of

router = APIRouter(prefix="/v1", tags=["comparisons"])


@router.post("/comparisons", status_code=201)
def create_comparison(body: ComparisonBody, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """Start to compare models; the answer comes at once, the rows with GET."""
    comparisons = Comparisons(desk.house)
    return _told(comparisons, comparisons.start(body.run(), as_lines(body.requests)), str(http.base_url))


@router.get("/comparisons")
def list_comparisons(http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """All that were started here, the newest first, without their rows."""
    comparisons = Comparisons(desk.house)
    base = str(http.base_url)
    return {"object": "list", "data": [_told(comparisons, run, base, rows=False) for run in comparisons.every()]}


@router.get("/comparisons/{comparison_id}")
def get_comparison(comparison_id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """How a comparison stands, with its rows when it is completed."""
    comparisons = Comparisons(desk.house)
    return _told(comparisons, comparisons.get(comparison_id), str(http.base_url))


@router.post("/comparisons/{comparison_id}/cancel")
def cancel_comparison(comparison_id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """Stop a comparison."""
    comparisons = Comparisons(desk.house)
    return _told(comparisons, comparisons.cancel(comparison_id), str(http.base_url))


@router.get("/comparisons/{comparison_id}/report")
def get_comparison_report(comparison_id: str, desk: DeskDependency) -> FileResponse:
    """The report of a completed comparison as one HTML file."""
    comparisons = Comparisons(desk.house)
    return FileResponse(comparisons.report(comparisons.get(comparison_id)), media_type="text/html")


@router.post("/advice", response_model=None)
def create_advice(body: AdviceBody, desk: DeskDependency) -> Response | dict[str, object]:
    """Which kinds of models a workload needs, which installed one would answer, and what is missing; runs nothing."""
    lines = workload_of(as_lines(body.requests), "the requests")
    advice: Advice = advise(desk.house, lines, "the requests", "POST /v1/advice")
    if body.format == "html":
        return HTMLResponse(page(advice))
    if body.format == "markdown":
        return PlainTextResponse(text(advice), media_type="text/markdown")
    return {**advice.model_dump(mode="json"), "sentences": sentences(advice)}


def _told(comparisons: Comparisons, run: ComparisonRun, base: str, *, rows: bool = True) -> dict[str, object]:
    found = comparisons.found(run) if rows and run.state == "completed" else None
    return {
        "object": "comparison",
        "id": run.id,
        "created_at": int(run.created),
        "models": run.models,
        "status": run.state,
        "message": run.message,
        "fraction": run.fraction,
        "error": run.error,
        "report_url": f"{base.rstrip('/')}/v1/comparisons/{run.id}/report",
        **({} if found is None else {"comparison": found.model_dump(mode="json")}),
    }
