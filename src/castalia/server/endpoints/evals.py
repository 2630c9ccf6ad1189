"""POST /v1/evals and its runs: evaluations over HTTP, in the shape of OpenAI's evals API."""

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.requests import Request as HttpRequest

from castalia.judging.evaluation.figures import Evaluation, Figure
from castalia.server.desk import DeskDependency
from castalia.server.schemas.evals import EvalBody, RunBody
from castalia.serving.evals import Criterion, Eval, EvalRun, Evals

router = APIRouter(prefix="/v1/evals", tags=["evals"])


@router.post("", status_code=201)
def create_eval(body: EvalBody, desk: DeskDependency) -> dict[str, object]:
    """Say what is to be measured."""
    return eval_object(Evals(desk.house).create(body.eval()))


@router.get("")
def list_evals(desk: DeskDependency) -> dict[str, object]:
    """All evals, the newest first."""
    return _page([eval_object(one) for one in Evals(desk.house).listed()])


@router.get("/{eval_id}")
def get_eval(eval_id: str, desk: DeskDependency) -> dict[str, object]:
    """One eval."""
    return eval_object(Evals(desk.house).get(eval_id))


@router.delete("/{eval_id}")
def delete_eval(eval_id: str, desk: DeskDependency) -> dict[str, object]:
    """Forget an eval with its runs."""
    Evals(desk.house).delete(eval_id)
    return {"object": "eval.deleted", "deleted": True, "eval_id": eval_id}


@router.post("/{eval_id}/runs", status_code=201)
def create_run(eval_id: str, body: RunBody, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """Start to evaluate a model; the answer comes at once, the figures with GET."""
    evals = Evals(desk.house)
    return run_object(evals, evals.start(body.run(eval_id), body.items()), str(http.base_url))


@router.get("/{eval_id}/runs")
def list_runs(eval_id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """The runs of an eval, the newest first."""
    evals = Evals(desk.house)
    return _page([run_object(evals, run, str(http.base_url)) for run in evals.runs(eval_id)])


@router.get("/{eval_id}/runs/{run_id}")
def get_run(eval_id: str, run_id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """How a run stands, with its figures when it is completed."""
    evals = Evals(desk.house)
    return run_object(evals, evals.run(eval_id, run_id), str(http.base_url))


@router.post("/{eval_id}/runs/{run_id}/cancel")
def cancel_run(eval_id: str, run_id: str, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """Stop a run."""
    evals = Evals(desk.house)
    return run_object(evals, evals.cancel(eval_id, run_id), str(http.base_url))


@router.get("/{eval_id}/runs/{run_id}/output_items")
def list_output_items(eval_id: str, run_id: str, desk: DeskDependency) -> dict[str, object]:
    """Questions and answers of a completed run."""
    evals = Evals(desk.house)
    run = evals.run(eval_id, run_id)
    found = evals.found(run)
    examples = [] if found is None else found.examples
    return _page(
        [
            {
                "id": f"{run_id}-{number}",
                "object": "eval.run.output_item",
                "created_at": int(run.created),
                "eval_id": eval_id,
                "run_id": run_id,
                "status": "pass" if one.passed else "fail" if one.passed is not None else "measured",
                "datasource_item_id": number,
                "datasource_item": {"question": one.title},
                "results": [] if one.passed is None else [{"name": "castalia", "passed": one.passed}],
                "sample": {"output": [{"role": "assistant", "content": text} for text in one.lines.values()][:1]},
            }
            for number, one in enumerate(examples)
        ]
    )


@router.get("/{eval_id}/runs/{run_id}/report")
def get_report(eval_id: str, run_id: str, desk: DeskDependency) -> FileResponse:
    """The report of a completed run as one HTML file."""
    evals = Evals(desk.house)
    return FileResponse(evals.report(evals.run(eval_id, run_id)), media_type="text/html")


def eval_object(one: Eval) -> dict[str, object]:
    """An eval in OpenAI's shape."""
    return {
        "object": "eval",
        "id": one.id,
        "name": one.name,
        "created_at": int(one.created),
        "data_source_config": {"type": "custom", "schema": one.source.get("item_schema", {})},
        "testing_criteria": [_criterion(criterion) for criterion in one.criteria],
        "metadata": one.metadata,
    }


def run_object(evals: Evals, run: EvalRun, base: str) -> dict[str, object]:
    """A run in OpenAI's shape; all figures stand under ``castalia``."""
    found = evals.found(run) if run.state == "completed" else None
    results = _results(evals.get(run.eval).criteria, found)
    examples = [] if found is None else [one.passed for one in found.examples if one.passed is not None]
    error = run.error or {}
    counts = {"total": len(examples), "passed": examples.count(True), "failed": examples.count(False), "errored": 0}
    return {
        "object": "eval.run",
        "id": run.id,
        "eval_id": run.eval,
        "name": run.name,
        "model": run.model,
        "status": run.state,
        "created_at": int(run.created),
        "report_url": f"{base.rstrip('/')}/v1/evals/{run.eval}/runs/{run.id}/report",
        "data_source": {"type": "castalia", "model": run.model, "samples": run.samples, "seed": run.seed},
        "result_counts": counts,
        "per_testing_criteria_results": results,
        "per_model_usage": [],
        "metadata": run.metadata,
        "error": {"code": str(error.get("code", "")), "message": str(error.get("message", ""))} if error else None,
        "castalia": {
            "message": run.message,
            "fraction": run.fraction,
            "figures": []
            if found is None
            else [one.model_dump(mode="json", exclude={"items"}) for one in found.figures],
        },
    }


def passes(figure: Figure | None, threshold: float) -> bool:
    """Whether a figure reaches the threshold in its better direction; one without a direction must not lie below."""
    if figure is None or figure.value is None:
        return False
    return figure.value <= threshold if figure.direction == "lower" else figure.value >= threshold


def _results(criteria: list[Criterion], found: Evaluation | None) -> list[dict[str, object]]:
    if found is None:
        return []
    named = {one.name: one for one in found.figures}
    told = [(criterion, passes(named.get(criterion.figure), criterion.threshold)) for criterion in criteria]
    return [
        {"testing_criteria": criterion.figure, "passed": int(good), "failed": int(not good)} for criterion, good in told
    ]


def _criterion(criterion: Criterion) -> dict[str, object]:
    return {
        "type": "castalia_figure",
        "name": criterion.figure,
        "figure": criterion.figure,
        "pass_threshold": criterion.threshold,
    }


def _page(data: list[dict[str, object]]) -> dict[str, object]:
    ends = [str(data[place]["id"]) if data else None for place in (0, -1)]
    return {"object": "list", "data": data, "first_id": ends[0], "last_id": ends[1], "has_more": False}
