"""Extract: what a text says, as JSON that obeys a schema: the grammar allows nothing else."""

import json
import re
from collections.abc import Generator
from typing import Any, cast

from pydantic import Field, computed_field

from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.language.sections import over_sections
from castalia.language.task import Desk, Given, Made, Schema, Task, TaskOptions, TaskOutput, Turn

SECTION = 1200
ROOM = 400


class Options(TaskOptions):
    """What is looked for: names of fields, or a JSON schema."""

    fields: list[str] = Field(
        default_factory=list[str], max_length=40, description="What to look for; each becomes a text or null."
    )
    json_schema: Schema | None = Field(default=None, description="JSON schema that the result obeys.")


class Extracted(TaskOutput):
    """The text is JSON; ``value`` is what it says."""

    @computed_field
    @property
    def value(self) -> Any:
        """The JSON value."""
        return json.loads(self.text)


EXAMPLE_TEXT = "Dr. Ines Moll (Bremen office) will give the talk 'Safe roofs' on 4 June. Entry is free."
EXAMPLE_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "speaker": {"type": "string"},
        "day": {"type": "string"},
        "room": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
EXAMPLE_JSON = '{"speaker": "Dr. Ines Moll", "day": "4 June", "room": null}'


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """One JSON value; of a long text that of each section, put together. Raises BadRequest without a schema.

    With ``fields`` every value is spelt as in the text, and one that does not stand there becomes null.
    """
    schema = schema_of(given.options)
    limit = min(SECTION, desk.room(turns("", schema), ROOM))

    def work(section: str, purpose: str) -> Generator[Event, None, str]:
        return (
            yield from desk.write(turns(section.strip(), schema), max_tokens=ROOM, purpose=purpose, json_schema=schema)
        )

    mapped = yield from over_sections(desk, given.text, limit, work, "reading")
    found = [
        (json.loads(text), section) for text, section in zip(mapped.texts, mapped.sections, strict=True) if text.strip()
    ]
    if not found:
        raise BadRequest("There is nothing to extract from: the text is empty.", hint="Give a text.")
    value = found[0][0] if len(found) == 1 else merged(found)
    if given.options.fields:
        value = {name: as_in(given.text, inner) for name, inner in cast("dict[str, object]", value).items()}
    text = json.dumps(value, ensure_ascii=False)
    yield desk.show(text)
    return Made([text], mapped.coverage)


def schema_of(options: Options) -> Schema:
    """The schema asked for, or one of an object with these fields. Raises BadRequest for neither or both."""
    if (options.json_schema is None) == (not options.fields):
        raise BadRequest(
            "Extracting needs to know what to look for.", hint="Give either fields or json_schema: --fields name,date"
        )
    if options.json_schema is not None:
        return options.json_schema
    value = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    return {
        "type": "object",
        "properties": dict.fromkeys(options.fields, value),
        "required": list(options.fields),
        "additionalProperties": False,
    }


def turns(text: str, schema: Schema) -> list[Turn]:
    """One extraction made already, then the text with the fields that are wanted."""
    return [
        ("user", _asked(EXAMPLE_TEXT, EXAMPLE_SCHEMA)),
        ("assistant", EXAMPLE_JSON),
        ("user", _asked(text, schema)),
    ]


def _asked(text: str, schema: Schema) -> str:
    fields = cast("dict[str, Schema]", schema.get("properties") or {})
    told = [f"{name} ({field['description']})" if "description" in field else name for name, field in fields.items()]
    wanted = ", ".join(told) if told else json.dumps(schema)
    return f"Text: {text}\n\nGive as JSON what the text says, in its own words, null for what it does not say: {wanted}"


def as_in(text: str, value: object) -> str | None:
    """The value as the text spells it: capitals, white space and punctuation between words may differ. None else."""
    words = re.findall(r"[^\W_]+", str(value or ""))
    if not words:
        return None
    letters = [re.escape(letter) for letter in "".join(words)]
    pattern = r"[\W_]*".join(letters)
    found = re.search(rf"(?<![^\W_]){pattern}(?![^\W_])", text, re.IGNORECASE)
    return found.group(0) if found else None


def merged(found: list[tuple[object, str]]) -> object:
    """One value from those of several sections: lists are joined, and of single values the first counts that stands in
    its section word for word, else the first at all."""
    values = [value for value, _ in found]
    if all(isinstance(value, list) for value in values):
        items = [item for value in values for item in cast("list[object]", value)]
        return list({json.dumps(item, sort_keys=True): item for item in items}.values())
    if all(isinstance(value, dict) for value in values):
        objects = [(cast("dict[str, object]", value), section) for value, section in found]
        names = dict.fromkeys(name for value, _ in objects for name in value)
        return {name: merged([(value[name], section) for value, section in objects if name in value]) for name in names}
    told = [(value, section) for value, section in found if value is not None]
    sure = [value for value, section in told if str(value).lower() in section.lower()]
    return (sure or [value for value, _ in told] or [None])[0]


TASK = Task(
    name="extract",
    summary="Take what a text says out of it, as JSON of a schema.",
    options=Options,
    output=Extracted,
    run=run,
    measures=("coverage", "found in the text"),
)
