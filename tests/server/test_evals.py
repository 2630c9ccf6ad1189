"""Evaluations over HTTP, with OpenAI's own client, on a fake model: start, follow, read, cancel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running

ITEMS = [
    {"item": {"question": "What is the capital of France?", "answer": "Paris"}},
    {"item": {"question": "How tall is the tower?", "answer": "99", "source": "The tower is 99 metres tall."}},
]
CRITERIA = [
    {"type": "castalia_figure", "figure": "repetition", "pass_threshold": 1.0},
    {"type": "castalia_figure", "figure": "no_such_figure", "pass_threshold": 0.0},
]


def finished(client: openai.OpenAI, eval_id: str, run_id: str) -> Any:
    for _ in range(600):
        run = client.evals.runs.retrieve(run_id, eval_id=eval_id)
        if run.status in {"completed", "failed", "canceled"}:
            return run
        time.sleep(0.2)
    pytest.fail("the run does not end")


def test_a_run_gives_figures_items_and_a_report(running: Running) -> None:
    client = running.client()
    made: Any = client.evals.create(
        name="facts",
        data_source_config={"type": "custom", "item_schema": {}},
        testing_criteria=CRITERIA,  # pyright: ignore
    )
    assert [one.id for one in client.evals.list()] == [made.id]
    source = {"type": "jsonl", "model": "talker", "source": {"type": "file_content", "content": ITEMS}}
    started: Any = client.evals.runs.create(made.id, data_source=source)  # pyright: ignore
    assert started.status in {"queued", "in_progress"}
    run = finished(client, made.id, started.id)
    assert run.status == "completed", run.error
    figures = {one["name"]: one for one in run.model_extra["castalia"]["figures"]}
    assert {"exact_match", "support", "instructions_followed", "repetition", "self_consistency"} <= set(figures)
    assert figures["exact_match"]["n"] == 1
    assert figures["bits_per_byte"]["value"] > 0
    told = {one.testing_criteria: (one.passed, one.failed) for one in run.per_testing_criteria_results}
    assert told == {"repetition": (1, 0), "no_such_figure": (0, 1)}
    items = list(client.evals.runs.output_items.list(started.id, eval_id=made.id))
    assert run.result_counts.total == run.result_counts.passed + run.result_counts.failed > 0
    assert any(item.datasource_item["question"] == "What is the capital of France?" for item in items)
    report = httpx.get(run.report_url, headers=running.headers)
    assert report.text.startswith("<!doctype html>")
    assert "http" not in report.text.replace("http://www.w3.org/2000/svg", "")
    # what it does with somebody's questions is not what it is compared by
    assert not any(name.startswith("evaluation.") for name in running.house.registry.get("talker").figures)
    client.evals.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.evals.retrieve(made.id)


def test_a_run_can_be_canceled_and_a_bad_one_says_why(running: Running) -> None:
    client = running.client()
    made: Any = client.evals.create(data_source_config={"type": "custom", "item_schema": {}}, testing_criteria=[])
    slow: Any = client.evals.runs.create(made.id, data_source={"type": "castalia", "model": "slow"})  # pyright: ignore
    assert client.evals.runs.cancel(slow.id, eval_id=made.id).status == "canceled"
    bad = [{"item": {"question": "no answer"}}]
    source = {"type": "jsonl", "model": "talker", "source": {"type": "file_content", "content": bad}}
    started: Any = client.evals.runs.create(made.id, data_source=source)  # pyright: ignore
    run = finished(client, made.id, started.id)
    assert run.status == "failed"
    assert "line 1" in run.error.message
    assert finished(client, made.id, slow.id).status == "canceled"
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.create(made.id, data_source={"type": "castalia", "model": "nobody"})  # pyright: ignore


def test_evals_want_the_key(running: Running) -> None:
    assert httpx.get(f"{running.url}/v1/evals").status_code == 401
