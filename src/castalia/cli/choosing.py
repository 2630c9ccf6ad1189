"""castalia choose"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click

from castalia.cli.house import opened_house
from castalia.cli.output import print_json
from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.requests import AUTO, Request
from castalia.core.results import Choice


@click.command(help="Say which model would answer, and why, without running it.")
@click.argument("prompt", required=False)
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--batch", type=click.Path(path_type=Path), help='JSON lines {"text", "attachments"}; one choice a line.')
@click.option("-m", "--model", default=AUTO, show_default=True, help="A model by name.")
@click.option("--modality", default=AUTO, show_default=True, help="The kind of output wanted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one object, with --batch one a line.")
def choose(
    prompt: str | None, files: tuple[str, ...], batch: Path | None, model: str, modality: str, as_json: bool
) -> None:
    """PROMPT is the request in plain words, FILEs would be attached to it."""
    if (prompt is None) == (batch is None):
        raise BadRequest("Give either a prompt or --batch FILE.", hint='For example: castalia choose "draw a cat"')
    with opened_house() as house:
        models = house.registry.list()
        if batch is not None:
            for request in read_batch(batch):
                choice = house.chooser.choose(request, models)
                click.echo(choice.model_dump_json() if as_json else f"{choice.modality}\t{choice.confidence:.2f}")
            return
        parts = [Part.of_file(file) for file in files]
        request = Request.of_text(prompt or "", parts, model=model, modality=modality)
        choice = house.chooser.choose(request, models)
    if as_json:
        print_json(choice.model_dump(mode="json"))
    else:
        _print(choice)


def read_batch(path: Path) -> Iterator[Request]:
    """A request for each line of a JSON-lines file. Raises BadRequest naming the line that cannot be read.

    An attachment is a name or path, or an object with ``name`` and ``media_type``; it need not exist: only its kind
    counts for the choice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}.", hint="Give a UTF-8 file of JSON lines.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            data: object = json.loads(line)
        except ValueError as error:
            raise BadRequest(f"{path}, line {number} is not JSON: {error}.", hint="One object a line.") from None
        fields = cast("dict[str, object]", data) if isinstance(data, dict) else {}
        if not isinstance(fields.get("text"), str):
            raise BadRequest(f'{path}, line {number} has no "text".', hint='For example: {"text": "draw a cat"}')
        attachments: object = fields.get("attachments")
        if not isinstance(attachments, list | None):
            raise BadRequest(f'{path}, line {number}: "attachments" is not a list.', hint='For example: ["a.csv"]')
        items = cast("list[object]", attachments or [])
        yield Request.of_text(str(fields["text"]), [_attachment(item) for item in items])


def _attachment(item: object) -> Part:
    if isinstance(item, dict):
        fields = cast("dict[str, object]", item)
        name, media_type = fields.get("name") or fields.get("path"), fields.get("media_type") or fields.get("type")
        return Part(
            type="file",
            name=None if name is None else str(name),
            media_type=None if media_type is None else str(media_type),
        )
    return Part(type="file", name=Path(str(item)).name, path=Path(str(item)))


def _print(choice: Choice) -> None:
    if choice.question is not None:
        click.echo(f"It would ask back: {choice.question}")
    model = choice.model or "no installed model"
    family = f" ({choice.family})" if choice.family else ""
    click.echo(f"{choice.modality} by {model}{family}, {choice.confidence:.0%} sure")
    for reason in choice.reasons:
        click.echo(f"  {reason}")
    for alternative in choice.alternatives:
        click.echo(
            f"  or {alternative.modality} by {alternative.model or 'no installed model'}, {alternative.confidence:.0%}"
        )
