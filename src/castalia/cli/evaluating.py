"""castalia evaluate"""

import shlex
import sys
from pathlib import Path

import click

from castalia.cli.house import opened_house
from castalia.cli.options import named_values
from castalia.cli.output import ProgressView, print_json, stderr
from castalia.judging.evaluation.figures import Evaluated, Figure
from castalia.serving.evaluate import evaluate as evaluate_model
from castalia.serving.following import outcome


@click.command(help="Measure what a model makes: realism, diversity, originality, language.")
@click.argument("model")
@click.option("--data", type=click.Path(path_type=Path), help="Real data to judge by; what it learnt from if left out.")
@click.option("--samples", type=click.IntRange(8, 20_000), help="How many items to make; a minute or two if left out.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same figures.")
@click.option("--engine", help="The engine to run it on.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of reading the data.")
@click.option("-o", "--report", type=click.Path(path_type=Path), help="Also copy the HTML report to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the evaluation as one JSON object.")
def evaluate(
    model: str,
    data: Path | None,
    samples: int | None,
    seed: int,
    engine: str | None,
    options: tuple[str, ...],
    report: Path | None,
    as_json: bool,
) -> None:
    """MODEL is the name of a model, or an alias. Figures go into the registry: castalia show MODEL."""
    with opened_house() as house, ProgressView(silent=as_json) as view:
        events = evaluate_model(
            house,
            model,
            data=data,
            samples=samples,
            seed=seed,
            engine=engine,
            data_options=named_values(options, "--option"),
            command=f"castalia {shlex.join(sys.argv[1:])}",
        )
        found = outcome(events, Evaluated, view.show)
    page = found.folder / "report.html"
    if report is not None:
        report.write_bytes(page.read_bytes())
        page = report
    if as_json:
        print_json({**found.evaluation.model_dump(mode="json"), "report": str(page)})
        return
    for figure in found.evaluation.figures:
        click.echo(line_of(figure))
    console = stderr()
    for note in found.evaluation.notes:
        console.print(f"[dim]{note}[/dim]", markup=True)
    console.print(f"report: {page}")


def line_of(figure: Figure) -> str:
    """``realism      kid              0.0123 squared distance [0.01, 0.02]  floor 0.001  baseline 0.9  n 256``."""
    value = "n/a" if figure.value is None else f"{figure.value:.4g}"
    pieces = [f"{figure.axis:12} {figure.name:24} {value:>9} {figure.unit}"]
    if figure.interval is not None:
        pieces.append(f"[{figure.interval[0]:.4g}, {figure.interval[1]:.4g}]")
    for label in ("floor", "baseline", "n"):
        number = getattr(figure, label)
        if number is not None:
            pieces.append(f"{label} {number:.4g}")
    return "  ".join([*pieces, figure.note] if figure.value is None else pieces)
