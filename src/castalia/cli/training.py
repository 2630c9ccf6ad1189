"""castalia train"""

import io
from collections.abc import Generator
from pathlib import Path
from typing import cast

import click
from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.text import Text

from castalia.cli.house import opened_house
from castalia.cli.options import CommandWithOptions, named_values
from castalia.cli.output import ProgressView, print_json, progress_line
from castalia.core.errors import BadRequest
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.core.plugins import families, modalities, resolve
from castalia.serving.detect import load_modality
from castalia.serving.following import outcome
from castalia.serving.planning import plan_training
from castalia.serving.train import latest_unfinished, resume
from castalia.serving.train import train as train_plan


def _listed() -> dict[str, type[BaseModel]]:
    usable = [
        name for name, spec in modalities().specs().items() if spec.implementation and not modalities().missing(name)
    ]
    data = {f"--data for {name}": load_modality(name).data_options() for name in usable}
    family = {
        f"--option for {name}": cast("type[BaseModel]", resolve(spec.options))
        for name, spec in families().specs().items()
    }
    return {**data, **family}


@click.command(cls=CommandWithOptions, listed=_listed, dashed=False, help="Train a model on your own folder or file.")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("-n", "--name", help="Name of the model; from the source when left out.")
@click.option("--modality", help="The kind of data; detected when left out.")
@click.option("--family", default="auto", show_default=True, help="The family to train; auto picks one and says why.")
@click.option("--size", type=click.Choice(["tiny", "small", "medium", "large"]), default="small", show_default=True)
@click.option("--minutes", type=float, help="Time budget; from the size when left out.")
@click.option("--steps", "max_steps", type=int, help="Stop after so many steps instead.")
@click.option(
    "--compress",
    type=click.Choice(["auto", "none", "latents", "tokens"]),
    default="auto",
    help="Learn a short code of the items first; auto does where the family needs tokens.",
)
@click.option("--from", "start_from", metavar="MODEL", help="Go on from the weights of a model that was trained here.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same data order.")
@click.option("--threads", type=int, help="CPU threads; all when left out.")
@click.option("--data", "data", multiple=True, metavar="NAME=VALUE", help="An option of the modality's data reading.")
@click.option("--option", "family_options", multiple=True, metavar="NAME=VALUE", help="An option of the family.")
@click.option("--licence", default="", help="Licence of the training data, kept in the model's card.")
@click.option("--resume", "resumed", metavar="RUN", help="Go on with a stopped or killed run; 'latest' for the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print the model as one JSON object.")
def train(
    source: Path | None,
    name: str | None,
    modality: str | None,
    family: str | None,
    size: str,
    minutes: float | None,
    max_steps: int | None,
    compress: str,
    start_from: str | None,
    seed: int,
    threads: int | None,
    data: tuple[str, ...],
    family_options: tuple[str, ...],
    licence: str,
    resumed: str | None,
    as_json: bool,
) -> None:
    """SOURCE is a folder of pictures, sounds or clips, or a CSV or Parquet file. All its problems are told at once."""
    if (source is None) == (resumed is None):
        raise BadRequest("Give either a folder or file to train on, or --resume RUN.", hint="castalia train photos/")
    with opened_house() as house:
        if resumed is not None:
            run = latest_unfinished(house) if resumed == "latest" else resumed
            model = _follow(resume(house, run), silent=as_json)
        else:
            wishes: dict[str, object] = {"size": size, "minutes": minutes, "max_steps": max_steps, "threads": threads}
            given = {wish: value for wish, value in wishes.items() if value is not None}
            plan, warnings = plan_training(
                house,
                str(source),
                name=name,
                modality=modality,
                family=family,
                compress=compress,
                start_from=start_from,
                seed=seed,
                licence=licence,
                data_options=named_values(data, "--data"),
                family_options=named_values(family_options, "--option"),
                **given,
            )
            view = ProgressView(silent=as_json)
            for warning in warnings:
                view.say(f"note: {warning}")
            view.say(f"training {plan.name}: a {plan.family} of {plan.modality}, size {plan.size}")
            model = _follow(train_plan(house, plan), silent=as_json)
    if as_json:
        print_json(model.model_dump(mode="json"))
        return
    click.echo(model.name)
    for figure, value in model.figures.items():
        click.echo(f"  {figure}: {value:.4g}", err=True)
    click.echo(f'castalia ask "..." --model {model.name} uses it; castalia show {model.name} tells more.', err=True)


def _follow(events: Generator[Progress | ModelReady], *, silent: bool) -> Model:
    with TrainingView(silent=silent) as view:
        return outcome(events, ModelReady, view.show).model


class TrainingView(ProgressView):
    """Progress of a training: the line, and beneath it on a terminal the newest preview."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__(silent=silent)
        self._preview: Text | None = None

    def drawn(self, progress: Progress) -> RenderableType:
        """The line above the preview."""
        if progress.preview is not None:
            self._preview = preview_text(progress.preview, progress.preview_type or "")
        line = Text(progress_line(progress))
        return line if self._preview is None else Group(line, self._preview)


def preview_text(data: bytes, media_type: str, width: int = 72) -> Text:
    """A preview for the terminal: pictures as half blocks (two pixels a character), text as it is."""
    if not media_type.startswith("image/"):
        return Text(data.decode("utf-8", errors="replace"), no_wrap=True)
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    height = max(2, round(picture.height * width / picture.width)) // 2 * 2
    pixels = picture.resize((width, height)).load()
    text = Text()
    if pixels is None:
        return text
    for y in range(0, height, 2):
        for x in range(width):
            upper, lower = pixels[x, y], pixels[x, y + 1]
            text.append("\u2580", style=f"rgb{upper} on rgb{lower}".replace(" ", "").replace("onrgb", " on rgb"))
        text.append("\n")
    return text
