"""From a wish in plain words ("shorten this") to the request for a task."""

from castalia.choosing.tasks.routing import Route, route
from castalia.core.content import Part
from castalia.core.requests import Request
from castalia.serving.tasks import task_request


def routed(wish: str, inputs: list[Part], options: dict[str, object], **fields: object) -> tuple[Route, Request]:
    """The route that a wish takes, and its request. Options of the person's win over those read from the wish.

    Raises BadRequest, naming what it might be, when the wish is too unclear to act on.
    """
    found = route(wish, [kind_of(part) for part in inputs])
    return found, task_request(found.task, inputs or [Part.of_text(wish)], {**found.options, **options}, **fields)


def kind_of(part: Part) -> str:
    """Of what kind an input is: ``table``, ``code`` or ``text``."""
    suffix = (part.name or "").rpartition(".")[2].lower()
    return {"csv": "table", "tsv": "table", "py": "code", "js": "code", "ts": "code", "sql": "code"}.get(suffix, "text")
