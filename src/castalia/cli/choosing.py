"""castalia choose"""

from pathlib import Path

import click

from castalia.cli.house import opened_house
from castalia.cli.options import POLICIES
from castalia.cli.output import print_json
from castalia.cli.planning import show_plan
from castalia.core.content import Part
from castalia.core.errors import BadRequest
from castalia.core.requests import AUTO, Preference, Request
from castalia.core.results import Choice
from castalia.serving.house import House
from castalia.serving.learning import Lesson, correct, last_request
from castalia.serving.learning import forget as forget_all
from castalia.serving.learning import undo as take_back
from castalia.serving.pipeline import chosen
from castalia.serving.workload import read_workload


@click.command(help="Say which model would answer, and why, without running it.")
@click.argument("prompt", required=False)
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--batch", type=click.Path(path_type=Path), help='JSON lines {"text", "attachments"}; one choice a line.')
@click.option("-m", "--model", default=AUTO, show_default=True, help="A model by name.")
@click.option("--modality", default=AUTO, show_default=True, help="The kind of output wanted.")
@click.option("--policy", type=click.Choice(POLICIES), help="What counts when several models could answer.")
@click.option("--learn", is_flag=True, help="Learn what the request, or else the last one asked, is a wish for.")
@click.option("--as", "meant", metavar="MODALITY", help="With --learn: the kind of output that was wanted.")
@click.option("--undo", is_flag=True, help="Take the last correction back.")
@click.option("--forget", is_flag=True, help="Take all corrections back.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one object, with --batch one a line.")
def choose(
    prompt: str | None,
    files: tuple[str, ...],
    batch: Path | None,
    model: str,
    modality: str,
    policy: Preference | None,
    learn: bool,
    meant: str | None,
    undo: bool,
    forget: bool,
    as_json: bool,
) -> None:
    """PROMPT is the request in plain words, FILEs would be attached to it."""
    if learn or meant or undo or forget:
        if (learn, undo, forget).count(True) != 1 or learn != (meant is not None):
            raise BadRequest(
                "--learn goes with --as, --undo and --forget stand alone.",
                hint='For example: castalia choose --learn "herons at dawn" --as image',
            )
        with opened_house() as house:
            _show(_lesson(house, prompt, files, meant, undo=undo), meant, as_json=as_json)
        return
    if (prompt is None) == (batch is None):
        raise BadRequest("Give either a prompt or --batch FILE.", hint='For example: castalia choose "draw a cat"')
    with opened_house() as house:
        models = house.registry.list()
        if batch is not None:
            for line in read_workload(batch):
                choice = house.chooser.choose(line.request, models)
                click.echo(choice.model_dump_json() if as_json else f"{choice.modality}\t{choice.confidence:.2f}")
            return
        parts = [Part.of_file(file) for file in files]
        request = Request.of_text(prompt or "", parts, model=model, modality=modality, policy=policy)
        choice = chosen(house, request)
    if choice.steps:
        show_plan(choice, as_json=as_json)
    elif as_json:
        print_json(choice.model_dump(mode="json"))
    else:
        _print(choice)


def _lesson(house: House, prompt: str | None, files: tuple[str, ...], meant: str | None, *, undo: bool) -> Lesson:
    if meant is not None:
        request = last_request(house) if prompt is None else Request.of_text(prompt, [Part.of_file(f) for f in files])
        return correct(house, request, meant)
    return take_back(house) if undo else forget_all(house)


def _show(lesson: Lesson, meant: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(lesson.model_dump(mode="json"))
        return
    before, after = lesson.before, lesson.after
    if meant is not None:
        still = "" if lesson.chosen == meant else f" It still chooses {lesson.chosen} here: say it in plainer words."
        click.echo(f"Learnt: that is a wish for {meant}.{still}")
    else:
        click.echo("Taken back.")
    click.echo(
        f"Corrections followed: {before.corrections_followed} before, {after.corrections_followed} now,"
        f" of {lesson.corrections}."
    )
    click.echo(
        f"{after.n} requests held out: accuracy {before.accuracy:.3f} before, {after.accuracy:.3f} now;"
        f" macro-F1 {before.macro_f1:.3f} before, {after.macro_f1:.3f} now."
    )


def _print(choice: Choice) -> None:
    if choice.question is not None:
        click.echo(f"It would ask back: {choice.question}")
    if choice.refusal is not None:
        click.echo(f"unsupported, {choice.confidence:.0%} sure")
        click.echo(choice.refusal)
    model = choice.model or "no installed model"
    family = f" ({choice.family})" if choice.family else ""
    if choice.question is not None:
        click.echo(f"{choice.modality} seems likeliest, {choice.confidence:.0%} sure")
    elif choice.refusal is None:
        click.echo(f"{choice.modality} by {model}{family}, {choice.confidence:.0%} sure")
    for reason in choice.reasons:
        click.echo(f"  {reason}")
    if choice.settings:
        click.echo("  with " + ", ".join(f"{name} {value}" for name, value in choice.settings.items()))
    if choice.fallbacks:
        click.echo(f"  should it fail: {', '.join(choice.fallbacks)}")
    for alternative in choice.alternatives:
        click.echo(
            f"  or {alternative.modality} by {alternative.model or 'no installed model'}, {alternative.confidence:.0%}"
        )
