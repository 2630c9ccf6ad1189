"""Messages for chat templates and stop texts, which every language engine shares."""

import json

import pytest

from castalia.core.content import Message, Part, ToolCall
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.engines.chat import StopCutter, plain_messages, template_messages
from castalia.modalities.text.options import TextOptions, Tool

WEATHER = Tool(
    name="weather",
    description="The weather of a town",
    parameters={"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_stop_text_is_found_however_the_text_is_split(size: int) -> None:
    cutter = StopCutter(["\n\n", "END"])
    text = "one\ntwo ENjoy END three\n\n"
    pieces = [cutter.feed(text[place : place + size]) for place in range(0, len(text), size)]
    assert "".join(pieces) + cutter.flush() == "one\ntwo ENjoy "
    assert cutter.stopped


def test_half_a_stop_text_at_the_end_is_sent() -> None:
    cutter = StopCutter(["STOP"])
    assert cutter.feed("so ST") == "so "
    assert cutter.flush() == "ST"
    assert not cutter.stopped


def test_plain_messages_tell_of_tools_and_calls() -> None:
    call = ToolCall(id="1", name="weather", arguments='{"town": "Ulm"}')
    messages = [
        Message.of_text("Weather in Ulm?"),
        Message(role="assistant", tool_calls=[call]),
        Message.of_text("sunny", role="tool"),
    ]
    plain = plain_messages(messages, TextOptions(tools=[WEATHER]))
    assert [message["role"] for message in plain] == ["system", "user", "assistant", "user"]
    assert "weather" in plain[0]["content"]
    assert json.loads(plain[2]["content"]) == {"name": "weather", "arguments": {"town": "Ulm"}}
    assert "sunny" in plain[3]["content"]


def test_where_words_are_wanted_results_are_told_without_calls() -> None:
    calls = [
        ToolCall(id="1", name="the_weather", arguments='{"town": "Ulm", "days": 2, "long": true}'),
        ToolCall(id="2", name="clock", arguments=""),
    ]
    messages = [
        Message.of_text("Weather and time in Ulm?"),
        Message(role="assistant", tool_calls=calls),
        Message.of_text("12:00", role="tool").model_copy(update={"tool_call_id": "2"}),
        Message.of_text("sunny", role="tool").model_copy(update={"tool_call_id": "1"}),
        Message.of_text("It is sunny.", role="assistant"),
        Message.of_text("Thanks."),
    ]
    known = "- clock: 12:00\n- the weather (town Ulm, days 2, long true): sunny"
    silent = TextOptions(tools=[WEATHER], tool_choice="none")
    for options in (silent, TextOptions()):
        assert plain_messages(messages, options) == [
            {"role": "user", "content": f"Weather and time in Ulm?\n\nThis is known:\n{known}"},
            {"role": "assistant", "content": "It is sunny."},
            {"role": "user", "content": "Thanks."},
        ]
    last = plain_messages(messages[:4], silent, knows_tools=True)
    assert last == [{"role": "user", "content": last[0]["content"]}]
    assert known in last[0]["content"]
    assert last[0]["content"].endswith("Tell me in words what came of it.")


def test_plain_messages_refuse_attachments() -> None:
    message = Message(parts=[Part(type="image", data=b"x", name="cat.png")])
    with pytest.raises(UnsupportedInput, match=r"cat\.png"):
        plain_messages([message], TextOptions())


def test_template_messages_carry_arguments_as_objects() -> None:
    call = ToolCall(id="1", name="weather", arguments='{"town": "Ulm"}')
    [told] = template_messages([Message(role="assistant", tool_calls=[call])])
    assert told["tool_calls"] == [
        {"id": "1", "type": "function", "function": {"name": "weather", "arguments": {"town": "Ulm"}}}
    ]
    broken = call.model_copy(update={"arguments": "{"})
    with pytest.raises(BadRequest, match="weather are no JSON object"):
        template_messages([Message(role="assistant", tool_calls=[broken])])
