"""Several outputs on the terminal: the plan before it runs, each step as it runs, the document at the end."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import click
from rich.markup import escape

from castalia.choosing.reading import FILE, KIND_OF_SUFFIX
from castalia.choosing.signals.attachments import kinds_of
from castalia.cli.output import COLOURS, print_json, stderr, watched
from castalia.core.content import Part
from castalia.core.events import Chosen, Completed, Event, Stepped, TextDelta
from castalia.core.requests import Request
from castalia.core.results import Choice, Result, Step
from castalia.serving.documents.writing import check_format, save
from castalia.serving.house import House
from castalia.serving.plans import first_failure
from castalia.serving.summary import result_summary

MARKS = {"done": "green", "failed": "red", "skipped": "yellow", "stopped": "yellow"}


def with_named_files(house: House, request: Request) -> Request:
    """The request of a plan with the files that it names and that lie in the working folder; says which these are."""
    attached = {part.name for part in request.attachments}
    named = [found.group(0) for found in FILE.finditer(request.prompt) if found.group(1).lower() in KIND_OF_SUFFIX]
    wanted = [name for name in dict.fromkeys(named) if Path(name).name not in attached]
    kinds = [*kinds_of(request), *(KIND_OF_SUFFIX[name.rpartition(".")[2].lower()] for name in wanted)]
    if not wanted or not house.chooser.wants_several(request, kinds):
        return request
    here = Path.cwd().resolve()
    found: list[Part] = []
    for name in wanted:
        path = (here / name).resolve()
        if not path.is_relative_to(here) or not path.is_file():
            stderr().print(f"{escape(name)} is named, but it does not lie in this folder: nothing is attached for it.")
            continue
        found.append(Part.of_file(path))
        stderr().print(f"{escape(name)} is named and lies in this folder: attached.")
    last = request.messages[-1]
    last = last.model_copy(update={"parts": [*last.parts, *found]})
    return request.model_copy(update={"messages": [*request.messages[:-1], last]})


def show_plan(choice: Choice, *, as_json: bool) -> None:
    """The steps on stdout, nothing run."""
    if as_json:
        print_json(choice.model_dump(mode="json"))
        return
    for reason in choice.reasons:
        click.echo(reason)
    for number, step in enumerate(choice.steps, start=1):
        chosen = step.choice
        after = f", after {', '.join(step.after)}" if step.after else ""
        by = (chosen.model if chosen is not None else None) or "no installed model"
        click.echo(f"{number}. {step.name}: {step.modality} by {by}{after}")
        click.echo(f"   asked: {' '.join(step.prompt.split())}")
        for reason in [] if chosen is None else chosen.reasons:
            click.echo(f"   {reason}")
        if chosen is not None and (chosen.question or chosen.refusal):
            click.echo(f"   {chosen.question or chosen.refusal}")


def run_plan(
    house: House,
    request: Request,
    asked: Generator[Event],
    output: Path | None,
    *,
    as_json: bool,
    like: Result | None = None,
) -> Result:
    """Run a plan, show its steps, write its document, and leave with the status of its first failure.

    The document goes to ``output``, without one into the home folder. ``like`` is a result that is made again: it is
    told whether the same came out. What was done before Ctrl-C is kept and written as well.
    """
    target = house.home / "documents" / f"{request.id}.html" if output is None else output
    check_format(target.suffix.lower().lstrip("."))
    try:
        result = _followed(asked, as_json=as_json)
    except KeyboardInterrupt:
        stopped = house.history.get(request.id).result
        if stopped is not None and stopped.outputs:
            path = _write(stopped, request, target)
            stderr().print(f"What was done is kept: {escape(str(path))}; castalia again {request.id} makes all of it.")
        raise
    path = _write(result, request, target)
    if as_json:
        print_json({**result_summary(result), "document": str(path)})
    else:
        _tell(result, path)
    if like is not None and not as_json:
        same = [part.blob for part in like.outputs] == [part.blob for part in result.outputs]
        stderr().print(f"{'the same as' if same else 'different from'} {like.id}")
    failure = first_failure(result)
    if failure is not None:
        click.get_current_context().exit(failure.exit_status)
    return result


def _followed(asked: Generator[Event], *, as_json: bool) -> Result:
    result: Result | None = None
    steps: list[Step] = []
    with closing(asked) as events:
        for event in watched(events, silent=as_json):
            match event:
                case Chosen() if not as_json:
                    steps = event.choice.steps
                    for reason in event.choice.reasons:
                        stderr().print(f"[dim]{escape(reason)}[/dim]")
                case Stepped() if not as_json:
                    _show(event, steps)
                case Completed():
                    result = event.result
                case _:
                    pass
    assert result is not None  # noqa: S101 - a plan ends with Completed or raises
    return result


def _show(event: Stepped, steps: list[Step]) -> None:
    step, inside = event.step, event.inside
    if isinstance(inside, TextDelta):
        click.echo(inside.text, nl=False)
        return
    if isinstance(inside, Chosen):
        number = 1 + [one.name for one in steps].index(step.name)
        chosen = inside.choice
        stderr().print(
            f"[bold]step {number} of {len(steps)}, {escape(step.name)}[/bold]: {chosen.modality} by {chosen.model}"
        )
        stderr().print(f"[dim]  {escape(step.reason)}[/dim]")
        return
    if inside is not None or step.state == "running":
        return
    if step.modality == "text" and step.result is not None:
        click.echo("\n")
    colour = MARKS.get(step.state, "white")
    verdict = f", verdict [{COLOURS[step.status]}]{step.status}[/{COLOURS[step.status]}]" if step.status else ""
    told = f"{step.seconds:.1f} s, {step.result}" if step.state == "done" else escape(step.why)
    stderr().print(f"  [{colour}]{escape(step.name)} {step.state}[/{colour}]{verdict}: {told}")
    for note in step.notes:
        stderr().print(f"[dim]  {escape(note)}[/dim]")


def _write(result: Result, request: Request, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return save(result, request.prompt, target)


def _tell(result: Result, path: Path) -> None:
    for part in result.outputs:
        if part.path is not None:
            stderr().print(f"[dim]{part.type}: {escape(str(part.path))}[/dim]", soft_wrap=True)
    click.echo(str(path))
    steps = result.choice.steps
    done = sum(step.state == "done" for step in steps)
    stderr().print(f"{result.id}  {done} of {len(steps)} steps done  {result.timing.total:.1f} s")
