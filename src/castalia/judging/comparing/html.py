"""The report as one HTML file: everything inline, nothing fetched, works without a network."""

from html import escape

from castalia.judging.comparing.cells import Cell, Comparison, Part, Row, Whole
from castalia.judging.comparing.contrasts import NO_DIFFERENCE
from castalia.judging.comparing.drawing import as_svg, quality_against_cost
from castalia.judging.comparing.markdown import TITLES, facts
from castalia.judging.comparing.reading import interval, number
from castalia.judging.comparing.summary import sentences

STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #667; --line: #d9dce1; --ground: #fff; --band: #f5f6f8;
  --mark: #2f6fb3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa; --line: #3a3f46; --ground: #16181c;
  --band: #1f2228; --mark: #7fb0e6 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 100rem; color: var(--ink);
  background: var(--ground) }
h1 { font-size: 1.5rem; margin: 0 0 .2rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
.lead { color: var(--soft); margin: 0 0 1rem } ul.told { max-width: 62rem; padding-left: 1.2rem }
.told li { margin: .3rem 0 }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .55rem .7rem; border-bottom: 1px solid var(--line) }
tr:last-child > td, tr:last-child > th { border-bottom: 0 }
.grid { table-layout: fixed } .grid > tbody > tr > td { border-left: 1px solid var(--line) }
.grid > thead th { background: var(--band) } .grid > thead th:first-child { width: var(--first) }
.grid > tbody > tr > th { background: var(--band); position: sticky; left: 0; font-weight: 600 }
.value { font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: break-word }
.words { font-weight: 400 }
.soft { color: var(--soft); font-size: .82rem; font-weight: 400 } .none { color: var(--soft) }
details { margin-top: .35rem; font-size: .86rem } summary { cursor: pointer; color: var(--mark) }
details table td { padding: .18rem .4rem .18rem 0; border: 0; min-width: 0 } details td + td { text-align: right }
details table { table-layout: fixed } details td { overflow-wrap: anywhere } details td:first-child { width: 42% }
details td.words { text-align: left }
figure { margin: 0; max-width: 760px } figure svg { max-width: 100%; height: auto; background: #fff }
figcaption { color: var(--soft); font-size: .86rem } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
nav button { font: inherit; padding: .2rem .8rem; border: 1px solid var(--line); border-radius: 1rem; background: none;
  color: inherit; cursor: pointer }
@media (max-width: 700px) {
  body { padding: 1rem } .wide { overflow: visible; border: 0 } .grid { min-width: 0 !important }
  .grid > thead { display: none } .grid, .grid > tbody, .grid > tbody > tr, .grid > tbody > tr > * { display: block }
  .grid > tbody > tr { border: 1px solid var(--line); border-radius: 6px; margin: 0 0 .8rem; overflow: hidden }
  .grid > tbody > tr > th { position: static } .grid > tbody > tr > td { border-left: 0; padding: .4rem .7rem }
  .grid > tbody > tr > td:last-child { border-bottom: 0 }
  .grid > tbody > tr > td::before { content: attr(data-model); color: var(--mark); font-size: .82rem; display: block }
  .facts th, .facts td { display: block; padding: .2rem 0; border: 0 } }
@media print { details { display: block } nav { display: none } }
"""

FIRST, EACH = 11, 9.5
"""Width of the first column, and the least of a model's, in rem."""
MANY, NARROW = 6, 9
"""From so many models on the first column is narrower."""

SCRIPT = """
const all = document.querySelectorAll('details')
document.getElementById('open').onclick = event => {
  const shown = event.target.ariaPressed !== 'true'
  event.target.ariaPressed = shown
  event.target.textContent = shown ? 'hide all figures' : 'show all figures'
  for (const one of all) one.open = shown
}
"""


def page(comparison: Comparison) -> str:
    """The whole document."""
    names = ", ".join(comparison.models)
    title = escape(f"{names}: comparison")
    findings = [one for row in comparison.rows for one in row.findings]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>{title}</title><style>{STYLE}</style><h1>{escape(names)}</h1>",
        f"<p class='lead'>compared on {comparison.created:%Y-%m-%d}; every sentence follows from figures below</p>",
        _listed(sentences(comparison)),
        "<nav><button id='open' aria-pressed='false'>show all figures</button></nav>",
    ]
    for group, heading in TITLES.items():
        parts += [f"<h2>{heading}</h2>", _grid([row for row in comparison.rows if row.group == group], comparison)]
    parts += [
        _picture(comparison),
        "<h2>Findings, figure by figure</h2>",
        _findings(findings),
        _facts(comparison),
        f"<script>{SCRIPT}</script></html>\n",
    ]
    return "".join(parts)


