"""Plans over HTTP: told, run, streamed, documented, in chat completions."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running

FOX = "Write a story about a brave fox, draw the fox and read the story aloud"


def post(running: Running, **body: object) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/plans", json=body, headers=running.headers, timeout=120)


def test_a_dry_run_says_the_steps(running: Running) -> None:
    plan = post(running, input=FOX, dry_run=True).json()
    assert (plan["object"], plan["status"], plan["id"]) == ("plan", "planned", None)
    assert [(step["name"], step["modality"], step["after"]) for step in plan["steps"]] == [
        ("text", "text", []),
        ("image", "image", []),
        ("speech", "speech", ["text"]),
    ]
    assert running.house.history.newest() == []


def test_a_plan_runs_and_its_document_is_there(running: Running) -> None:
    plan = post(running, input=FOX, seed=4, options={"max_tokens": 40}).json()
    assert plan["status"] == "completed"
    outputs = {step["name"]: step["outputs"][0] for step in plan["steps"]}
    assert outputs["text"]["text"]
    picture = httpx.get(outputs["image"]["url"], headers=running.headers)
    assert picture.content.startswith(b"\x89PNG")
    assert httpx.get(f"{running.url}/v1/plans/{plan['id']}", headers=running.headers).json() == plan
    page = httpx.get(plan["documents"]["html"], headers=running.headers, timeout=60)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.text.count("src='data:") == 2
    assert httpx.get(plan["documents"]["html"]).status_code == 401
    bad = httpx.get(f"{running.url}/v1/plans/{plan['id']}/document?format=exe", headers=running.headers)
    assert bad.status_code == 400
    step = plan["steps"][0]["result"]
    assert httpx.get(f"{running.url}/v1/plans/{step}", headers=running.headers).status_code == 404


def test_events_tell_the_steps(running: Running) -> None:
    body = {"input": FOX, "stream": True, "seed": 4, "options": {"max_tokens": 40}}
    with httpx.stream("POST", f"{running.url}/v1/plans", json=body, headers=running.headers, timeout=120) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert (events[0]["type"], events[-1]["type"]) == ("plan.created", "plan.completed")
    begun = [event["step"]["name"] for event in events if event["type"] == "step.started"]
    ended = [event["step"]["name"] for event in events if event["type"] == "step.done"]
    assert begun == ended == ["text", "image", "speech"]
    text = "".join(event["delta"] for event in events if event["type"] == "step.text.delta")
    assert text == events[-1]["plan"]["steps"][0]["outputs"][0]["text"]


def test_a_failed_step_is_told_in_its_place(running: Running) -> None:
    running.house.registry.remove("painter")
    plan = post(running, input=FOX).json()
    assert plan["status"] == "incomplete"
    assert [step["state"] for step in plan["steps"]] == ["done", "failed", "done"]
    assert "Nothing installed makes image" in plan["steps"][1]["why"]


def test_an_attached_table_becomes_a_chart(running: Running) -> None:
    pytest.importorskip("matplotlib")
    data = base64.b64encode(b"month,revenue\n2025-01,3\n2025-02,5\n2025-03,4\n").decode()
    file = {"filename": "sales.csv", "file_data": f"data:text/csv;base64,{data}"}
    running.house.registry.remove("slow")
    talker = running.house.registry.get("talker")
    writer = talker.model_copy(update={"details": {"reply": "It went well."}, "created": datetime.now(UTC)})
    running.house.registry.add(writer, replace=True)
    plan = post(running, input="Write a report on our sales with a chart", attachments=[file]).json()
    assert [step["name"] for step in plan["steps"]] == ["text", "chart"]
    assert plan["steps"][1]["outputs"][0]["info"]["caption"].startswith("revenue (sum) by month: line chart")
    refused = post(running, input="x", attachments=[{"filename": "a.csv", "file_data": "http://example.org/a.csv"}])
    assert refused.status_code == 415


def test_a_chat_with_auto_runs_plans_too(running: Running) -> None:
    client = running.client()
    answer = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": FOX}], max_tokens=40, seed=1
    )
    said = answer.choices[0].message.content or ""
    assert "/outputs/1)" in said
    assert "/document)" in said
    chunks = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": FOX}], max_tokens=40, seed=1, stream=True
    )
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said.split("\n")[0] in streamed
    assert "/document)" in streamed
