"""The llama.cpp engine's own ways: damaged files, cancelling while the prompt is read, slots, native tool calls."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from castalia.core.errors import ContextTooLong, EngineError, NotFound
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, ToolCallDelta, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
from castalia.engines.llamacpp.engine import LlamaCppEngine
from castalia.engines.llamacpp.events import Answer
from castalia.engines.llamacpp.loading import LoadOptions, weights_file
from castalia.engines.llamacpp.spec import SPEC
from castalia.modalities.text.options import TextOptions, Tool

Ask = Callable[..., Request]
CONTEXT = 512


@pytest.fixture(scope="module")
def model(model_of_format: Callable[[str], Model]) -> Model:
    return model_of_format("gguf")


@pytest.fixture(scope="module")
def host(model: Model) -> Iterator[HostedEngine]:
    opened = HostedEngine(SPEC, model, {"threads": 1, "context": CONTEXT, "slots": 2})
    yield opened
    opened.close()


def of_file(path: Path) -> Model:
    return Model(
        name="odd",
        format="gguf",
        engines=["llamacpp"],
        outputs=["text"],
        folder=path.parent,
        details={"gguf": path.name},
    )


@pytest.mark.parametrize("damage", ["cut short", "scrambled header", "not a GGUF"])
def test_damaged_file_is_a_clear_error(model: Model, tmp_path: Path, damage: str) -> None:
    data = bytearray(weights_file(model).read_bytes()[:5_000_000])
    if damage == "scrambled header":
        data[8:64] = b"\xff" * 56
    if damage == "not a GGUF":
        data[:4] = b"PK\x03\x04"
    path = tmp_path / "odd.gguf"
    path.write_bytes(data)
    with pytest.raises(EngineError, match="cannot load odd") as caught:
        HostedEngine(SPEC, of_file(path), {})
    assert "pull it again" in caught.value.hint


def test_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="odd"):
        LlamaCppEngine(of_file(tmp_path / "none.gguf"), {})


def test_nobody_else_can_reach_the_server(host: HostedEngine) -> None:
    connections = psutil.Process(host.pid).net_connections(kind="inet")
    assert not connections
    sockets = [connection.laddr for connection in psutil.Process(host.pid).net_connections(kind="unix")]
    assert not [name for name in sockets if name and Path(str(name)).exists()]


def test_each_request_has_the_whole_context(host: HostedEngine, text_request: Ask) -> None:
    requests = [text_request("word " * (CONTEXT - 100), seed=seed, max_tokens=2) for seed in range(2)]
    counts: list[int] = []

    def ask(request: Request) -> None:
        events = list(host.generate(request))
        assert isinstance(events[-2], Usage)
        counts.append(events[-2].counts.input_tokens)

    threads = [threading.Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 2
    assert min(counts) > CONTEXT - 100


def test_cancel_while_the_prompt_is_read(host: HostedEngine, text_request: Ask) -> None:
    process = psutil.Process(host.pid)
    events = host.generate(text_request("stone river " * 230, seed=3, max_tokens=50))
    first = next(event for event in events if isinstance(event, Progress) and event.fraction is not None)
    assert first.fraction is not None
    assert first.fraction < 1
    began = process.cpu_times().user
    events.close()
    usual = next(event for event in host.generate(text_request(max_tokens=1)) if isinstance(event, TextDelta))
    assert usual.text
    assert process.cpu_times().user - began < 6


def test_more_requests_than_slots_all_finish(host: HostedEngine, text_request: Ask) -> None:
    ends: list[EngineEvent] = []

    def ask(seed: int) -> None:
        ends.append(list(host.generate(text_request(seed=seed, max_tokens=4)))[-1])

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(end) for end in ends] == [Done] * 5


def test_waiting_for_a_slot_can_be_cancelled(host: HostedEngine, text_request: Ask) -> None:
    running = [host.generate(text_request("Tell a long story.", seed=seed, max_tokens=400)) for seed in range(2)]
    for events in running:
        next(event for event in events if isinstance(event, TextDelta))
    waiting = host.generate(text_request())
    assert isinstance(next(waiting), Progress)
    began = time.monotonic()
    waiting.close()
    assert time.monotonic() - began < 1
    for events in running:
        events.close()


def test_prompt_stays_cached_between_turns(host: HostedEngine, text_request: Ask) -> None:
    prompt = "Here are some words about a garden with old trees and a pond. " * 4

    def cached() -> int:
        usage = list(host.generate(text_request(prompt, max_tokens=2)))[-2]
        assert isinstance(usage, Usage)
        return usage.counts.cached_tokens

    cached()
    assert cached() > 40


def test_closing_frees_the_weights(model: Model) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    engine = LlamaCppEngine(model, {"threads": 1, "context": 2048, "slots": 2})
    loaded = process.memory_info().rss
    engine.close()
    assert loaded - before > 80e6
    assert process.memory_info().rss - before < 0.5 * (loaded - before)


def test_context_is_at_most_what_the_model_was_trained_for(model: Model, text_request: Ask) -> None:
    short = model.model_copy(update={"details": {**model.details, "context_length": 256}})
    engine = LlamaCppEngine(short, LoadOptions(threads=1, context=4096, slots=1).model_dump())
    with pytest.raises(ContextTooLong, match="at most 256"):
        list(engine.generate(text_request("word " * 400)))
    engine.close()


def test_calls_in_the_models_own_notation_are_put_together() -> None:
    tools = [Tool(name="weather"), Tool(name="clock")]
    answer = Answer(TextOptions(tools=tools), None)
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "weather", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"town": '}},
        {"index": 0, "function": {"arguments": '"Ulm"}'}},
        {"index": 1, "id": "b", "function": {"name": "clock", "arguments": "{}"}},
    ]
    for piece in pieces:
        chunk = {"choices": [{"delta": {"tool_calls": [piece]}, "finish_reason": None}]}
        assert not list(answer.events(chunk))
    events = list(answer.ending())
    calls = [event.call for event in events if isinstance(event, ToolCallDelta)]
    assert [(call.id, call.name, call.arguments) for call in calls] == [
        ("a", "weather", '{"town": "Ulm"}'),
        ("b", "clock", "{}"),
    ]
    assert events[-1] == Done(finish_reason="tool_calls")
