"""Tools, stop texts and deltas that every language engine shares."""

import json

import jsonschema
import pytest

from castalia.core.content import Message, Part, ToolCall
from castalia.core.errors import BadRequest, EngineError, UnsupportedInput
from castalia.engines.chat import (
    StopCutter,
    ToolCallSifter,
    forced_tools,
    parse_tool_call,
    plain_messages,
    tool_schema,
)
from castalia.modalities.text.options import TextOptions, Tool

WEATHER = Tool(
    name="weather",
    description="The weather of a town",
    parameters={"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
)
PAINT = Tool(
    name="paint",
    parameters={
        "type": "object",
        "properties": {"colour": {"$ref": "#/$defs/Colour"}},
        "required": ["colour"],
        "$defs": {"Colour": {"enum": ["red", "blue"]}},
    },
)


def test_required_schema_admits_calls_of_any_tool_and_nothing_else() -> None:
    schema = tool_schema([WEATHER, PAINT], "required")
    jsonschema.validate({"name": "weather", "arguments": {"town": "Ulm"}}, schema)
    jsonschema.validate({"name": "paint", "arguments": {"colour": "red"}}, schema)
    for wrong in [
        {"name": "paint", "arguments": {"colour": "green"}},
        {"name": "weather", "arguments": {}},
        {"name": "other", "arguments": {}},
        {"name": "weather"},
    ]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_named_schema_admits_that_tool_only() -> None:
    schema = tool_schema([WEATHER, PAINT], "weather")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "paint", "arguments": {"colour": "red"}}, schema)


def test_definitions_of_two_tools_do_not_collide() -> None:
    other = PAINT.model_copy(
        update={"name": "dye", "parameters": {**PAINT.parameters, "$defs": {"Colour": {"const": 1}}}}
    )
    schema = tool_schema([PAINT, other], "required")
    jsonschema.validate({"name": "dye", "arguments": {"colour": 1}}, schema)
    jsonschema.validate({"name": "paint", "arguments": {"colour": "blue"}}, schema)


def test_forced_tools_names_what_is_wrong() -> None:
    assert forced_tools(TextOptions(tools=[WEATHER], tool_choice="required"))
    assert not forced_tools(TextOptions(tools=[WEATHER]))
    with pytest.raises(BadRequest, match="'paint', which is not a tool"):
        forced_tools(TextOptions(tools=[WEATHER], tool_choice="paint"))
    with pytest.raises(BadRequest, match="there are no tools"):
        forced_tools(TextOptions(tool_choice="required"))


@pytest.mark.parametrize("frame", ["{}", "<tool_call>\n{}\n</tool_call>", "```json\n{}\n```"])
def test_a_call_is_read_bare_tagged_or_fenced(frame: str) -> None:
    call = parse_tool_call(frame.replace("{}", '{"name": "weather", "arguments": {"town": "Köln"}}'))
    assert (call.name, json.loads(call.arguments)) == ("weather", {"town": "Köln"})


def test_a_cut_off_call_is_an_error_with_a_next_step() -> None:
    with pytest.raises(EngineError) as caught:
        parse_tool_call('{"name": "weather", "arguments": {"to')
    assert "max_tokens" in caught.value.hint


def test_sifter_passes_prose_and_keeps_calls() -> None:
    prose = ToolCallSifter([WEATHER])
    assert prose.feed(" ") + prose.feed("It is ") + prose.feed("{sunny}") == " It is {sunny}"
    assert prose.finish() == ""
    calling = ToolCallSifter([WEATHER])
    assert "".join(calling.feed(piece) for piece in ['{"na', 'me": "weather", "argu', 'ments": {}}']) == ""
    call = calling.finish()
    assert isinstance(call, ToolCall)
    assert call.name == "weather"


def test_sifter_gives_back_json_that_is_no_call_of_a_known_tool() -> None:
    sifter = ToolCallSifter([WEATHER])
    assert sifter.feed('{"name": "unknown", "arguments": {}}') == ""
    assert sifter.finish() == '{"name": "unknown", "arguments": {}}'


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


def test_plain_messages_refuse_attachments() -> None:
    message = Message(parts=[Part(type="image", data=b"x", name="cat.png")])
    with pytest.raises(UnsupportedInput, match=r"cat\.png"):
        plain_messages([message], TextOptions())
