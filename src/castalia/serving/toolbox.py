"""Tools that are run here: what the model is told of them, and calling them."""

import json
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field

from castalia.core.content import ToolCall
from castalia.core.errors import BadRequest, CastaliaError
from castalia.core.events import Progress
from castalia.core.results import ToolUse
from castalia.modalities.text.options import Tool

LONGEST_OUTPUT = 8000
"""Characters of a tool's output that the model is given; it is told when there were more."""

Calling = Callable[[dict[str, object]], Generator[Progress, None, str]]
"""Runs a tool with its arguments and returns its output as text; yields Progress while it takes long."""


@dataclass(frozen=True)
class ServedTool:
    """A tool with what runs it. ``source`` is the kind of thing it comes from: ``python``, ``mcp:NAME``.

    ``call`` raises a CastaliaError when the tool fails: the model is told, and may try again.
    """

    definition: Tool
    call: Calling
    source: str
    info: dict[str, object] = field(default_factory=dict[str, object])


class Toolbox:
    """The tools of one request by name. Raises BadRequest for two of one name."""

    def __init__(self, tools: Iterable[ServedTool] = ()) -> None:
        self.tools: dict[str, ServedTool] = {}
        for tool in tools:
            name = tool.definition.name
            if name in self.tools:
                raise BadRequest(f"There are two tools named {name!r}.", hint="Allow only one of them.")
            self.tools[name] = tool

    def __contains__(self, name: str) -> bool:
        return name in self.tools

    def __bool__(self) -> bool:
        return bool(self.tools)

    def definitions(self) -> list[dict[str, object]]:
        """What the model is told of the tools."""
        return [tool.definition.model_dump() for tool in self.tools.values()]

    def run(self, call: ToolCall, step: int) -> Generator[Progress, None, ToolUse]:
        """Call a tool; what goes wrong is in the use's ``error``."""
        use = self.begun(call, step)
        started = time.monotonic()
        try:
            output = yield from self.tools[call.name].call(_arguments(call))
            told: dict[str, object] = {"output": _bounded(output)}
        except CastaliaError as error:
            told = {"error": f"{error.message} {error.hint}".strip()}
        return use.model_copy(update={**told, "seconds": round(time.monotonic() - started, 4)})

    def begun(self, call: ToolCall, step: int) -> ToolUse:
        """The use of a tool before it has answered."""
        tool = self.tools[call.name]
        return ToolUse(
            step=step, id=call.id, name=call.name, source=tool.source, arguments=call.arguments, info=tool.info
        )


def _arguments(call: ToolCall) -> dict[str, object]:
    try:
        arguments = json.loads(call.arguments)
    except ValueError as error:
        raise BadRequest(f"The arguments are not JSON: {error}.") from None
    if not isinstance(arguments, dict):
        raise BadRequest("The arguments are not a JSON object.")
    return {str(name): value for name, value in arguments.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _bounded(output: str) -> str:
    if len(output) <= LONGEST_OUTPUT:
        return output
    return f"{output[:LONGEST_OUTPUT]}\n[These are the first {LONGEST_OUTPUT} of {len(output)} characters.]"
