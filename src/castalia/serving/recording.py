"""Putting results on the record, and making them again."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, CastaliaError, Conflict, NotFound
from castalia.core.requests import Request, new_id
from castalia.core.results import Result, Step, ToolUse
from castalia.serving.house import House

if TYPE_CHECKING:
    from castalia.guarding.guard import Redactor


def keep_outputs(house: House, outputs: list[Part]) -> list[Part]:
    """The outputs with their media stored as blobs, each with hash and path; texts with their hash.

    By the hash a result made again is compared, also when its text is redacted on the record. Raises StorageError.
    """
    kept: list[Part] = []
    for part in outputs:
        if part.text is not None:
            kept.append(part.model_copy(update={"blob": hashlib.sha256(part.text.encode()).hexdigest()}))
            continue
        if part.data is None:
            kept.append(part)
            continue
        digest, path = house.blobs.put(part.data, part.media_type or "application/octet-stream")
        kept.append(part.model_copy(update={"blob": digest, "path": path}))
    return kept


def record(house: House, request: Request, result: Result) -> None:
    """Keep request and result: personal data hidden as the settings say, attachments by hash."""
    house.history.record(_storable(house, request), hidden_result(house, result))


def hidden_result(house: House, result: Result) -> Result:
    """The result as history keeps it."""
    outputs = house.guard.outputs_for_history(result.outputs)
    steps = [_hidden(house, step) for step in result.choice.steps]
    choice = result.choice.model_copy(update={"steps": steps})
    told: dict[str, object] = {"outputs": outputs, "choice": choice}
    if hide := house.guard.hiding():
        told["tool_calls"] = [
            call.model_copy(update={"arguments": hide.text(call.arguments)}) for call in result.tool_calls
        ]
        told["trace"] = [hidden_use(hide, use) for use in result.trace]
    return result.model_copy(update=told)


def hidden_use(hide: "Redactor", use: ToolUse) -> ToolUse:
    """A line of the trace as it is kept."""
    texts = {name: hide.text(text) for name in ("arguments", "output", "error") if (text := getattr(use, name))}
    return use.model_copy(update=texts)


def _hidden(house: House, step: Step) -> Step:
    """A step of a plan as history keeps it: its prompt holds words of the request."""
    return step.model_copy(update={"prompt": house.guard.for_history(Request.of_text(step.prompt)).prompt})


def record_failure(house: House, request: Request, error: CastaliaError) -> None:
    """Keep a request that failed. A history that cannot be written does not hide the first error."""
    try:
        house.history.record_failure(_storable(house, request), error)
    except CastaliaError as second:
        error.add_note(f"The failure could not be put on the record: {second.message}")


def made_again(house: House, id: str) -> tuple[Request, Result]:
    """The resolved request of a result, under a new id, and that result.

    Raises NotFound for an unknown id or an attachment that is gone, Conflict for one that has changed, BadRequest for
    a request that failed or that no model answered.
    """
    entry = house.history.get(id)
    if entry.result is None or entry.result.finish_reason in {"question", "unsupported"}:
        raise BadRequest(f"The request {id} has no result to make again.", hint="Ask it anew with castalia ask.")
    messages = [
        message.model_copy(update={"parts": [_present(part) for part in message.parts]})
        for message in entry.request.messages
    ]
    return entry.request.model_copy(update={"id": new_id("r"), "messages": messages}), entry.result


def _storable(house: House, request: Request) -> Request:
    hidden = house.guard.for_history(request)
    if request.task is not None:
        # a task's options hold what is asked in words: a question, a signature, examples
        hidden = hidden.model_copy(update={"options": _hidden_value(house, hidden.options)})
    return hidden.model_copy(update={"messages": [by_reference(house, message) for message in hidden.messages]})


def _hidden_value(house: House, value: object) -> object:
    if isinstance(value, str):
        return house.guard.for_history(Request.of_text(value)).prompt
    if isinstance(value, dict):
        return {name: _hidden_value(house, inner) for name, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_hidden_value(house, inner) for inner in cast("list[object]", value)]
    return value


def by_reference(house: House, message: Message) -> Message:
    """The message with the bytes of its attachments as blobs. Raises StorageError."""
    parts: list[Part] = []
    for part in message.parts:
        if part.data is not None:
            digest, path = house.blobs.put(part.data, part.media_type or "application/octet-stream")
            parts.append(part.model_copy(update={"data": None, "blob": digest, "path": path}))
        elif part.path is not None and part.path.is_file():
            parts.append(part.model_copy(update={"blob": _digest(part.path)}))
        else:
            parts.append(part)
    return message.model_copy(update={"parts": parts})


def _present(part: Part) -> Part:
    if part.blob is None or part.path is None:
        return part
    if not part.path.is_file():
        raise NotFound(f"The attachment {part.path} is gone.", hint="Put it back, or ask anew with another file.")
    if _digest(part.path) != part.blob:
        raise Conflict(f"The attachment {part.path} has changed since.", hint="Put the old one back, or ask anew.")
    return part


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
