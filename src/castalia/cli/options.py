"""Options of the modalities on the command line: the pydantic classes beside the modalities feed parsing and help."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast, get_args, get_origin

import click
from pydantic import BaseModel

from castalia.core.errors import BadRequest
from castalia.core.plugins import modalities, resolve
from castalia.core.requests import Preference

POLICIES = get_args(Preference)


class CommandWithOptions(click.Command):
    """A command whose help ends with the options of plug-ins. ``listed`` gives a heading and a class for each."""

    def __init__(self, *args: Any, listed: Callable[[], dict[str, type[BaseModel]]], dashed: bool, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.listed, self.dashed = listed, dashed

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write them, each class under its own heading; as ``--name``, or as ``name=`` when they are values."""
        for heading, options in self.listed().items():
            rows = [
                (f"--{name.replace('_', '-')}" if self.dashed else f"{name}=", _describe(options, name))
                for name in options.model_fields
            ]
            wide = click.HelpFormatter(width=100)
            with wide.section(heading):
                wide.write_dl(rows)
            formatter.write("\n" + wide.getvalue())


def modality_options() -> dict[str, type[BaseModel]]:
    """Each modality's class of generation options."""
    return {name: cast(type[BaseModel], resolve(spec.options)) for name, spec in modalities().specs().items()}


def check_allowed(mcp: str | None, allow: tuple[str, ...]) -> None:
    """Raise BadRequest for tools that are allowed of no server."""
    if allow and mcp is None:
        raise BadRequest("--allow picks among the tools of an MCP server.", hint="Name the server too: --mcp SERVER.")


def named_values(pairs: tuple[str, ...], flag: str) -> dict[str, object]:
    """``NAME=VALUE`` of a repeatable flag as a dictionary; a value with commas is a list. Raises BadRequest."""
    values: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise BadRequest(f"{flag} takes NAME=VALUE, not {pair!r}.", hint=f"For example {flag} size=32")
        values[name] = value.split(",") if "," in value else value
    return values


def split_arguments(arguments: list[str], known: dict[str, type[BaseModel]]) -> tuple[list[str], dict[str, object]]:
    """Positional arguments, and the options among the rest: ``--rows 5``, ``--rows=5``, ``--where a=b --where c=d``.

    Raises BadRequest for an option that no modality has or that lacks its value.
    """
    fields = {
        name: options.model_fields[name].annotation for options in known.values() for name in options.model_fields
    }
    positional: list[str] = []
    values: dict[str, object] = {}
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if not argument.startswith("--") or len(argument) == 2:
            positional.append(argument)
            continue
        flag, sign, value = argument[2:].partition("=")
        name = flag.replace("-", "_")
        if name not in fields:
            raise BadRequest(
                f"There is no option --{flag}.", hint="castalia ask --help lists the options of each modality."
            )
        if not sign:
            if not waiting:
                raise BadRequest(f"--{flag} needs a value.", hint=f"For example --{flag} VALUE.")
            value = waiting.pop(0)
        values[name] = _read(name, value, fields[name], values.get(name))
    return positional, values


def _read(name: str, text: str, annotation: object, earlier: object) -> object:
    kinds = {get_origin(kind) or kind for kind in (annotation, *get_args(annotation))}
    if list in kinds and not text.lstrip().startswith(("[", "@")):
        return [*cast("list[object]", earlier or []), text]
    if kinds & {dict, list}:
        try:
            source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
            return json.loads(source)
        except (OSError, ValueError) as error:
            raise BadRequest(
                f"--{name} is not readable JSON: {error}.", hint="Give JSON, or @FILE with JSON."
            ) from None
    return text


def _describe(options: type[BaseModel], name: str) -> str:
    field = options.model_fields[name]
    default = (
        ""
        if field.is_required() or field.default is None
        else f" [default: {field.get_default(call_default_factory=True)}]"
    )
    return f"{field.description or ''}{default}"
