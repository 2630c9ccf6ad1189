"""What every engine for language models needs around the tokens: tools as schema and prompt, stop texts, deltas.

Tools work on any model: a call that must be made (``tool_choice`` ``required`` or a name) is forced through a JSON
schema of ``{name, arguments}``; with ``auto`` the tools are described in the system message and an answer that is
such an object becomes a call (`ToolCallSifter`).
"""

import json
import secrets
from typing import cast

from castalia.core.content import Message, ToolCall
from castalia.core.errors import BadRequest, EngineError, UnsupportedInput
from castalia.modalities.text.options import TextOptions, Tool

CALL_OPENINGS = ("{", "<tool_call>", "```json")
"""How models start a tool call: bare JSON, in Hermes' tags, or fenced."""


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


def tool_schema(tools: list[Tool], tool_choice: str) -> dict[str, object]:
    """The JSON schema of one call ``{"name", "arguments"}``: of any tool (``required``) or of the one named."""
    definitions: dict[str, object] = {}
    calls: list[dict[str, object]] = []
    for tool in tools:
        if tool_choice not in {"auto", "required", tool.name}:
            continue
        parameters = dict(tool.parameters)
        # References are absolute ("#/$defs/Colour"), so definitions move to the root, under the tool's name
        for keyword in ("$defs", "definitions"):
            inner = cast("dict[str, object]", parameters.pop(keyword, {}))
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
    schema: dict[str, object] = dict(calls[0]) if len(calls) == 1 else {"anyOf": calls}
    if definitions:
        schema["$defs"] = definitions
    return schema


def _with_moved_references(schema: object, tool: str) -> object:
    if isinstance(schema, list):
        return [_with_moved_references(item, tool) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    moved: dict[str, object] = {}
    for key, value in cast("dict[str, object]", schema).items():
        if key == "$ref" and isinstance(value, str):
            moved[key] = f"#/$defs/{tool}.{value.rsplit('/', 1)[-1]}"
        else:
            moved[key] = _with_moved_references(value, tool)
    return moved


def tool_prompt(tools: list[Tool], forced: bool = False) -> str:
    """The text that tells a model of its tools, for chat templates that have no place for them."""
    lines = [json.dumps(tool.model_dump(), ensure_ascii=False) for tool in tools]
    when = "Call one of them now." if forced else "When one of them helps, call it; otherwise answer in plain words."
    return (
        "You have these tools, one JSON object a line:\n"
        + "\n".join(lines)
        + f"\n{when} A call is one JSON object and nothing else: "
        + '{"name": "<the tool>", "arguments": {<its parameters>}}'
    )


def parse_tool_call(text: str) -> ToolCall:
    """The call in ``{"name": ..., "arguments": {...}}``, bare, tagged or fenced. Raises EngineError else."""
    body = text.strip().removeprefix("<tool_call>").removeprefix("```json")
    body = body.strip().removesuffix("</tool_call>").removesuffix("```").strip()
    try:
        data = json.loads(body)
        name, arguments = data["name"], data["arguments"]
    except (ValueError, KeyError, TypeError):
        raise EngineError(
            "The model's tool call is not complete JSON.",
            hint="Raise max_tokens, or describe the tool more simply.",
            details={"text": text},
        ) from None
    return ToolCall(
        id=f"call_{secrets.token_hex(8)}", name=str(name), arguments=json.dumps(arguments, ensure_ascii=False)
    )


def plain_messages(messages: list[Message], options: TextOptions) -> list[dict[str, str]]:
    """``{role, content}`` for chat templates without tools: tools, calls and their results become plain text.

    Raises UnsupportedInput for attachments, which a language model cannot read.
    """
    plain: list[dict[str, str]] = []
    for message in messages:
        for part in message.attachments:
            raise UnsupportedInput(
                f"This language model reads text only, not {part.name or part.type}.",
                hint="Leave the attachment out, or pass its content as text.",
            )
        role, content = message.role, message.text
        if message.tool_calls:
            calls = [
                f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
            ]
            content = "\n".join([*([content] if content else []), *calls])
        if role == "tool":
            role, content = "user", f"The tool answered: {content}"
        plain.append({"role": role, "content": content})
    if options.tools and options.tool_choice != "none":
        prompt = tool_prompt(options.tools, forced_tools(options))
        if plain and plain[0]["role"] == "system":
            plain[0]["content"] += f"\n\n{prompt}"
        else:
            plain.insert(0, {"role": "system", "content": prompt})
    return plain


class ToolCallSifter:
    """Tells a tool call from an answer while it streams: what opens like a call is kept back, the rest passes."""

    def __init__(self, tools: list[Tool]) -> None:
        self._names = {tool.name for tool in tools}
        self._held = ""
        self._passing = not tools

    def feed(self, text: str) -> str:
        """The text that is certainly not part of a call."""
        if self._passing:
            return text
        self._held += text
        start = self._held.lstrip()
        if any(start.startswith(opening) or opening.startswith(start) for opening in CALL_OPENINGS):
            return ""
        self._passing = True
        held, self._held = self._held, ""
        return held

    def finish(self) -> ToolCall | str:
        """The call that was kept back, or the text of it when it is none."""
        held, self._held = self._held, ""
        if not held:
            return ""
        try:
            call = parse_tool_call(held)
        except EngineError:
            return held
        return call if call.name in self._names else held


class StopCutter:
    """Cuts streamed text before the first stop text, keeping back what may be the start of one."""

    def __init__(self, stops: list[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is safe to send; ``stopped`` is True once a stop text has come, and nothing follows it."""
        if self.stopped:
            return ""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            safe, self._held = self._held[: min(places)], ""
            return safe
        keep = max((self._overlap(stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        safe, self._held = self._held[:cut], self._held[cut:]
        return safe

    def flush(self) -> str:
        """What was kept back, at the end of the generation."""
        held, self._held = self._held, ""
        return held

    def _overlap(self, stop: str) -> int:
        """Length of the longest start of ``stop`` that the held text ends with."""
        longest = min(len(stop) - 1, len(self._held))
        return next((size for size in range(longest, 0, -1) if self._held.endswith(stop[:size])), 0)
