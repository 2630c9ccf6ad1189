"""castalia ask"""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import click
from pydantic import BaseModel

from castalia.cli.documents import DEFAULT, show_citations
from castalia.cli.house import opened_house
from castalia.cli.options import POLICIES, CommandWithOptions, check_allowed, modality_options, split_arguments
from castalia.cli.output import print_json, show_choice, show_verdict, watched
from castalia.cli.planning import run_plan, show_plan, with_named_files
from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest, NotFound
from castalia.core.events import Chosen, Completed, Event, Summarised, TextDelta, ToolCallDelta, Used
from castalia.core.requests import AUTO, Preference, Request
from castalia.core.results import Result, ToolUse
from castalia.serving.mcp_servers import mcp_tools
from castalia.serving.pipeline import answer
from castalia.serving.plans import planned, respond
from castalia.serving.summary import check_released, result_summary
from castalia.serving.tool_loop import answer_with_tools
from castalia.serving.toolbox import Toolbox


def _listed() -> dict[str, type[BaseModel]]:
    return {f"Options of {name}": options for name, options in modality_options().items()}


@click.command(
    cls=CommandWithOptions,
    listed=_listed,
    dashed=True,
    context_settings={"ignore_unknown_options": True},
    help="Ask in plain words; the right kind of model answers.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="PROMPT [FILE]... [MODALITY OPTION]...")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the result to this file.")
@click.option("-m", "--model", default=AUTO, show_default=True, help="A model by name.")
@click.option("--modality", default=AUTO, show_default=True, help="The kind of output wanted.")
@click.option("--policy", type=click.Choice(POLICIES), help="What counts when several models could answer.")
@click.option("--engine", help="Run the model on this engine.")
@click.option("--seed", type=int, help="The same seed and options make the same result.")
@click.option("--system", help="Standing instructions for a language model.")
@click.option(
    "--documents",
    is_flag=False,
    flag_value=DEFAULT,
    multiple=True,
    help="Answer from this collection of documents, with citations; without a name from the default one.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Print the steps, with their models and reasons; run nothing.")
@click.option("--mcp", metavar="SERVER", help="An MCP server of castalia.toml whose tools the model may call.")
@click.option("--allow", metavar="TOOL", multiple=True, help="Of its allowed tools only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ask(
    arguments: tuple[str, ...],
    output: Path | None,
    model: str,
    modality: str,
    policy: Preference | None,
    engine: str | None,
    seed: int | None,
    system: str | None,
    documents: tuple[str, ...],
    only_plan: bool,
    mcp: str | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """PROMPT is the request in plain words (- reads it from standard input), FILEs are attached to it."""
    check_allowed(mcp, allow)
    positional, options = split_arguments(list(arguments), modality_options())
    request = Request(
        messages=_messages(positional, system),
        model=model,
        modality=modality,
        policy=policy,
        engine=engine,
        seed=seed,
        options=options,
        documents=list(documents) or None,
        suffix=None if output is None else output.suffix or None,
    )
    if output is not None and not output.parent.is_dir():
        raise NotFound(f"There is no folder {output.parent}.", hint="Make it first, or choose another place.")
    with opened_house() as house:
        request = with_named_files(house, request)
        if only_plan:
            show_plan(planned(house, request), as_json=as_json)
        elif mcp is not None:
            with mcp_tools(house.settings, mcp, allow or None) as tools:
                finish(run(answer_with_tools(house, request, Toolbox(tools)), as_json=as_json), output, as_json=as_json)
        elif house.chooser.wants_several(request):
            run_plan(house, request, respond(house, request), output, as_json=as_json)
        else:
            finish(run(answer(house, request), as_json=as_json), output, as_json=as_json)


def _messages(positional: list[str], system: str | None) -> list[Message]:
    if not positional:
        raise BadRequest("There is nothing to ask.", hint='For example: castalia ask "What is the capital of France?"')
    text, *files = positional
    if text == "-":
        text = sys.stdin.read()
    if not text.strip():
        raise BadRequest("The request is empty.", hint='For example: castalia ask "What is the capital of France?"')
    said = Message(role="user", parts=[Part.of_text(text), *(Part.of_file(file) for file in files)])
    return [Message.of_text(system, role="system"), said] if system else [said]


def run(asked: Generator[Event], *, as_json: bool) -> Result:
    """Follow the events of a request, its text streaming to stdout and the rest to stderr; returns the result."""
    result: Result | None = None
    with closing(asked) as events:
        for event in watched(events, silent=as_json):
            match event:
                case Chosen() if not as_json:
                    show_choice(event.choice)
                case TextDelta() if not as_json:
                    click.echo(event.text, nl=False)
                case Used() if not as_json:
                    show_use(event.use)
                case Summarised() if not as_json:
                    click.echo(f"The oldest {event.turns} turns are a summary now: {event.text}", err=True)
                case ToolCallDelta() if not as_json:
                    click.echo(f"{event.call.name}({event.call.arguments})")
                case Completed():
                    result = event.result
                case _:
                    pass
    assert result is not None  # noqa: S101 - the pipeline ends with Completed or raises
    return result


def show_use(use: ToolUse) -> None:
    """A line of the trace on stderr, before and after the call."""
    if use.state == "running":
        click.echo(f"step {use.step}: {use.name}({use.arguments}) from {use.source}", err=True)
    else:
        click.echo(f"  {use.state} in {use.seconds:.2f} s: {use.error or use.output}", err=True)


def finish(result: Result, output: Path | None, *, as_json: bool) -> None:
    """Save and print a result. Raises Blocked when its verdict is ``block``."""
    check_released(result)
    answered = result.choice.question is None and result.choice.refusal is None
    saved = result.save(output) if output is not None and result.outputs and answered else []
    if as_json:
        print_json(result_summary(result, saved))
        return
    if not answered:
        click.echo(result.text)
        return
    show_citations(result)
    texts = [part for part in result.outputs if part.text is not None]
    if texts:
        click.echo()
    paths = saved or [part.path for part in result.outputs if part.path is not None]
    for path in paths:
        click.echo(str(path))
    show_verdict(result.verdict)
    click.echo(f"{result.id}  {result.timing.total:.1f} s  seed {result.seed}", err=True)
