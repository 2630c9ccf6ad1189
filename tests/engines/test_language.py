"""What every engine for language carries out, asked of each that says so in its spec."""

import json
import re
from collections.abc import Callable, Iterator

import jsonschema
import pytest

from castalia.core.content import Message, ToolCall
from castalia.core.contracts import Engine
from castalia.core.errors import BadRequest, ContextTooLong, UnsupportedOption
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, TokenLogprob, ToolCallDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.host import open_engine

Ask = Callable[..., Request]
PAIRS = [
    (name, kind)
    for name, spec in engines().specs().items()
    if "json_schema" in spec.options.get("text", ())
    for kind in spec.formats
]
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10},
        "age": {"type": "integer", "minimum": 18, "maximum": 30},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOWN = {"type": "object", "properties": {"town": {"type": "string", "maxLength": 16}}, "required": ["town"]}
TOOLS = [{"name": "weather", "description": "The weather of a town", "parameters": TOWN}, {"name": "clock"}]


@pytest.fixture(scope="module", params=PAIRS, ids=["-".join(pair) for pair in PAIRS])
def engine(
    request: pytest.FixtureRequest, model_of_format: Callable[[str], Model], load_options: dict[str, object]
) -> Iterator[Engine]:
    """Each language engine with a model loaded."""
    name, kind = request.param
    if missing := engines().missing(name):
        pytest.skip(f"{name} needs {', '.join(missing)}, which is not installed")
    opened = open_engine(engines().spec(name), model_of_format(kind), load_options)
    yield opened
    opened.close()


def events_of(engine: Engine, request: Request) -> list[EngineEvent]:
    return [event for event in engine.generate(request) if not isinstance(event, Progress)]


def text_of(events: list[EngineEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reason_of(events: list[EngineEvent]) -> str:
    assert isinstance(events[-1], Done)
    return events[-1].finish_reason


def calls_of(events: list[EngineEvent]) -> list[ToolCall]:
    return [event.call for event in events if isinstance(event, ToolCallDelta)]


def test_max_tokens_ends_the_answer(engine: Engine, text_request: Ask) -> None:
    events = events_of(engine, text_request("Count to fifty.", max_tokens=5, temperature=0))
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert (usage.counts.output_tokens, reason_of(events)) == (5, "length")


def test_stop_text_ends_the_answer_and_is_not_in_it(engine: Engine, text_request: Ask) -> None:
    prompt = "Say something about stones."
    whole = text_of(events_of(engine, text_request(prompt, max_tokens=12, temperature=0)))
    words = whole.split()
    stop = f"{words[3]} {words[4]}"[:-1]  # crosses tokens
    events = events_of(engine, text_request(prompt, max_tokens=12, temperature=0, stop=[stop]))
    assert text_of(events) == whole[: whole.index(stop)]
    assert reason_of(events) == "stop"


def test_answer_obeys_a_json_schema(engine: Engine, text_request: Ask) -> None:
    events = events_of(engine, text_request("Describe a person.", max_tokens=80, temperature=0, json_schema=PERSON))
    assert reason_of(events) == "stop"
    jsonschema.validate(json.loads(text_of(events)), PERSON)


def test_schema_that_cannot_be_enforced_is_refused(engine: Engine, text_request: Ask) -> None:
    with pytest.raises(BadRequest, match="nonsense"):
        events_of(engine, text_request(json_schema={"type": "array", "items": {"type": "nonsense"}}))


@pytest.mark.parametrize("choice", ["required", "weather"])
def test_demanded_tool_is_called(engine: Engine, text_request: Ask, choice: str) -> None:
    events = events_of(
        engine, text_request("Weather in Paris?", tools=TOOLS, tool_choice=choice, max_tokens=60, temperature=0)
    )
    calls = calls_of(events)
    assert reason_of(events) == "tool_calls"
    assert text_of(events) == ""
    assert calls, "one at least"
    if choice == "weather":
        assert [call.name for call in calls] == ["weather"]
    for call in calls:
        if call.name == "weather":
            jsonschema.validate(json.loads(call.arguments), TOWN)


def test_conversation_with_tool_results_is_read(engine: Engine, text_request: Ask) -> None:
    request = text_request("Weather in Ulm?", tools=TOOLS, max_tokens=8)
    call = ToolCall(id="1", name="weather", arguments='{"town": "Ulm"}')
    answered = [
        Message(role="assistant", tool_calls=[call]),
        Message.of_text("sunny", role="tool").model_copy(update={"tool_call_id": "1"}),
    ]
    request.messages.extend(answered)
    assert reason_of(events_of(engine, request)) in {"stop", "length", "tool_calls"}


def logprobs_of(events: list[EngineEvent]) -> list[TokenLogprob]:
    return [entry for event in events if isinstance(event, TextDelta) for entry in event.logprobs]


def test_logprobs_are_those_of_the_text(engine: Engine, text_request: Ask) -> None:
    events = events_of(engine, text_request(max_tokens=6, temperature=0, logprobs=0))
    found = logprobs_of(events)
    assert "".join(entry.token for entry in found).startswith(text_of(events)[:12])
    assert all(entry.logprob <= 0 for entry in found)
    assert not any(entry.top for entry in found)


def test_runners_up_are_given_or_refused(engine: Engine, text_request: Ask) -> None:
    try:
        events = events_of(engine, text_request(max_tokens=6, temperature=0, logprobs=3))
    except UnsupportedOption:
        return
    found = logprobs_of(events)
    assert found
    for entry in found:
        assert len(entry.top) == 3
        assert entry.top == sorted(entry.top, key=lambda pair: -pair[1])
        assert entry.top[0][0] == entry.token  # temperature 0 takes the likeliest


def test_too_long_a_prompt_is_refused_with_both_lengths(
    engine: Engine, text_request: Ask, load_options: dict[str, object]
) -> None:
    with pytest.raises(ContextTooLong) as caught:
        events_of(engine, text_request("word " * 600))
    lengths = [int(number) for number in re.findall(r"\d+", caught.value.message)]
    assert lengths[0] >= 600
    assert lengths[1] == load_options["context"]


def test_answer_ends_where_the_context_does(engine: Engine, text_request: Ask, load_options: dict[str, object]) -> None:
    context = load_options["context"]
    assert isinstance(context, int)
    events = events_of(engine, text_request("word " * (context - 60), max_tokens=4000, temperature=0))
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert usage.counts.total_tokens <= context + 1


def test_special_characters_survive(engine: Engine, text_request: Ask) -> None:
    schema = {"const": "naïve 🙂 — 日本"}
    events = events_of(engine, text_request(max_tokens=40, json_schema=schema))
    assert json.loads(text_of(events)) == "naïve 🙂 — 日本"
    assert not any("\ufffd" in event.text for event in events if isinstance(event, TextDelta))
