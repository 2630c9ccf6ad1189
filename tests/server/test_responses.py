"""POST /v1/responses by OpenAI's own client: items, turns that are kept, typed events, tools, schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import openai
import pytest
from openai.types.responses import Response, ResponseFunctionToolCall, response_create_params
from openai.types.responses.response_item_list import ResponseItemList
from openai.types.responses.response_stream_event import ResponseStreamEvent
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from tests.server.conftest import Running

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def raw(running: Running, **body: object) -> dict:
    """What the server really sends, without the client's goodwill."""
    answer = httpx.post(f"{running.url}/v1/responses", headers=running.headers, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_text_gives_a_response_of_openais_type(running: Running) -> None:
    told = raw(running, model="talker", input="Good morning", metadata={"for": "test"}, castalia={"seed": 1})
    answer = Response.model_validate(told, strict=True)
    assert answer.status == "completed"
    assert answer.output_text.startswith("You said: Good morning.")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert answer.metadata == {"for": "test"}
    assert told["castalia"]["choice"]["model"] == "talker"
    assert told["castalia"]["verdict"]["status"] in {"pass", "flag"}


def test_auto_chooses(running: Running) -> None:
    answer = running.client().responses.create(model="auto", input="Draw a picture of a red apple.")
    assert "/v1/results/" in answer.output_text
    assert answer.model == "painter"


def test_items_instructions_and_options_reach_the_model(running: Running) -> None:
    answer = running.client().responses.create(
        model="talker",
        instructions="Be short.",
        input=[
            {"role": "developer", "content": "Speak French."},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        ],
        max_output_tokens=3,
        temperature=0.1,
        top_p=0.5,
    )
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage is not None
    assert answer.usage.input_tokens == 5, "instructions, system and user"
    assert answer.usage.output_tokens == 3
    assert (answer.instructions, answer.temperature, answer.top_p) == ("Be short.", 0.1, 0.5)


def test_a_response_goes_on_from_another_and_branches(running: Running) -> None:
    client = running.client()
    first = client.responses.create(model="talker", input="one two three", instructions="Standing words")
    second = client.responses.create(model="talker", input="four", previous_response_id=first.id)
    branch = client.responses.create(model="talker", input="five", previous_response_id=first.id)
    assert first.usage is not None
    assert second.usage is not None
    answered = len(first.output_text.split())
    assert second.usage.input_tokens == 3 + answered + 1, "instructions are not carried over"
    assert second.previous_response_id == first.id
    assert second.conversation is not None
    assert branch.conversation is not None
    assert first.conversation == second.conversation != branch.conversation
    path = running.house.conversations.path(branch.id)
    assert [turn.id for turn in path] == [first.id, branch.id]


def test_a_kept_response_is_got_listed_and_deleted(running: Running) -> None:
    client = running.client()
    made = client.responses.create(model="talker", input="remember the umbrella", metadata={"a": "b"})
    got = httpx.get(f"{running.url}/v1/responses/{made.id}", headers=running.headers).json()
    same = Response.model_validate(got, strict=True)
    assert same.output_text == made.output_text
    assert (same.metadata, same.usage, same.id, same.model) == (made.metadata, made.usage, made.id, made.model)
    items = client.responses.input_items.list(made.id)
    assert [item.content[0].text for item in items] == ["remember the umbrella"]  # type: ignore[union-attr]
    listed = httpx.get(f"{running.url}/v1/responses/{made.id}/input_items", headers=running.headers).json()
    ResponseItemList.model_validate(listed, strict=True)
    record = made.model_extra["castalia"]["id"]
    assert running.house.conversations.search("umbrella")
    client.responses.delete(made.id)
    assert not running.house.conversations.search("umbrella")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    gone = httpx.get(f"{running.url}/v1/results/{record}", headers=running.headers)
    assert gone.status_code == 404, "the record repeats the text, so it goes too"


def test_what_is_not_to_be_stored_is_not(running: Running) -> None:
    client = running.client()
    made = client.responses.create(model="talker", input="hush", store=False)
    assert made.conversation is None
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_a_later_response_goes_on_without_a_deleted_one(running: Running) -> None:
    client = running.client()
    first = client.responses.create(model="talker", input="first")
    second = client.responses.create(model="talker", input="second", previous_response_id=first.id)
    third = client.responses.create(model="talker", input="third", previous_response_id=second.id)
    client.responses.delete(second.id)
    assert [turn.id for turn in running.house.conversations.path(third.id)] == [first.id, third.id]


EVENTS = TypeAdapter(ResponseStreamEvent)


def test_events_come_in_order_with_numbers_and_add_up(running: Running) -> None:
    body = {"model": "talker", "input": "Good morning", "stream": True, "castalia": {"seed": 7}}
    with httpx.stream("POST", f"{running.url}/v1/responses", headers=running.headers, json=body) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    for event in events:
        EVENTS.validate_python(event, strict=True)
    kinds = [event["type"] for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas > 3
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    whole = events[-1]["response"]
    assert whole["output"][0]["content"][0]["text"] == text
    plain = raw(running, **{**body, "stream": False})
    assert plain["output"][0]["content"] == whole["output"][0]["content"]
    kept = httpx.get(f"{running.url}/v1/responses/{whole['id']}", headers=running.headers).json()
    assert kept["output"] == whole["output"]


def test_the_clients_stream_helper_follows(running: Running) -> None:
    with running.client().responses.stream(model="talker", input="Good morning", tools=[WEATHER]) as stream:  # type: ignore[list-item]
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert final.output_text == text


@pytest.mark.parametrize("stream", [False, True])
def test_a_function_is_called_and_its_output_goes_back(running: Running, stream: bool) -> None:
    client = running.client()
    wishes = {"model": "talker", "input": "Weather in Oslo?", "tools": [WEATHER], "tool_choice": "required"}
    if stream:
        events = list(client.responses.create(**wishes, stream=True))  # type: ignore[call-overload]
        kinds = [event.type for event in events]
        assert kinds[2:6] == [
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
        ]
        made = events[-1].response
    else:
        made = client.responses.create(**wishes)  # type: ignore[call-overload]
    [call] = made.output
    assert isinstance(call, ResponseFunctionToolCall)
    assert call.name == "weather"
    assert set(json.loads(call.arguments)) == {"city"}
    answered = client.responses.create(
        model="talker",
        previous_response_id=made.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 3 degrees"}],
    )
    assert answered.output_text
    path = running.house.conversations.path(answered.id)
    assert [message.role for turn in path for message in turn.messages] == ["user", "assistant", "tool", "assistant"]
    assert path[0].answered[0].tool_calls[0].id == path[1].said[0].tool_call_id
    [item] = client.responses.input_items.list(answered.id).data
    assert item.type == "function_call_output"


def test_the_named_function_is_called(running: Running) -> None:
    other = {**WEATHER, "name": "other"}
    made = running.client().responses.create(
        model="talker",
        input="Hello",
        tools=[other, WEATHER],  # type: ignore[list-item]
        tool_choice={"type": "function", "name": "weather"},
    )
    assert [item.name for item in made.output if item.type == "function_call"] == ["weather"]
    assert made.tool_choice.name == "weather"  # type: ignore[union-attr]


def test_an_answer_obeys_a_schema(running: Running) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    shape: response_create_params.ResponseTextConfigParam = {
        "format": {"type": "json_schema", "name": "number", "schema": schema, "strict": True}
    }
    made = running.client().responses.create(model="talker", input="A number?", text=shape)
    assert isinstance(json.loads(made.output_text)["n"], int)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"input": "x", "previous_response_id": "resp_none"}, 404, "resp_none"),
        ({"input": "x", "conversation": "conv_none"}, 404, "conv_none"),
        ({"input": []}, 400, "empty"),
        ({"input": "x", "background": True}, 400, "background"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, 400, "web_search"),
        ({"input": "x", "tool_choice": "required"}, 400, "tool"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://x/y.png"}]}]},
            415,
            "data:",
        ),
        ({"input": "word " * 300, "model": "talker"}, 400, "tokens"),
        ({"input": "x", "stream": True, "previous_response_id": "resp_none"}, 404, "resp_none"),
        ({"input": "word " * 300, "model": "talker", "stream": True}, 400, "tokens"),
    ],
)
def test_what_cannot_be_done_is_said(running: Running, body: dict, status: int, told: str) -> None:
    answer = httpx.post(f"{running.url}/v1/responses", headers=running.headers, json=body)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["error"]["message"]
    assert running.house.conversations.list() == []
