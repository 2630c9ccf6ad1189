"""castalia do"""

import sys
from pathlib import Path

import click
from pydantic import BaseModel

from castalia.cli.asking import finish, run
from castalia.cli.house import opened_house
from castalia.cli.options import POLICIES, CommandWithOptions, modality_options, split_arguments
from castalia.cli.output import print_json, stderr
from castalia.core.content import Part
from castalia.core.errors import BadRequest, NotFound
from castalia.core.requests import AUTO, Preference, Request
from castalia.serving.house import House
from castalia.serving.summary import check_released, result_summary
from castalia.serving.tasks import all_tasks, as_data, carry_out, task_request, tasks
from castalia.serving.wishing import routed


def _listed() -> dict[str, type[BaseModel]]:
    known = {f"Options of {name}": task.options for name, task in tasks().items()}
    return {**known, "Options of text generation": modality_options()["text"]}


@click.command(
    cls=CommandWithOptions,
    listed=_listed,
    dashed=True,
    context_settings={"ignore_unknown_options": True},
    help="Do a language task: summarise, translate, extract and more; or say in words what to do.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="TASK|WISH [INPUT]... [TASK OPTION]...")
@click.option("--list", "only_list", is_flag=True, help="List the tasks.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the result to this file.")
@click.option("-m", "--model", default=AUTO, show_default=True, help="A model by name.")
@click.option("--policy", type=click.Choice(POLICIES), help="What counts when several models could answer.")
@click.option("--engine", help="Run the model on this engine.")
@click.option("--seed", type=int, help="The same seed and options make the same result.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def do(
    arguments: tuple[str, ...],
    only_list: bool,
    output: Path | None,
    model: str,
    policy: Preference | None,
    engine: str | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """TASK is one of ``--list``, WISH says in words what to do; INPUTs are files, texts, or - for standard input."""
    if only_list:
        _print_list(as_json=as_json)
        return
    known = {name: task.options for name, task in tasks().items()}
    positional, options = split_arguments(list(arguments), {**known, "text": modality_options()["text"]})
    if not positional:
        raise BadRequest("There is nothing to do.", hint="castalia do --list shows the tasks.")
    if output is not None and not output.parent.is_dir():
        raise NotFound(f"There is no folder {output.parent}.", hint="Make it first, or choose another place.")
    name, *given = positional
    inputs = [_input(one) for one in given]
    fields = {"model": model, "policy": policy, "engine": engine, "seed": seed}
    if name in known:
        request = task_request(name, inputs, options, **fields)
    else:
        route, request = routed(name, inputs, options, **fields)
        if not as_json:
            stderr().print(f"[bold]{route.task}[/bold], {route.confidence:.0%} sure")
            for reason in route.reasons:
                stderr().print(f"[dim]  {reason}[/dim]", markup=True)
    with opened_house() as house:
        _run(house, request, output, as_json=as_json)


def _run(house: House, request: Request, output: Path | None, as_json: bool) -> None:
    result = run(carry_out(house, request), as_json=as_json)
    if as_json:
        check_released(result)
        saved = result.save(output) if output is not None and result.outputs else []
        print_json({**result_summary(result, saved), "output": as_data(result)})
        return
    finish(result, output, as_json=False)
    coverage = next((part.info["coverage"] for part in result.outputs if "coverage" in part.info), None)
    if isinstance(coverage, dict) and coverage["sections"] > 1:
        told = f"read {coverage['sections_read']} of {coverage['sections']} sections"
        click.echo(f"{told}: {coverage['how']}" if coverage["how"] else told, err=True)


def _input(given: str) -> Part:
    """A file that is there, standard input for ``-``, else the text itself."""
    if given == "-":
        return Part.of_text(sys.stdin.read())
    path = Path(given).expanduser()
    try:
        is_file = path.is_file()
    except OSError:  # longer than a name can be: a text
        is_file = False
    if is_file:
        return Part.of_file(path)
    if "\n" not in given and " " not in given.strip() and path.suffix:
        raise NotFound(f"There is no file {given}.", hint="Check the path; a text of several words is taken as it is.")
    return Part.of_text(given)


def _print_list(*, as_json: bool) -> None:
    if as_json:
        print_json(all_tasks())
        return
    for name, task in tasks().items():
        click.echo(f"{name:12} {task.summary} Takes {task.takes}.")
