"""castalia chat"""

import sys
from contextlib import ExitStack

import click

from castalia.cli.asking import run
from castalia.cli.house import opened_house
from castalia.cli.options import check_allowed
from castalia.cli.output import print_json, show_error, show_verdict
from castalia.core.errors import CastaliaError
from castalia.core.requests import AUTO
from castalia.core.results import Verdict
from castalia.serving.mcp_servers import mcp_tools
from castalia.serving.summary import result_summary
from castalia.serving.talking import NEWEST, Talk
from castalia.serving.toolbox import Toolbox

HELP = "/new starts over, /verdict shows the last verdict, /exit or Ctrl-D leaves."


@click.command(help="Talk with a language model, turn by turn.")
@click.option("-m", "--model", default=AUTO, show_default=True, help="A language model by name.")
@click.option("--engine", help="Run the model on this engine.")
@click.option("--system", help="Standing instructions.")
@click.option("--temperature", type=float, help="0 picks the likeliest token; higher varies more.")
@click.option("--seed", type=int, help="The same seed makes the same conversation.")
@click.option(
    "--continue",
    "going_on",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[ID]",
    help="Go on with a conversation, the newest without ID.",
)
@click.option("--branch", metavar="ID[:TURN]", help="Begin a new conversation that goes on from a turn of another.")
@click.option("--mcp", metavar="SERVER", help="An MCP server of castalia.toml whose tools the model may call.")
@click.option("--allow", metavar="TOOL", multiple=True, help="Of its allowed tools only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a turn.")
def chat(
    model: str,
    engine: str | None,
    system: str | None,
    temperature: float | None,
    seed: int | None,
    going_on: str | None,
    branch: str | None,
    mcp: str | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Each line of standard input is a turn; finished turns are kept, the model stays loaded between turns."""
    check_allowed(mcp, allow)
    options: dict[str, object] = {} if temperature is None else {"temperature": temperature}
    interactive = sys.stdin.isatty()
    with ExitStack() as opened:
        house = opened.enter_context(opened_house())
        tools = [] if mcp is None else opened.enter_context(mcp_tools(house.settings, mcp, allow or None))
        talk = Talk(
            house,
            conversation=going_on,
            branch=branch,
            system=system,
            model=model,
            engine=engine,
            seed=seed,
            options=options,
            toolbox=Toolbox(tools),
        )
        if interactive:
            click.echo(HELP, err=True)
        last = None
        while (line := _read_line(interactive)) is not None:
            match line.strip():
                case "":
                    continue
                case "/exit":
                    break
                case "/new":
                    talk.start_over()
                    continue
                case "/verdict":
                    show_verdict(last.verdict if last is not None else Verdict())
                    continue
                case text:
                    pass
            try:
                last = run(talk.say(text), as_json=as_json)
            except CastaliaError as error:
                if not interactive:
                    raise
                show_error(error)
                continue
            if as_json:
                print_json({**result_summary(last), "conversation": talk.conversation, "turn": talk.tip})
            else:
                click.echo()
        if talk.conversation is not None and not as_json:
            click.echo(f"castalia chat --continue {talk.conversation} goes on.", err=True)


def _read_line(interactive: bool) -> str | None:
    if interactive:
        try:
            return input("> ")
        except EOFError:
            return None
    line = sys.stdin.readline()
    return line or None
