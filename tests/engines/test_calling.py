"""Tool calls: their schema, read from text, told from an answer, valid in the end."""

import json
from collections.abc import Generator

import jsonschema
import pytest

from castalia.core.content import ToolCall
from castalia.core.errors import BadRequest, EngineError
from castalia.core.events import Done, EngineEvent, TextDelta, ToolCallDelta, Usage
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.engines.calling import (
    MOST_CALLS,
    ToolCallSifter,
    forced_tools,
    parse_calls,
    tool_prompt,
    tool_schema,
    with_valid_calls,
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


ONE = TextOptions(tools=[WEATHER])


def test_required_schema_admits_calls_of_any_tool_and_nothing_else() -> None:
    schema = tool_schema(TextOptions(tools=[WEATHER, PAINT], tool_choice="required", parallel_tool_calls=False))
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
    schema = tool_schema(TextOptions(tools=[WEATHER, PAINT], tool_choice="weather"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "paint", "arguments": {"colour": "red"}}, schema)


def test_definitions_of_two_tools_do_not_collide() -> None:
    other = PAINT.model_copy(
        update={"name": "dye", "parameters": {**PAINT.parameters, "$defs": {"Colour": {"const": 1}}}}
    )
    schema = tool_schema(TextOptions(tools=[PAINT, other], tool_choice="required"))
    calls = [{"name": "dye", "arguments": {"colour": 1}}, {"name": "paint", "arguments": {"colour": "blue"}}]
    jsonschema.validate(calls, schema)
    for wrong in ([], calls * MOST_CALLS, calls[0]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_forced_tools_names_what_is_wrong() -> None:
    assert forced_tools(TextOptions(tools=[WEATHER], tool_choice="required"))
    assert not forced_tools(TextOptions(tools=[WEATHER]))
    with pytest.raises(BadRequest, match="'paint', which is not a tool"):
        forced_tools(TextOptions(tools=[WEATHER], tool_choice="paint"))
    with pytest.raises(BadRequest, match="there are no tools"):
        forced_tools(TextOptions(tool_choice="required"))


@pytest.mark.parametrize("frame", ["{}", "<tool_call>\n{}\n</tool_call>", "```json\n{}\n```"])
def test_a_call_is_read_bare_tagged_or_fenced(frame: str) -> None:
    [call] = parse_calls(frame.replace("{}", '{"name": "weather", "arguments": {"town": "Köln"}}'))
    assert (call.name, json.loads(call.arguments)) == ("weather", {"town": "Köln"})


def test_a_cut_off_call_is_an_error_with_a_next_step() -> None:
    with pytest.raises(EngineError) as caught:
        parse_calls('{"name": "weather", "arguments": {"to')
    assert "max_tokens" in caught.value.hint


def test_sifter_passes_prose_and_keeps_calls() -> None:
    prose = ToolCallSifter(ONE)
    assert prose.feed(" ") + prose.feed("It is ") + prose.feed("{sunny}") == " It is {sunny}"
    assert prose.finish() == ""
    calling = ToolCallSifter(ONE)
    assert "".join(calling.feed(piece) for piece in ['{"na', 'me": "weather", "argu', 'ments": {}}']) == ""
    [call] = calling.finish()
    assert isinstance(call, ToolCall)
    assert call.name == "weather"


def test_sifter_gives_back_json_that_is_no_call_of_a_known_tool() -> None:
    sifter = ToolCallSifter(ONE)
    assert sifter.feed('{"name": "unknown", "arguments": {}}') == ""
    assert sifter.finish() == '{"name": "unknown", "arguments": {}}'


FIRST, SECOND = (json.dumps({"name": "weather", "arguments": {"town": town}}) for town in ("Ulm", "Bonn"))


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}",
        f"[{FIRST}, {SECOND}]",
        f"{FIRST}, {SECOND}",
        f"<tool_call>\n{FIRST}\n</tool_call>\n<tool_call>\n{SECOND}\n</tool_call>",
        f"```json\n{FIRST}\n{SECOND}\n```",
        f"{FIRST}\n{SECOND}\n{FIRST}",
    ],
)
def test_several_calls_are_read_and_repeats_left_out(text: str) -> None:
    sifter = ToolCallSifter(ONE)
    assert "".join(sifter.feed(char) for char in text) == ""
    calls = sifter.finish()
    assert [json.loads(call.arguments)["town"] for call in calls if isinstance(call, ToolCall)] == ["Ulm", "Bonn"]
    single = ToolCallSifter(ONE.model_copy(update={"parallel_tool_calls": False}))
    single.feed(text)
    assert len(single.finish()) == 1


def test_of_a_list_that_is_cut_off_the_whole_calls_are_kept() -> None:
    assert len(parse_calls(f"[{FIRST}, {SECOND[:-5]}")) == 1
    for wrong in (f"{FIRST} and so on", "[]", "", "[1]"):
        with pytest.raises(EngineError):
            parse_calls(wrong)


def test_a_tagged_call_is_found_behind_words() -> None:
    sifter = ToolCallSifter(ONE)
    text = f"I look it up: a < b. <tool_call>{FIRST}</tool_call>"
    assert "".join(sifter.feed(char) for char in text) == "I look it up: a < b. "
    [call] = sifter.finish()
    assert isinstance(call, ToolCall)


def test_the_prompt_tells_of_several_calls_only_where_they_may_be() -> None:
    both = TextOptions(tools=[WEATHER, PAINT], tool_choice="required")
    assert "JSON list" in tool_prompt(both)
    assert "JSON list" not in tool_prompt(both.model_copy(update={"parallel_tool_calls": False}))
    assert "Several" in tool_prompt(ONE)
    assert "Several" not in tool_prompt(ONE.model_copy(update={"parallel_tool_calls": False}))


def test_a_call_with_wrong_arguments_is_asked_for_again_with_its_schema() -> None:
    asked: list[TextOptions] = []

    def generate(request: Request) -> Generator[EngineEvent]:
        options = TextOptions.model_validate(request.options)
        asked.append(options)
        good = options.tool_choice != "auto"
        yield TextDelta(text="well ")
        yield ToolCallDelta(
            call=ToolCall(id="1", name="paint", arguments='{"colour": "red"}' if good else '{"town": 3}')
        )
        yield Usage(counts=UsageCounts(input_tokens=5, output_tokens=2))
        yield Done(finish_reason="tool_calls")

    request = Request.of_text("Paint it", options=TextOptions(tools=[WEATHER, PAINT]).model_dump())
    events = list(with_valid_calls(generate, request))
    assert [[tool.name for tool in options.tools] for options in asked] == [["weather", "paint"], ["paint"]]
    assert [json.loads(event.call.arguments) for event in events if isinstance(event, ToolCallDelta)] == [
        {"colour": "red"}
    ]
    [usage] = [event.counts for event in events if isinstance(event, Usage)]
    assert (usage.input_tokens, usage.output_tokens) == (10, 4)
    assert sum(isinstance(event, Done) for event in events) == 1
