"""castalia documents"""

from pathlib import Path

import click
from rich.markup import escape

from castalia.cli.house import opened_house
from castalia.cli.output import print_json, stderr, watched
from castalia.core.errors import BadRequest
from castalia.core.results import Result

DEFAULT = "documents"
COLLECTION = click.option("-c", "--collection", default=DEFAULT, show_default=True, help="The collection.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(help="Keep documents to answer from: add, list, search, remove.")
def documents() -> None:
    """The group of commands."""


@documents.command(help="Take files and folders in; changed ones are replaced, unchanged ones skipped.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@COLLECTION
@JSON
def add(paths: tuple[str, ...], collection: str, as_json: bool) -> None:
    """Add; a file that cannot be read is told and does not hold up the others."""
    from castalia.language.documents.library import Added, sources_of

    done: list[Added] = []
    with opened_house() as house:
        sources = sources_of(paths)
        into = house.library.collection(collection, create=True)
        for event in watched(house.library.add(sources, into), silent=as_json):  # pyright: ignore[reportArgumentType]
            if isinstance(event, Added):
                done.append(event)
                if not as_json:
                    _tell(event)
    if as_json:
        print_json([one.model_dump(mode="json", exclude={"event"}) for one in done])
    if any(one.state == "failed" for one in done):
        click.get_current_context().exit(1)


def _tell(event: object) -> None:
    from castalia.language.documents.library import Added

    assert isinstance(event, Added)  # noqa: S101 - the caller looked
    if event.document is None:
        error = event.error or {}
        stderr().print(
            f"[red]failed[/red] {escape(str(error.get('message')))} [dim]{escape(str(error.get('hint')))}[/dim]"
        )
        return
    click.echo(f"{event.state} {event.name}: {event.document.chunks} passages")
    for note in event.document.details.get("notes", []):  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportAttributeAccessIssue]
        stderr().print(f"[dim]  {escape(str(note))}[/dim]")  # pyright: ignore[reportUnknownArgumentType]


@documents.command("list", help="List the documents of a collection, or with --all the collections.")
@COLLECTION
@click.option("--all", "every", is_flag=True, help="List the collections.")
@JSON
def list_documents(collection: str, every: bool, as_json: bool) -> None:
    """One line a document."""
    with opened_house() as house:
        shelf = house.library.shelf
        if every:
            found = [
                {"name": one.name, "id": one.id, "documents": len(shelf.documents(one))} for one in shelf.collections()
            ]
            lines = [f"{one['name']}  {one['documents']} documents" for one in found]
        else:
            kept = shelf.documents(shelf.collection(collection))
            found = [one.model_dump(mode="json") for one in kept]
            lines = [f"{one.name}  {one.format}, {one.chunks} passages" for one in kept]
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(lines) if lines else "Nothing yet.")


@documents.command(help="Find the passages nearest to a question.")
@click.argument("question")
@COLLECTION
@click.option("-n", "--number", default=5, show_default=True, type=click.IntRange(1, 100), help="How many passages.")
@JSON
def search(question: str, collection: str, number: int, as_json: bool) -> None:
    """Best first."""
    if not question.strip():
        raise BadRequest("There is nothing to search for.", hint='castalia documents search "notice period"')
    with opened_house() as house:
        found = house.library.search([house.library.collection(collection)], question, number)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        page = "" if one.page is None else f", page {one.page}"
        click.echo(f"{one.name}{page}, characters {one.start}-{one.end}, score {one.score:.2f}")
        click.echo("  " + " ".join(one.text.split())[:300])


@documents.command(help="Remove documents by path, file name or id; with --all the whole collection.")
@click.argument("names", nargs=-1, metavar="NAME...")
@COLLECTION
@click.option("--all", "every", is_flag=True, help="Remove the whole collection.")
@JSON
def remove(names: tuple[str, ...], collection: str, every: bool, as_json: bool) -> None:
    """Text, passages, words and vectors are deleted; the files stay."""
    if not names and not every:
        raise BadRequest("There is nothing to remove.", hint="Name documents, or give --all.")
    with opened_house() as house:
        library = house.library
        where = library.collection(collection)
        removed = [library.remove(where, name).name for name in names]
        if every:
            removed += [one.name for one in library.shelf.documents(where)]
            library.shelf.drop(where)
    if as_json:
        print_json(removed)
    else:
        click.echo("\n".join(f"removed {name}" for name in removed))


def show_citations(result: Result) -> None:
    """Where each sentence of an answer from documents stands."""
    told = next((part.info["documents"] for part in result.outputs if "documents" in part.info), None)
    if told is None:
        return
    from castalia.language.documents.citing import Cited

    answer = Cited.model_validate(told)
    click.echo()
    if answer.quoted:
        stderr().print("[dim]A quotation: the model's own words had no support in the documents.[/dim]")
    for number, one in enumerate(answer.sentences, start=1):
        if not one.supported:
            click.echo(f"[{number}] unsupported: {one.text}")
        for place in one.citations:
            page = "" if place.page is None else f", page {place.page}"
            click.echo(f"[{number}] {Path(place.name).name}{page}, characters {place.start}-{place.end}: {place.text}")
