"""Python functions as tools: the schema comes from the signature, the description from the docstring."""

import inspect
import json
import re
from collections.abc import Callable, Generator
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from castalia.core.errors import BadRequest, CastaliaError, EngineError
from castalia.core.events import Progress
from castalia.modalities.text.options import Tool
from castalia.serving.toolbox import ServedTool

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def function_tool(function: Callable[..., object]) -> ServedTool:
    """A tool that calls the function in this process; what it returns is told as text or JSON.

    Raises BadRequest for a parameter without a type, for ``*args`` and ``**kwargs``, and for a name that is no tool's.
    """
    name = getattr(function, "__name__", "")
    if not NAME.fullmatch(name):
        raise BadRequest(f"{name or function!r} is no name for a tool.", hint="Give a function with a plain name.")
    arguments = _arguments_model(name, function)
    definition = Tool(
        name=name, description=inspect.getdoc(function) or "", parameters=_plain(arguments.model_json_schema())
    )

    def call(given: dict[str, object]) -> Generator[Progress, None, str]:
        yield Progress(message=f"running {name}")
        try:
            checked = arguments.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(piece) for piece in first["loc"])
            raise BadRequest(f"The argument {place} is wrong: {first['msg']}.") from None
        try:
            return as_output(function(**{field: getattr(checked, field) for field in type(checked).model_fields}))
        except CastaliaError:
            raise
        except Exception as error:
            raise EngineError(f"{type(error).__name__}: {error}") from error

    return ServedTool(definition, call, "python")


def as_output(value: object) -> str:
    """A returned value as the model reads it."""
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _arguments_model(name: str, function: Callable[..., object]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
            raise BadRequest(f"{name} takes {parameter}, which a tool cannot.", hint="Name every parameter.")
        if parameter.name not in hints:
            raise BadRequest(
                f"The parameter {parameter.name!r} of {name} has no type.", hint=f"For example {parameter.name}: str"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _plain(schema: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in schema.items() if key != "title"}
