"""Tool calls by any language model: as schema and prompt, read from text, and always as their tools want them.

A call that must be made (``tool_choice`` ``required`` or a name) is forced through a JSON schema; with ``auto`` the
tools are described to the model and an answer that is a call, or several, becomes one (`ToolCallSifter`). Calls whose
arguments do not obey their tool's schema are asked for again, forced (`with_valid_calls`).
"""

import importlib
import json
import secrets
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, cast

from castalia.core.content import ToolCall
from castalia.core.errors import BadRequest, EngineError
from castalia.core.events import Done, EngineEvent, ToolCallDelta, Usage
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.modalities.text.options import TextOptions, Tool

CALL_OPENINGS = ("{", "[{", "<tool_call>", "```json")
"""How models start a tool call: bare JSON, a list of it, in Hermes' tags, or fenced."""
TAG = CALL_OPENINGS[2]
"""The one that says so anywhere in a text."""
FRAMES = (TAG, "</tool_call>", "```json", "```")
BETWEEN = " \t\r\n,;[]"
"""What stands between calls and around a list of them."""
MOST_CALLS = 8
"""Calls that a demand for any number of them can make at once."""

Schema = dict[str, object]


def forced_tools(options: TextOptions) -> bool:
    """Whether a tool must be called. Raises BadRequest when the tool named, or any tool, is missing."""
    choice = options.tool_choice
    if choice in {"auto", "none"}:
        return False
    names = [tool.name for tool in options.tools]
    if not names:
        raise BadRequest(f"tool_choice is {choice!r} but there are no tools.", hint="Give tools, or leave it out.")
    if choice != "required" and choice not in names:
        raise BadRequest(f"tool_choice names {choice!r}, which is not a tool.", hint=f"Tools: {', '.join(names)}.")
    return True


