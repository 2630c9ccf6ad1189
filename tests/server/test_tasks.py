"""Tasks over HTTP: listed, done, streamed, and through responses by the unmodified OpenAI client."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
import openai
import pytest
from tests.server.conftest import add

if TYPE_CHECKING:
    from tests.server.conftest import Running

TEXT = "The harbour festival takes place in July."


def post(running: Running, name: str, **body: object) -> httpx.Response:
    body = {"model": "talker", **body}
    return httpx.post(f"{running.url}/v1/tasks/{name}", json=body, headers=running.headers, timeout=60)


def test_tasks_are_listed_with_their_schemas(running: Running) -> None:
    listed = httpx.get(f"{running.url}/v1/tasks", headers=running.headers).json()["data"]
    assert len(listed) == 9
    one = httpx.get(f"{running.url}/v1/tasks/summarise", headers=running.headers).json()
    assert one in listed
    assert "sentences" in one["options"]["properties"]
    assert httpx.get(f"{running.url}/v1/tasks/fly", headers=running.headers).status_code == 404


def test_a_task_is_done_and_recorded(running: Running) -> None:
    told = post(running, "summarise", input=TEXT, options={"sentences": 1}, seed=3).json()
    assert told["output"]["text"]
    assert told["output"]["coverage"]["read"] == len(TEXT)
    kept = running.house.history.get(told["id"])
    assert (kept.request.task, kept.request.seed) == ("summarise", 3)


def test_files_are_sent_inline(running: Running) -> None:
    data = base64.b64encode(b"name\nAnn\nBob\n").decode()
    file = {"filename": "guests.csv", "file_data": f"data:text/csv;base64,{data}"}
    told = post(running, "personalise", input=["Dear {name}!", file]).json()
    assert told["output"]["texts"] == ["Dear Ann!", "Dear Bob!"]


def test_a_task_streams_progress_text_and_the_whole(running: Running) -> None:
    body = {"model": "talker", "input": TEXT, "options": {"tone": "formal"}, "stream": True}
    url = f"{running.url}/v1/tasks/rewrite"
    with httpx.stream("POST", url, json=body, headers=running.headers, timeout=60) as answer:
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert events[0]["type"] == "task.created"
    assert events[-1]["type"] == "task.completed"
    text = "".join(event["delta"] for event in events if event["type"] == "task.text.delta")
    assert text.strip() == events[-1]["result"]["output"]["text"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("translate", {"input": TEXT}, 400),
        ("fly", {"input": TEXT}, 404),
        ("summarise", {"input": " "}, 400),
        ("summarise", {"input": TEXT, "colour": "red"}, 400),
        ("personalise", {"input": ["Dear {nam}", "name\nAnn\n"]}, 422),
    ],
)
def test_wrong_requests_have_their_status(running: Running, name: str, body: dict[str, object], status: int) -> None:
    told = post(running, name, **body)
    assert told.status_code == status
    assert told.json()["error"]["message"]


def test_the_openai_client_runs_a_task_by_metadata_and_by_prompt(running: Running) -> None:
    client = running.client()
    made = client.responses.create(model="talker", input=TEXT, metadata={"task": "summarise"})
    assert made.status == "completed"
    assert made.output_text
    by_prompt = client.responses.create(
        model="talker", input=TEXT, prompt={"id": "rewrite", "variables": {"tone": "formal"}}
    )
    assert by_prompt.output_text
    tasks = [entry.request.task for entry in running.house.history.newest()]
    assert [task for task in tasks if task is not None] == ["rewrite", "summarise"]


def test_the_openai_client_streams_a_task(running: Running) -> None:
    with running.client().responses.stream(model="talker", input=TEXT, metadata={"task": "summarise"}) as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text == events.get_final_response().output_text != ""


def test_a_task_works_on_what_it_is_given_not_on_earlier_turns(running: Running) -> None:
    add(running.house, "echoing", "text")
    client = running.client()
    first = client.responses.create(model="echoing", input="My first words were these.")
    second = client.responses.create(
        model="echoing", input=TEXT, metadata={"task": "summarise"}, previous_response_id=first.id
    )
    calls = [entry.request for entry in running.house.history.newest() if entry.request.task is None]
    assert TEXT in calls[0].prompt
    assert all("first words" not in message.text for message in calls[0].messages)
    assert second.previous_response_id == first.id


def test_a_task_that_is_not_there_and_tools_beside_one_are_refused(running: Running) -> None:
    client = running.client()
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="talker", input=TEXT, metadata={"task": "fly"})
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="talker", input=TEXT, metadata={"task": "summarise"}, instructions="Be kind.")
