"""JSON schemas that an answer is forced to obey: refused when they cannot be enforced, checked when it is there.

Grammar engines pass silently over keywords that they do not know, so those are refused here by name.
"""

import importlib
import json
from collections.abc import Iterator
from typing import Any, cast

from castalia.core.errors import BadRequest, EngineError
from castalia.engines.calling import forced_tools, tool_schema
from castalia.modalities.text.options import TextOptions

Schema = dict[str, object]

_ENFORCED = """
    type enum const anyOf oneOf allOf $ref $defs definitions $id $anchor $schema
    properties patternProperties additionalProperties required items prefixItems minItems maxItems
    pattern format minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
    title description default examples deprecated readOnly writeOnly $comment
"""
ENFORCED = frozenset(_ENFORCED.split())
"""Keywords that are enforced, or say nothing about what is valid."""
BOUNDS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minimum", "maximum"))


def answer_schema(options: TextOptions) -> Schema | None:
    """The schema that the answer must obey: of a tool call that is demanded, or the person's own.

    Raises BadRequest for one that cannot be enforced, and when it is asked for beside tools that may be called.
    """
    if forced_tools(options):
        schema = tool_schema(options)
    elif options.json_schema is None:
        return None
    elif options.tools and options.tool_choice == "auto":
        raise BadRequest(
            "json_schema and tools exclude each other: the answer is either a call or obeys the schema.",
            hint="Set tool_choice to none or required, or leave one of them out.",
        )
    else:
        schema = options.json_schema
    vet(schema)
    return schema


def vet(schema: Schema) -> None:
    """Raise BadRequest, naming the place, for a schema that is wrong, unsatisfiable or not enforceable."""
    jsonschema: Any = importlib.import_module("jsonschema")
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        place = "/".join(str(piece) for piece in error.absolute_path) or "its root"
        raise _wrong(place, str(error.message)) from None
    for place, piece in _pieces(schema, "#"):
        for keyword in piece:
            if keyword not in ENFORCED and not keyword.startswith("x-"):
                raise _wrong(place, f"{keyword} cannot be enforced")
        for low, high in BOUNDS:
            least, most = piece.get(low), piece.get(high)
            if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
                raise _wrong(place, f"{low} {least} is above {high} {most}, so nothing is valid")
        for choices in ("anyOf", "oneOf", "allOf", "enum"):
            if piece.get(choices) == []:
                raise _wrong(place, f"{choices} is empty, so nothing is valid")
        if "$ref" in piece:
            _resolve(str(piece["$ref"]), schema, place)


def check_answer(text: str, schema: Schema) -> None:
    """Raise EngineError when a finished answer does not obey its schema: then the engine did not enforce it."""
    jsonschema: Any = importlib.import_module("jsonschema")
    try:
        jsonschema.validate(json.loads(text), schema, cls=jsonschema.Draft202012Validator)
    except (json.JSONDecodeError, jsonschema.ValidationError) as error:
        raise EngineError(
            f"The answer does not obey the JSON schema: {getattr(error, 'message', error)}.",
            hint="Make the schema simpler, or take another engine with --engine.",
            details={"text": text},
        ) from None


def _pieces(schema: object, place: str) -> Iterator[tuple[str, Schema]]:
    """Every schema inside the schema with its place."""
    if not isinstance(schema, dict):
        return
    piece = cast(Schema, schema)
    yield place, piece
    for keyword, value in piece.items():
        if keyword in {"properties", "patternProperties", "$defs", "definitions"}:
            for name, inner in cast(Schema, value).items():
                yield from _pieces(inner, f"{place}/{keyword}/{name}")
        elif keyword in {"items", "additionalProperties"}:
            yield from _pieces(value, f"{place}/{keyword}")
        elif keyword in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            for number, inner in enumerate(cast("list[object]", value)):
                yield from _pieces(inner, f"{place}/{keyword}/{number}")


def _resolve(reference: str, root: Schema, place: str) -> None:
    target: Schema | None = root
    for name in reference.split("/")[1:] if reference.startswith("#") else [reference]:
        target = cast("Schema | None", (target or {}).get(name))
    if target is None:
        raise _wrong(place, f"{reference} refers to nothing in the schema")


def _wrong(place: str, why: str) -> BadRequest:
    return BadRequest(f"The JSON schema cannot be used: at {place}: {why}.", hint="Change that part of the schema.")
