"""castalia chat"""

import sys

import click

from castalia.cli.asking import run
from castalia.cli.house import opened_house
from castalia.cli.output import print_json, show_error, show_verdict
from castalia.core.content import Message
from castalia.core.errors import CastaliaError
from castalia.core.requests import AUTO, Request
from castalia.core.results import Verdict
from castalia.serving.pipeline import answer
from castalia.serving.summary import result_summary

HELP = "/new starts over, /verdict shows the last verdict, /exit or Ctrl-D leaves."


@click.command(help="Talk with a language model, turn by turn.")
@click.option("-m", "--model", default=AUTO, show_default=True, help="A language model by name.")
@click.option("--engine", help="Run the model on this engine.")
@click.option("--system", help="Standing instructions.")
@click.option("--temperature", type=float, help="0 picks the likeliest token; higher varies more.")
@click.option("--seed", type=int, help="The same seed makes the same conversation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a turn.")
def chat(
    model: str, engine: str | None, system: str | None, temperature: float | None, seed: int | None, as_json: bool
) -> None:
    """Each line of standard input is a turn; the model stays loaded between turns."""
    start = [Message.of_text(system, role="system")] if system else []
    messages = list(start)
    options: dict[str, object] = {} if temperature is None else {"temperature": temperature}
    interactive = sys.stdin.isatty()
    if interactive:
        click.echo(HELP, err=True)
    with opened_house() as house:
        last = None
        while (line := _read_line(interactive)) is not None:
            match line.strip():
                case "":
                    continue
                case "/exit":
                    return
                case "/new":
                    messages = list(start)
                    continue
                case "/verdict":
                    show_verdict(last.verdict if last is not None else Verdict())
                    continue
                case text:
                    turn = [*messages, Message.of_text(text)]
            request = Request(messages=turn, modality="text", model=model, engine=engine, seed=seed, options=options)
            try:
                last = run(answer(house, request), as_json=as_json)
            except CastaliaError as error:
                if not interactive:
                    raise
                show_error(error)
                continue
            messages = [*turn, Message.of_text(last.text, role="assistant")]
            if as_json:
                print_json(result_summary(last))
            else:
                click.echo()


def _read_line(interactive: bool) -> str | None:
    if interactive:
        try:
            return input("> ")
        except EOFError:
            return None
    line = sys.stdin.readline()
    return line or None
