"""Schemas that an answer is forced to obey: what cannot be enforced is refused by name and place."""

import pytest

from castalia.core.errors import BadRequest, EngineError
from castalia.engines.answer_schema import answer_schema, check_answer, vet
from castalia.modalities.text.options import TextOptions, Tool

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"$ref": "#/$defs/Age"}},
    "required": ["name", "age"],
    "$defs": {"Age": {"type": "integer", "minimum": 0, "maximum": 120}},
}


def test_usual_schemas_pass() -> None:
    vet(PERSON)
    vet({"anyOf": [{"const": "yes"}, {"enum": ["no", 3, None]}, {"type": ["integer", "null"]}]})
    vet({"type": "object", "properties": {"not": {"type": "string"}}})  # a property of that name, no keyword


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nonsense"}, "nonsense"),
        ({"not": {"type": "string"}}, "not cannot be enforced"),
        ({"type": "array", "items": {"type": "string", "if": {}}}, "#/items: if cannot be enforced"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "minLength 5 is above maxLength 2"),
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, "#/properties/a: #/nowhere refers to nothing"),
        ({"anyOf": []}, "anyOf"),
        ({"enum": []}, "enum is empty"),
        ({"type": "object", "properties": 3}, "properties"),
    ],
)
def test_what_cannot_be_enforced_is_named(schema: dict[str, object], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        vet(schema)
    assert said in caught.value.message


def test_a_demanded_call_comes_before_the_own_schema() -> None:
    tools = [Tool(name="look")]
    assert answer_schema(TextOptions()) is None
    assert answer_schema(TextOptions(tools=tools)) is None
    assert answer_schema(TextOptions(json_schema=PERSON)) == PERSON
    assert answer_schema(TextOptions(json_schema=PERSON, tools=tools, tool_choice="none")) == PERSON
    forced = answer_schema(TextOptions(json_schema=PERSON, tools=tools, tool_choice="required"))
    assert forced is not None
    assert "look" in str(forced)
    with pytest.raises(BadRequest, match="exclude each other"):
        answer_schema(TextOptions(json_schema=PERSON, tools=tools))


def test_an_answer_that_disobeys_is_an_error() -> None:
    check_answer('{"name": "Ada", "age": 36}', PERSON)
    for wrong in ['{"name": "ada", "age": 36}', '{"name": "Ada"', "Ada, 36"]:
        with pytest.raises(EngineError, match="does not obey"):
            check_answer(wrong, PERSON)
