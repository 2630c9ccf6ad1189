"""castalia again, castalia review"""

from pathlib import Path

import click

from castalia.cli.asking import finish, run
from castalia.cli.house import opened_house
from castalia.cli.output import print_json, show_choice, show_verdict
from castalia.cli.planning import run_plan
from castalia.core.errors import BadRequest
from castalia.core.results import PLAN, Result
from castalia.serving.pipeline import answer
from castalia.serving.plans import carry_out, once_more, respond
from castalia.serving.recording import made_again
from castalia.serving.summary import result_summary
from castalia.store.history import Entry, Review


@click.command(help="Make a result again from its record.")
@click.argument("id")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the result to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def again(id: str, output: Path | None, as_json: bool) -> None:
    """ID is that of a result. Same model, engine, seed and options; it says whether the same came out."""
    with opened_house() as house:
        request, before = made_again(house, id)
        if before.choice.modality == PLAN:
            events = carry_out(house, request, once_more(before))
            result = run_plan(house, request, events, output, as_json=as_json, like=before)
            return
        result = run(respond(house, request) if request.task else answer(house, request), as_json=as_json)
    finish(result, output, as_json=as_json)
    if not as_json:
        same = same_outputs(before, result)
        click.echo(f"{'the same as' if same else 'different from'} {id}", err=True)


def same_outputs(first: Result, second: Result) -> bool:
    """Whether two results hold the same texts, bytes and tool calls."""

    def content(result: Result) -> list[object]:
        calls = [(call.name, call.arguments) for call in result.tool_calls]
        return [*(part.blob for part in result.outputs), *calls]

    return content(first) == content(second)


@click.command(help="List doubtful results, and accept or reject them.")
@click.argument("id", required=False)
@click.option("--accept", "decision", flag_value="accepted", help="The result is fine.")
@click.option("--reject", "decision", flag_value="rejected", help="The result is bad.")
@click.option("--note", default="", help="Why.")
@click.option("--all", "every", is_flag=True, help="List all results, not only those that wait.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def review(id: str | None, decision: Review | None, note: str, every: bool, as_json: bool) -> None:
    """Without ID, the list; with ID, that result, or what you decide about it."""
    with opened_house() as house:
        if id is None:
            if decision is not None:
                raise BadRequest("Say which result is meant.", hint="castalia review ID --accept")
            entries = house.history.newest(review=None if every else "open")
            _list(entries, as_json=as_json)
            return
        entry = house.history.get(id) if decision is None else house.history.set_review(id, decision, note)
    if as_json:
        print_json(entry_data(entry))
        return
    click.echo(entry.request.prompt)
    if entry.result is None:
        click.echo(f"failed: {entry.error}")
        return
    show_choice(entry.result.choice)
    for part in entry.result.outputs:
        click.echo(part.text if part.text is not None else str(part.path))
    show_verdict(entry.result.verdict)
    click.echo(f"review: {entry.review or 'not needed'} {entry.review_note or ''}".rstrip())


def entry_data(entry: Entry) -> dict[str, object]:
    """An entry of history as plain data."""
    result = None if entry.result is None else result_summary(entry.result)
    return {
        "id": entry.request.id,
        "created": entry.created.isoformat(),
        "prompt": entry.request.prompt,
        "result": result,
        "error": entry.error,
        "review": entry.review,
        "review_note": entry.review_note,
    }


def _list(entries: list[Entry], *, as_json: bool) -> None:
    if as_json:
        print_json([entry_data(entry) for entry in entries])
        return
    if not entries:
        click.echo("Nothing waits for review.", err=True)
    for entry in entries:
        status = "error" if entry.result is None else entry.result.verdict.status
        modality = "-" if entry.result is None else entry.result.choice.modality
        prompt = " ".join(entry.request.prompt.split())
        click.echo(f"{entry.request.id}  {status:5}  {entry.review or '-':8}  {modality:7}  {prompt[:70]}")
