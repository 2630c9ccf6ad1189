"""Whether an answer has the form that was asked for: a JSON schema, or the arguments of a tool."""

import importlib
import json
from typing import Any

from pydantic import TypeAdapter

from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.modalities.text.options import Tool

SHOWN = 3

TOOLS = TypeAdapter(list[Tool])


def violations(text: str, schema: dict[str, object]) -> list[str]:
    """What is wrong with a JSON text under a JSON schema (draft 2020-12), worst first; empty when it obeys.

    References to other places are never fetched: they count as violations.
    """
    jsonschema: Any = importlib.import_module("jsonschema")
    referencing: Any = importlib.import_module("referencing")
    unresolvable: Any = importlib.import_module("referencing.exceptions").Unresolvable
    try:
        value: object = json.loads(text)
    except ValueError as error:
        return [f"it is not JSON: {error}"]
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
        found = sorted(validator.iter_errors(value), key=lambda error: len(error.absolute_path))
    except jsonschema.SchemaError as error:
        return [f"the schema itself is wrong: {error.message}"]
    except unresolvable as error:
        return [f"the schema refers to something that it does not hold: {error}"]
    return [f"{error.json_path}: {error.message}" for error in found]


def check_schema(text: str, schema: dict[str, object]) -> Measure:
    """The measure ``schema``: violations; text that is not JSON at all blocks, for no program can read it."""
    wrong = violations(text, schema)
    unreadable = bool(wrong) and wrong[0].startswith("it is not JSON")
    return Measure(
        name="schema",
        value=len(wrong),
        unit="violations",
        direction="lower",
        threshold=0,
        status="block" if unreadable else "flag" if wrong else "pass",
        note=_told(wrong) if wrong else "The answer obeys the schema.",
    )


def check_tool_calls(context: CheckContext) -> list[Measure]:
    """The measure ``tool calls``: violations of the tools' parameter schemas; empty when no tool was called."""
    if not context.tool_calls:
        return []
    tools = {tool.name: tool for tool in TOOLS.validate_python(context.request.options.get("tools") or [])}
    wrong: list[str] = []
    for call in context.tool_calls:
        tool = tools.get(call.name)
        if tool is None:
            wrong.append(f"there is no tool {call.name!r}")
        else:
            wrong.extend(f"{call.name}: {line}" for line in violations(call.arguments, tool.parameters))
    return [
        Measure(
            name="tool calls",
            value=len(wrong),
            unit="violations",
            direction="lower",
            threshold=0,
            status="flag" if wrong else "pass",
            note=_told(wrong) if wrong else "All arguments obey their tool's schema.",
        )
    ]


def _told(wrong: list[str]) -> str:
    more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
    return "; ".join(line[:200] for line in wrong[:SHOWN]) + more
