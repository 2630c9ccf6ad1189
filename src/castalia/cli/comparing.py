"""castalia compare, castalia advise"""

import json
import shlex
import sys
from pathlib import Path

import click

from castalia.cli.house import opened_house
from castalia.cli.output import ProgressView, print_json, stderr
from castalia.core.errors import BadRequest
from castalia.judging.comparing.cells import Compared, Comparison
from castalia.judging.comparing.reading import interval, number
from castalia.judging.comparing.summary import sentences
from castalia.serving import advice_pages
from castalia.serving.advise import advise as advise_on
from castalia.serving.compare import MOST_REQUESTS, SAMPLES
from castalia.serving.compare import compare as compare_models
from castalia.serving.following import outcome
from castalia.serving.workload import read_workload

FORMATS = {".html": "report.html", ".md": "report.md", ".json": "comparison.json", ".svg": "quality-cost.svg",
           ".png": "quality-cost.png"}  # fmt: skip
"""Suffixes of ``-o``, and the file of the report's folder that each takes."""


@click.command(help="Set models side by side: what they make, how well, at what cost.")
@click.argument("models", nargs=-1, metavar="MODEL MODEL ...")
@click.option("--requests", type=click.Path(path_type=Path), help="JSON lines of requests to ask all of them.")
@click.option(
    "--most",
    type=click.IntRange(1, 1000),
    default=MOST_REQUESTS,
    show_default=True,
    help="Most requests of the file; more are drawn from, evenly over their classes.",
)
@click.option(
    "--samples", type=click.IntRange(2, 200), default=SAMPLES, show_default=True, help="Requests of its own kind each."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The first seed, for all the same.")
@click.option("--fresh", is_flag=True, help="Ask and evaluate anew instead of taking what is kept.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the report here: .html, .md, .json, .svg, .png."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON object.")
def compare(
    models: tuple[str, ...],
    requests: Path | None,
    most: int,
    samples: int,
    seed: int,
    fresh: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """MODELs are names or aliases, at least two."""
    wanted = format_of(output, FORMATS)
    with opened_house() as house, ProgressView(silent=as_json) as view:
        events = compare_models(
            house,
            models,
            requests=requests,
            samples=samples,
            seed=seed,
            most=most,
            fresh=fresh,
            command=f"castalia {shlex.join(sys.argv[1:])}",
        )
        found = outcome(events, Compared, view.show)
    place = found.folder / "report.html"
    if output is not None:
        file = found.folder / wanted
        if not file.is_file():
            raise BadRequest(
                "No model could be placed by quality and cost, so there is no picture.",
                hint=f"The report says why: {place}",
            )
        output.write_bytes(file.read_bytes())
        place = output
    if as_json:
        print_json({**found.comparison.model_dump(mode="json"), "report": str(place)})
        return
    show(found.comparison)
    stderr().print(f"report: {place}")


PAGES = {".html": "html", ".md": "markdown", ".json": "json"}


@click.command(help="Say which models a file of requests needs, and what is missing.")
@click.argument("requests", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page here: .html, .md or .json.")
@click.option("--json", "as_json", is_flag=True, help="Print the advice as one JSON object.")
def advise(requests: Path, output: Path | None, as_json: bool) -> None:
    """REQUESTS is a file of JSON lines {"text", "attachments", "modality", "task"}; nothing is run."""
    wanted = format_of(output, PAGES)
    with opened_house() as house:
        advice = advise_on(house, read_workload(requests), requests.name, f"castalia {shlex.join(sys.argv[1:])}")
    data = {**advice.model_dump(mode="json"), "sentences": advice_pages.sentences(advice)}
    if output is not None:
        pages = {"html": advice_pages.page, "markdown": advice_pages.text}
        written = json.dumps(data, ensure_ascii=False, indent=1) if wanted == "json" else pages[wanted](advice)
        output.write_text(written, encoding="utf-8")
        stderr().print(f"page: {output}")
    if as_json:
        print_json(data)
        return
    for sentence in advice_pages.sentences(advice):
        click.echo(sentence)


def format_of(output: Path | None, formats: dict[str, str]) -> str:
    """Which file a suffix asks for. Raises BadRequest for another suffix, or a folder that is not there."""
    if output is None:
        return formats[".html"]
    if output.suffix.lower() not in formats:
        raise BadRequest(f"A report is not written as {output.name!r}.", hint=f"Suffixes: {', '.join(formats)}.")
    if not output.expanduser().parent.is_dir():
        raise BadRequest(f"There is no folder {output.parent}.", hint="Make it first, or name another one.")
    return formats[output.suffix.lower()]


def show(comparison: Comparison) -> None:
    """Row by row, a line for each model, then the sentences."""
    width = max(len(name) for name in comparison.models)
    for row in comparison.rows:
        click.echo(row.name)
        for name, cell in row.cells.items():
            between = interval(cell)
            pieces = [number(cell), f"[{between}]" if between else "", f"n {cell.n}" if cell.n else "", cell.note]
            told = f"n/a: {cell.reason}" if cell.value is None else "  ".join(piece for piece in pieces if piece)
            click.echo(f"  {name:{width}}  {told}")
    click.echo("")
    for sentence in sentences(comparison):
        click.echo(sentence)