def _findings(told: list[str]) -> str:
    """Differences first; figures without one are folded away."""
    same = [one for one in told if f": {NO_DIFFERENCE} between" in one]
    apart = [one for one in told if one not in same]
    folded = (
        f"<details><summary>{len(same)} figures without a difference</summary>{_listed(same)}</details>" if same else ""
    )
    return _listed(apart or ["No figure of one model is told from another's."]) + folded


def _listed(told: list[str]) -> str:
    return f"<ul class='told'>{''.join(f'<li>{escape(one)}</li>' for one in told)}</ul>" if told else ""


def _grid(rows: list[Row], comparison: Comparison) -> str:
    heads = "".join(
        f"<th>{escape(name)}<div class='soft'>{escape(_head(about))}</div></th>"
        for name, about in comparison.models.items()
    )
    body = "".join(
        f"<tr><th>{escape(row.name)}<div class='soft'>{escape(row.about)}</div></th>"
        f"{''.join(_cell(name, cell) for name, cell in row.cells.items())}</tr>"
        for row in rows
    )
    first = NARROW if len(comparison.models) >= MANY else FIRST
    wide = f"style='--first: {first}rem; min-width: {first + EACH * len(comparison.models)}rem'"
    table = f"<table class='grid' {wide}><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='wide'>{table}</div>"


def _head(about: dict[str, object]) -> str:
    return ", ".join(str(about[key]) for key in ("makes", "family", "engine") if about.get(key))


def _cell(name: str, cell: Whole) -> str:
    start = f"<td data-model='{escape(name, quote=True)}'>"
    parts = "".join(_part(part) for part in cell.parts)
    count = f"{len(cell.parts)} figure{'' if len(cell.parts) == 1 else 's'}"
    more = f"<details><summary>{count}</summary><table>{parts}</table></details>" if parts else ""
    if cell.value is None:
        return f"{start}<div class='none'>n/a</div><div class='soft'>{escape(cell.reason)}</div>{more}</td>"
    kind = "value" if cell.number is not None else "value words"
    return f"{start}<div class='{kind}'>{escape(number(cell))}</div>{_below(cell)}{more}</td>"


def _below(cell: Cell) -> str:
    between = interval(cell)
    pieces = [f"95 %: {between}" if between else "", f"n = {cell.n}" if cell.n else "", cell.note]
    told = "; ".join(piece for piece in pieces if piece)
    return f"<div class='soft'>{escape(told)}</div>" if told else ""


def _part(part: Part) -> str:
    if part.value is None:
        value = f"<td class='words'>n/a <span class='soft'>{escape(part.reason)}</span></td>"
    else:
        kind = " class='words'" if part.number is None else ""
        value = f"<td{kind}>{escape(number(part))}{_below(part)}</td>"
    return f"<tr><td>{escape(part.name)}</td>{value}</tr>"


def _picture(comparison: Comparison) -> str:
    if not comparison.points:
        return ""
    counts = ", ".join(f"{point.model} {point.figures}" for point in comparison.points)
    caption = (
        "Quality is the mean place of a model's figures between their baseline (0) and real items or a faultless "
        f"answer (1), each cut to that range; figures used: {counts}. Bars are 95 % intervals. Filled dots are on the "
        "frontier: no other model is both better and cheaper. Models of other kinds are measured by other figures."
    )
    drawn = as_svg(quality_against_cost(comparison.points), "Quality against cost")
    left = _listed([f"{name} is not placed: {why}" for name, why in comparison.left_out.items()])
    return f"<h2>Quality against cost</h2><figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>{left}"


def _facts(comparison: Comparison) -> str:
    told = "".join(
        f"<tr><th>{escape(key)}</th><td><pre>{escape(value)}</pre></td></tr>"
        for key, value in facts(comparison).items()
        if value
    )
    return f"<h2>How it was measured</h2><table class='facts'>{told}</table>{_listed(comparison.notes)}"
