"""Files of requests: JSON lines, one request each, with what is known of it."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.plugins import modalities
from castalia.core.requests import Request

WANTED = ("modality", "label", "kind")
TASK = ("task", "category", "class")
UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Line:
    """A request of the file, in line ``number``.

    ``wanted`` is the modality that it is known to want (or ``unsupported``), ``task`` the class of work that it belongs
    to, ``answers`` what the answer has to hold; empty where the file does not say.
    """

    number: int
    request: Request
    wanted: str = ""
    task: str = ""
    answers: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all that is attached is there."""
        return all(part.path is not None and part.path.is_file() for part in self.request.attachments)


def read_workload(path: Path) -> list[Line]:
    """All requests of a file of JSON lines. Raises BadRequest naming the line that cannot be read, or an empty file.

    Each line is an object with ``text`` (or ``prompt``) and perhaps ``attachments`` (names, paths beside the file, or
    objects with ``name`` and ``media_type``; they need not exist), ``modality`` (or ``label``), ``task``, ``answer``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}.", hint="Give a UTF-8 file of JSON lines.") from None
    return workload_of(text, str(path), path.parent)


def workload_of(text: str, source: str, folder: Path | None = None) -> list[Line]:
    """The requests of a text of JSON lines; attached files are looked for in ``folder``, and nowhere without one.

    Raises BadRequest as `read_workload`.
    """
    found = [
        _line(f"{source}, line {number}", number, line, folder)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not found:
        raise BadRequest(f"{source} holds no request.", hint='One object a line, such as {"text": "draw a cat"}.')
    return found


def drawn(lines: Sequence[Line], most: int, seed: int) -> list[Line]:
    """At most so many of the lines, evenly over their classes, in the order of the file; the same for a seed."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.task or line.wanted, []).append(line)
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    for group in groups.values():
        draw.shuffle(group)
    chosen: list[Line] = []
    while len(chosen) < min(most, len(lines)):
        chosen += [group.pop() for group in groups.values() if group][: most - len(chosen)]
    return sorted(chosen, key=lambda line: line.number)


def _line(where: str, number: int, line: str, folder: Path | None) -> Line:
    try:
        data: object = json.loads(line)
    except ValueError as error:
        raise BadRequest(f"{where} is not JSON: {error}.", hint="One object a line.") from None
    fields = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    text = fields.get("text", fields.get("prompt"))
    if not isinstance(text, str):
        raise BadRequest(f'{where} has no "text".', hint='For example: {"text": "draw a cat"}')
    attached: object = fields.get("attachments")
    if not isinstance(attached, list | None):
        raise BadRequest(f'{where}: "attachments" is not a list.', hint='For example: ["a.csv"]')
    wanted = _told(fields, WANTED)
    known = [*modalities().specs(), UNSUPPORTED]
    if wanted and wanted not in known:
        raise BadRequest(f"{where} wants {wanted!r}, which nobody makes.", hint=f"There are: {', '.join(known)}.")
    answers = fields.get("answer", fields.get("answers"))
    listed = cast("list[object]", answers) if isinstance(answers, list) else [] if answers is None else [answers]
    parts = [_attachment(item, folder) for item in cast("list[object]", attached or [])]
    return Line(
        number=number,
        request=Request.of_text(text, parts),
        wanted=wanted,
        task=_told(fields, TASK),
        answers=tuple(str(one) for one in listed),
    )


def _told(fields: dict[str, object], names: Sequence[str]) -> str:
    return next((str(fields[name]) for name in names if isinstance(fields.get(name), str)), "")


def _attachment(item: object, folder: Path | None) -> Part:
    if isinstance(item, dict):
        fields = cast("dict[str, object]", item)
        name, media_type = fields.get("name") or fields.get("path"), fields.get("media_type") or fields.get("type")
        return Part(
            type="file",
            name=None if name is None else str(name),
            media_type=None if media_type is None else str(media_type),
        )
    path = Path(str(item))
    if folder is not None and (folder / path).is_file():
        return Part.of_file(folder / path)
    return Part(type="file", name=path.name, path=path)
