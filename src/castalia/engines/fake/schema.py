"""The smallest value that a JSON schema admits, for answers that must obey one."""

from typing import cast

Schema = dict[str, object]


def smallest(schema: object, root: Schema | None = None) -> object:
    """A minimal value valid under the usual keywords (not patterns) of ``schema``, which must be vetted already."""
    if isinstance(schema, bool):
        return None
    schema = cast(Schema, schema)
    root = schema if root is None else root
    if "$ref" in schema:
        return smallest(_referenced(str(schema["$ref"]), root), root)
    if "const" in schema:
        return schema["const"]
    for choices in ("enum", "anyOf", "oneOf"):
        if choices in schema:
            first = cast("list[object]", schema[choices])[0]
            return first if choices == "enum" else smallest(first, root)
    if "allOf" in schema:
        merged: Schema = {}
        for piece in cast("list[Schema]", schema["allOf"]):
            merged.update(piece)
        return smallest(merged, root)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    return _of_kind(cast("list[str]", kind)[0] if isinstance(kind, list) else str(kind), schema, root)


def _of_kind(kind: str, schema: Schema, root: Schema) -> object:
    if kind == "object":
        properties = cast("dict[str, object]", schema.get("properties", {}))
        names = cast("list[str]", schema.get("required", []))
        return {name: smallest(properties.get(name, True), root) for name in names}
    if kind == "array":
        count = cast(int, schema.get("minItems", 0))
        return [smallest(schema.get("items", True), root) for _ in range(count)]
    if kind == "string":
        return "x" * cast(int, schema.get("minLength", 1))
    if kind in {"integer", "number"}:
        return schema.get("minimum", 0)
    if kind == "boolean":
        return False
    return None


def _referenced(reference: str, root: Schema) -> object:
    place = root
    for name in reference.split("/")[1:]:
        place = cast(Schema, place[name])
    return place
