"""OpenAI's own client against our server: every endpoint, streaming, errors, limits, going away."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import openai
import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Running

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
TOOL = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def test_models_are_listed_and_shown(running: Running) -> None:
    names = [model.id for model in running.client().models.list()]
    assert names[0] == "auto"
    assert {"talker", "painter", "voice"} <= set(names)
    assert running.client().models.retrieve("talker").owned_by == "castalia"


def test_a_chat_completion_by_auto(running: Running) -> None:
    answer = running.client().chat.completions.create(model="auto", messages=QUESTION, seed=1)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in {"stop", "length"}
    assert answer.choices[0].logprobs is None, "not asked for"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    extras = answer.model_extra["castalia"]
    assert extras["choice"]["modality"] == "text"
    assert extras["verdict"]["status"] in {"pass", "flag"}


def test_streaming_gives_the_same_text_with_usage_last(running: Running) -> None:
    client = running.client()
    whole = client.chat.completions.create(model="talker", messages=QUESTION, seed=5)
    chunks = list(
        client.chat.completions.create(
            model="talker", messages=QUESTION, seed=5, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage
    assert all(chunk.choices[0].logprobs is None for chunk in chunks if chunk.choices)
    assert len({chunk.id for chunk in chunks}) == 1


def test_several_answers_differ_by_seed(running: Running) -> None:
    answer = running.client().chat.completions.create(model="talker", messages=QUESTION, seed=1, n=3)
    texts = [choice.message.content for choice in answer.choices]
    assert len(set(texts)) == 3
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_options_reach_the_engine(running: Running) -> None:
    client = running.client()
    short = client.chat.completions.create(
        model="talker", messages=QUESTION, max_tokens=2, logprobs=True, top_logprobs=2
    )
    assert short.choices[0].finish_reason == "length"
    logprobs = short.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert len(logprobs.content) == 2
    assert len(logprobs.content[0].top_logprobs) == 2
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    shaped = client.chat.completions.create(
        model="talker",
        messages=QUESTION,
        response_format={"type": "json_schema", "json_schema": {"name": "number", "schema": schema}},
    )
    assert isinstance(json.loads(shaped.choices[0].message.content or "")["n"], int)


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called(running: Running, stream: bool) -> None:
    wishes = {"model": "talker", "messages": QUESTION, "tools": [TOOL], "tool_choice": "required"}
    if stream:
        chunks = list(running.client().chat.completions.create(**wishes, stream=True))
        calls = [call for chunk in chunks for call in (chunk.choices[0].delta.tool_calls or [])]
        reason = chunks[-1].choices[0].finish_reason
    else:
        choice = running.client().chat.completions.create(**wishes).choices[0]
        calls, reason = choice.message.tool_calls or [], choice.finish_reason
    assert [call.function.name for call in calls] == ["weather"]
    assert isinstance(json.loads(calls[0].function.arguments), dict)
    assert reason == "tool_calls"


def test_a_picture_by_auto_is_linked_in_the_chat_and_can_be_fetched(running: Running) -> None:
    messages = [{"role": "user", "content": "Draw a picture of a red apple."}]
    answer = running.client().chat.completions.create(model="auto", messages=messages)
    content = answer.choices[0].message.content or ""
    url = content[content.index("(") + 1 : content.index(")")]
    assert httpx.get(url).status_code == 401
    picture = httpx.get(url, headers=running.headers)
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    record = httpx.get(url.rsplit("/outputs", 1)[0], headers=running.headers).json()
    assert record["choice"]["modality"] == "image"


def test_images(running: Running) -> None:
    images = running.client().images.generate(model="auto", prompt="a red apple", n=2)
    assert images.data is not None
    assert len(images.data) == 2
    assert base64.b64decode(images.data[0].b64_json or "").startswith(b"\x89PNG")


@pytest.mark.parametrize(("response_format", "start"), [("wav", b"RIFF"), ("pcm", None)])
def test_speech(running: Running, response_format: str, start: bytes | None) -> None:
    sound = running.client().audio.speech.create(
        model="auto", voice="alloy", input="good morning", response_format=response_format, speed=1.0
    )
    assert len(sound.content) > 1000
    assert start is None or sound.content.startswith(start)
    assert sound.response.headers["x-castalia-result"].startswith("r-")


def test_speech_as_events(running: Running) -> None:
    wishes = {"model": "voice", "voice": "alloy", "input": "good morning", "response_format": "wav"}
    with running.client().audio.speech.with_streaming_response.create(**wishes, stream_format="sse") as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
    assert [event["type"] for event in events][-1] == "speech.audio.done"
    assert base64.b64decode(events[0]["audio"]).startswith(b"RIFF")


def test_choices_without_running(running: Running) -> None:
    answer = httpx.post(f"{running.url}/v1/choices", json={"text": "draw a cat"}, headers=running.headers)
    assert answer.json()["modality"] == "image"
    assert answer.json()["model"] == "painter"


def test_without_the_key_nothing_but_health(running: Running) -> None:
    assert httpx.get(f"{running.url}/healthz").json()["status"] == "ok"
    with pytest.raises(openai.AuthenticationError) as raised:
        running.client(key="wrong").models.list()
    assert raised.value.code == "invalid_api_key"
    assert httpx.get(f"{running.url}/openapi.json").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"model": "nobody", "messages": QUESTION}, 404, "nobody"),
        ({"model": "talker", "messages": []}, 400, "messages"),
        ({"model": "talker", "messages": QUESTION, "temperature": 7}, 400, "temperature"),
        ({"model": "talker", "messages": QUESTION, "temprature": 1}, 400, "temprature"),
        ({"model": "talker", "messages": QUESTION, "n": 99}, 400, "n:"),
        ({"model": "talker", "messages": [{"role": "user", "content": "word " * 300}]}, 400, "200"),
        ({"model": "talker", "messages": QUESTION, "castalia": {"engine": "openvino"}}, 400, "openvino"),
        (
            {
                "model": "talker",
                "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y"}}]}],
            },
            415,
            "data:",
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_openais_shape(
    running: Running, body: dict[str, object], status: int, said: str, stream: bool
) -> None:
    answer = httpx.post(
        f"{running.url}/v1/chat/completions",
        json={**body, "stream": stream},
        headers=running.headers,
        timeout=60,
    )
    error = answer.json()["error"]
    assert answer.status_code == status, error
    assert said in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


def test_unknown_routes_and_broken_json_too(running: Running) -> None:
    headers = running.headers
    assert httpx.get(f"{running.url}/v1/nothing", headers=headers).json()["error"]["message"]
    broken = httpx.post(f"{running.url}/v1/chat/completions", content=b"{", headers=headers)
    assert broken.status_code == 400
    assert broken.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("stated", [True, False])
def test_a_body_over_the_limit_is_refused(running: Running, stated: bool) -> None:
    data = json.dumps({"model": "talker", "messages": [{"role": "user", "content": "x" * 2_000_000}]}).encode()
    content = data if stated else iter([data[:900_000], data[900_000:]])
    headers = {**running.headers, "Content-Type": "application/json"}
    answer = httpx.post(f"{running.url}/v1/chat/completions", content=content, headers=headers, timeout=30)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def eventually(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not true() and time.monotonic() < deadline:
        pause.wait(0.05)
    return true()


@pytest.mark.parametrize("stream", [True, False])
def test_generation_stops_when_the_client_goes_away(running: Running, stream: bool) -> None:
    body = {"model": "slow", "messages": QUESTION, "stream": stream, "max_tokens": 400}
    headers = running.headers
    if stream:
        with httpx.stream(
            "POST", f"{running.url}/v1/chat/completions", json=body, headers=headers, timeout=30
        ) as answer:
            next(answer.iter_bytes())
    else:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{running.url}/v1/chat/completions", json=body, headers=headers, timeout=httpx.Timeout(30, read=1.5)
            )
    assert eventually(lambda: not running.house.pool.in_use("slow"))
    assert eventually(lambda: bool(running.house.history.newest(limit=1))), "it is recorded after the engine is free"
    newest = running.house.history.newest(limit=1)[0]
    assert newest.result is not None
    assert newest.result.finish_reason == "cancelled"


def test_too_many_at_once_are_asked_to_wait(running: Running) -> None:
    body = {"model": "slow", "messages": QUESTION, "stream": True, "max_tokens": 400}
    headers = running.headers
    url = f"{running.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as first:
        first_bytes = first.iter_bytes()  # kept: dropping the iterator would close the connection
        next(first_bytes)
        with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as second:
            second_bytes = second.iter_bytes()
            next(second_bytes)
            third = httpx.post(url, json=body, headers=headers, timeout=30)
    assert third.status_code == 503
    assert third.headers["retry-after"]
    assert third.json()["error"]["code"] == "server_busy"


def test_without_auth_only_this_machine_is_served(open_server: Running) -> None:
    assert httpx.get(f"{open_server.url}/v1/models").status_code == 200
    assert httpx.get(f"{open_server.url}/v1/models", headers={"Host": "evil.example"}).status_code == 400
