"""castalia history"""

import click

from castalia.cli.house import opened_house
from castalia.cli.output import print_json
from castalia.core.errors import BadRequest
from castalia.serving.house import House
from castalia.store.conversations import Hit


@click.command(help="List, show, search and delete conversations.")
@click.argument("words", nargs=-1, metavar="[ID | search WORDS | delete ID]")
@click.option("--limit", default=20, show_default=True, help="At most so many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Without arguments, the conversations, last used first; with an ID, its turns."""
    with opened_house() as house:
        match words:
            case ():
                found = house.conversations.list(limit)
                if as_json:
                    print_json([one.model_dump(mode="json") for one in found])
                for one in [] if as_json else found:
                    click.echo(f"{one.id}  {one.updated:%Y-%m-%d %H:%M}  {one.title}")
            case ("search", *wanted):
                _hits(house.conversations.search(" ".join(wanted), limit), as_json=as_json)
            case ("delete", id):
                _deleted(house.conversations.delete(id), as_json=as_json)
            case (id,):
                _show(house, id, as_json=as_json)
            case _:
                raise BadRequest(
                    "That is too much at once.", hint="castalia history search WORDS, or castalia history ID"
                )


def _hits(found: list[Hit], *, as_json: bool) -> None:
    if as_json:
        print_json([hit.__dict__ for hit in found])
        return
    if not found:
        click.echo("Nothing is found.", err=True)
    for hit in found:
        click.echo(f"{hit.conversation}  {hit.created:%Y-%m-%d %H:%M}  {hit.excerpt}")


def _deleted(holding: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"deleted": True, "kept_in": holding})
    elif holding:
        click.echo(f"Its first turns are kept, for these go on from them: {', '.join(holding)}", err=True)


def _show(house: House, id: str, *, as_json: bool) -> None:
    turns = house.conversations.path(house.conversations.get(id).tip)
    if as_json:
        print_json([turn.model_dump(mode="json") for turn in turns])
        return
    for number, turn in enumerate(turns, start=1):
        click.echo(f"[{number}]")
        for message in turn.messages:
            if message.text and message.role != "tool":
                click.echo(f"{message.role}: {message.text}")
        for use in turn.trace:
            click.echo(f"tool: {use.name}({use.arguments}) -> {use.output or use.error}")
        if turn.summary is not None:
            click.echo(f"[the model goes on from this summary of the turns so far: {turn.summary}]")
