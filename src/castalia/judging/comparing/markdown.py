"""The report as Markdown."""

from collections import Counter

from castalia.judging.comparing.cells import Cell, Comparison, Row
from castalia.judging.comparing.pairing import LEVEL
from castalia.judging.comparing.reading import interval, number
from castalia.judging.comparing.summary import sentences

TITLES = {"kind": "What each model is", "cost": "What it costs"}


def text(comparison: Comparison) -> str:
    """The whole document."""
    names = list(comparison.models)
    lines = [f"# {' against '.join(names) if len(names) == 2 else ', '.join(names)}", ""]
    lines += [*(f"- {one}" for one in sentences(comparison)), ""]
    for group, title in TITLES.items():
        lines += [f"## {title}", "", f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
        lines += [_line(row, names) for row in comparison.rows if row.group == group]
        lines.append("")
    if comparison.points:
        lines += ["## Quality against cost", "", "| model | quality | CPU-seconds | on the frontier |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [
            f"| {one.model} | {one.quality:.2f} [{one.interval[0]:.2f}, {one.interval[1]:.2f}] of {one.figures} figures"
            f" | {one.cost:.3g} | {'yes' if one.frontier else 'no'} |"
            for one in comparison.points
        ]
        lines.append("")
    lines += [f"- {name} is not placed: {why}" for name, why in comparison.left_out.items()]
    lines += ["", "## Findings", ""]
    lines += [f"- {one}" for row in comparison.rows for one in row.findings]
    lines += ["", "## Every figure", ""]
    for row in comparison.rows:
        lines += _details(row)
    lines += ["## How it was measured", "", *(f"- {key}: {value}" for key, value in facts(comparison).items())]
    return "\n".join([*lines, *(f"- {note}" for note in comparison.notes), ""])


def facts(comparison: Comparison) -> dict[str, str]:
    """What has to be known to read and to repeat it."""
    asked = comparison.requests
    return {
        "command": comparison.command,
        "measured": f"{comparison.created:%Y-%m-%d %H:%M} UTC, {comparison.seconds:g} s",
        "machine": comparison.machine,
        "requests": f"{asked.get('asked')} of {asked.get('source')}, put to every model with the same seeds",
        "samples": f"{comparison.samples} requests of the model's own kind, seeds from {comparison.seed} on",
        "intervals": "95 %, by bootstrap; of shares by Wilson's formula",
        "differences": differences(comparison),
    }


def differences(comparison: Comparison) -> str:
    """How models were held against each other, and how often each way."""
    ways = Counter(one.way for row in comparison.rows for one in row.contrasts)
    told = {
        "pairs": f"by pairs where both were asked the same with the same seeds (permutation test, p at most {LEVEL:g}, "
        "adjusted after Holm over all pairs of models in that figure)",
        "intervals": "by whether intervals lie apart where they were not, or where pairs are too few",
        "once": "by a tenth where something was measured once",
        "exact": "of exact figures",
    }
    pieces = [f"{ways[way]} {words}" for way, words in told.items() if ways[way]]
    return "; ".join(pieces) or "no figure of one model can be held against another's"


def _line(row: Row, names: list[str]) -> str:
    return f"| **{row.name}** | {' | '.join(_cell(row.cells[name]) for name in names)} |"


def _cell(cell: Cell) -> str:
    if cell.value is None:
        return f"n/a: {_plain(cell.reason)}"
    between = interval(cell)
    pieces = [number(cell), f"[{between}]" if between else "", f"n {cell.n}" if cell.n else ""]
    told = " ".join(piece for piece in pieces if piece)
    return _plain(f"{told} ({cell.note})" if cell.note else told)


def _details(row: Row) -> list[str]:
    parts = [(name, part) for name, cell in row.cells.items() for part in cell.parts]
    if not parts:
        return []
    lines = [f"### {row.name}", "", "| model | | |", "| --- | --- | --- |"]
    return [*lines, *(f"| {name} | {_plain(part.name)} | {_cell(part)} |" for name, part in parts), ""]


def _plain(words: str) -> str:
    return " ".join(words.replace("|", "\\|").split())