def tool_schema(options: TextOptions) -> Schema:
    """The JSON schema of a demanded call ``{"name", "arguments"}`` of the tool named; with ``required``, of any.

    There, when calls may be parallel, it is that of a list of 1 to `MOST_CALLS` calls.
    """
    definitions: Schema = {}
    calls: list[Schema] = []
    for tool in options.tools:
        if options.tool_choice not in {"auto", "required", tool.name}:
            continue
        parameters = dict(tool.parameters)
        # References are absolute ("#/$defs/Colour"), so definitions move to the root, under the tool's name
        for keyword in ("$defs", "definitions"):
            inner = cast(Schema, parameters.pop(keyword, {}))
            for name, definition in inner.items():
                definitions[f"{tool.name}.{name}"] = _with_moved_references(definition, tool.name)
        calls.append(
            {
                "type": "object",
                "properties": {
                    "name": {"const": tool.name},
                    "arguments": _with_moved_references(parameters, tool.name),
                },
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    schema: Schema = dict(calls[0]) if len(calls) == 1 else {"anyOf": calls}
    if several_calls(options):
        schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST_CALLS}
    if definitions:
        schema["$defs"] = definitions
    return schema


def several_calls(options: TextOptions) -> bool:
    """Whether a demand is for a list of calls."""
    return options.parallel_tool_calls and options.tool_choice == "required"


def _with_moved_references(schema: object, tool: str) -> object:
    if isinstance(schema, list):
        return [_with_moved_references(item, tool) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    moved: Schema = {}
    for key, value in cast(Schema, schema).items():
        if key == "$ref" and isinstance(value, str):
            moved[key] = f"#/$defs/{tool}.{value.rsplit('/', 1)[-1]}"
        else:
            moved[key] = _with_moved_references(value, tool)
    return moved


def tool_prompt(options: TextOptions) -> str:
    """The text that tells a model of its tools, for chat templates that have no place for them."""
    # of tools that may not be called a small model need not read
    told = [tool for tool in options.tools if options.tool_choice in {"auto", "required", tool.name}]
    lines = [json.dumps(tool.model_dump(), ensure_ascii=False) for tool in told]
    forced = forced_tools(options)
    when = "Call one of them now." if forced else "When one of them helps, call it; otherwise answer in plain words."
    shape = '{"name": "<the tool>", "arguments": {<its parameters>}}'
    how = f"A call is one JSON object and nothing else: {shape}"
    if several_calls(options):
        when, how = "Call those that the request needs.", f"Calls are a JSON list and nothing else: [{shape}, ...]"
    elif not forced and options.parallel_tool_calls:
        how += " Several calls stand below each other."
    return "You have these tools, one JSON object a line:\n" + "\n".join(lines) + f"\n{when} {how}"


def parse_calls(text: str) -> list[ToolCall]:
    """The calls ``{"name": ..., "arguments": {...}}`` in a text of nothing else, bare, listed, tagged or fenced.

    One that repeats another to the letter is left out, and so is one that the end of the answer cut short, behind
    others. Raises EngineError when there is anything else, or no call is complete.
    """
    body = text
    for frame in FRAMES:
        body = body.replace(frame, " ")
    found: dict[tuple[str, str], ToolCall] = {}
    body = body.strip(BETWEEN)
    while body:
        try:
            value, end = json.JSONDecoder().raw_decode(body)
            name, arguments = str(value["name"]), json.dumps(value["arguments"], ensure_ascii=False)
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, ValueError) and found and body.startswith("{"):
                break
            found.clear()
            break
        call = ToolCall(id=f"call_{secrets.token_hex(8)}", name=name, arguments=arguments)
        found.setdefault((name, arguments), call)
        body = body[end:].lstrip(BETWEEN)
    if not found:
        raise EngineError(
            "The model's tool call is not complete JSON.",
            hint="Raise max_tokens, or describe the tool more simply.",
            details={"text": text},
        )
    return list(found.values())


class ToolCallSifter:
    """Tells tool calls from an answer while it streams: what opens like a call is kept back, the rest passes."""

    def __init__(self, options: TextOptions) -> None:
        self._names = {tool.name for tool in options.tools} if options.tool_choice == "auto" else set[str]()
        self._most = MOST_CALLS if options.parallel_tool_calls else 1
        self._held = ""
        self._begun = False
        self._sealed = False

    def feed(self, text: str) -> str:
        """The text that is certainly not part of a call."""
        if not self._names:
            return text
        self._held += text
        if self._sealed:
            return ""
        start = self._held.lstrip()
        if not self._begun and any(start.startswith(one) or one.startswith(start) for one in CALL_OPENINGS):
            return ""
        self._begun = True
        place = self._held.find(TAG)
        self._sealed = place >= 0
        keep = len(self._held) - place if self._sealed else overlap(self._held, TAG)
        cut = len(self._held) - keep
        safe, self._held = self._held[:cut], self._held[cut:]
        return safe

    def finish(self) -> list[ToolCall] | str:
        """The calls that were kept back, or the text of them when they are none."""
        held, self._held = self._held, ""
        if not held or not self._names:
            return held
        try:
            calls = parse_calls(held)
        except EngineError:
            return held
        return calls[: self._most] if all(call.name in self._names for call in calls) else held


def overlap(text: str, wanted: str) -> int:
    """Length of the longest beginning of ``wanted``, short of all of it, that the text ends with."""
    longest = min(len(wanted) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(wanted[:size])), 0)


def valid_call(call: ToolCall, tools: list[Tool]) -> bool:
    """Whether it calls one of the tools with arguments that obey its schema."""
    jsonschema: Any = importlib.import_module("jsonschema")
    tool = next((tool for tool in tools if tool.name == call.name), None)
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return False
    if tool is None or not isinstance(arguments, dict):
        return False
    return bool(jsonschema.Draft202012Validator(tool.parameters).is_valid(arguments))


def with_valid_calls(generate: Callable[[Request], Generator[EngineEvent]], request: Request) -> Generator[EngineEvent]:
    """The events of an answer in which every call is valid.

    Calls that are not are asked for again, of the same tools, forced through their schema; both count as usage.
    """
    options = TextOptions.model_validate(request.options)
    broken: list[str] = []
    spent = UsageCounts()
    with closing(generate(request)) as events:
        for event in events:
            match event:
                case ToolCallDelta() if not valid_call(event.call, options.tools):
                    broken.append(event.call.name)
                case Usage() if broken:
                    spent = event.counts
                case Done() if broken:
                    pass
                case _:
                    yield event
    if not broken:
        return
    again = [tool for tool in options.tools if tool.name in broken] or options.tools
    demand = {"tools": [tool.model_dump() for tool in again], "tool_choice": "required"}
    with closing(generate(request.model_copy(update={"options": {**request.options, **demand}}))) as events:
        for event in events:
            yield Usage(counts=spent.plus(event.counts)) if isinstance(event, Usage) else event
