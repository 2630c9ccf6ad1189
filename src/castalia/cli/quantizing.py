"""castalia quantize"""

from pathlib import Path

import click

from castalia.cli.house import opened_house
from castalia.cli.output import ProgressView, print_json
from castalia.core.events import ModelReady
from castalia.serving.following import outcome
from castalia.serving.quantize import BITS, BITS_BEFORE, BYTES_BEFORE
from castalia.serving.quantize import quantize as quantize_model


@click.command(help="Rewrite a language model's weights in another format.")
@click.argument("model")
@click.option("--to", "kind", required=True, metavar="TYPE", help="The format: Q8_0, Q6_K, Q5_K, Q4_K, Q4_0, ...")
@click.option("-n", "--name", help="Name of the new model; from the old one and the format when left out.")
@click.option("--text", type=click.Path(path_type=Path), help="Measure with this text; with ours when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print the new model as one JSON object.")
def quantize(model: str, kind: str, name: str | None, text: Path | None, as_json: bool) -> None:
    """The model itself stays; size and bits per byte of both are told."""
    with opened_house() as house, ProgressView(silent=as_json) as view:
        events = quantize_model(house, model, kind, new_name=name, text=text)
        made = outcome(events, ModelReady, view.show).model
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    click.echo(made.name)
    figures = made.figures
    weights = next(file.size for file in made.files if file.path.endswith(".gguf"))
    click.echo(f"  bytes: {figures[BYTES_BEFORE]:,.0f} before, {weights:,} now", err=True)
    click.echo(f"  bits per byte: {figures[BITS_BEFORE]:.4f} before, {figures[BITS]:.4f} now", err=True)
