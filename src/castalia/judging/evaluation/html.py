"""The report as one HTML file: everything inline, nothing fetched, works without a network."""

from html import escape

from castalia.judging.evaluation.drawing import standing
from castalia.judging.evaluation.figures import Evaluation, Example, Figure, Picture

STYLE = """
:root { color-scheme: light dark; --ground: Canvas; --ink: CanvasText; --line: #8884; --good: #3f8f5b; --bad: #b3452f }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--ground); color: var(--ink) }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); vertical-align: top }
th[data-sort] { cursor: pointer } td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
.about { color: #888; font-size: .85rem }
.bar { width: 7rem; height: .5rem; background: var(--line); position: relative }
.bar i { position: absolute; inset: 0 auto 0 0; background: #2f6fb3 }
nav button { font: inherit; margin: 0 .3rem .3rem 0; padding: .2rem .7rem; border: 1px solid var(--line);
  background: none; color: inherit; border-radius: 1rem; cursor: pointer }
nav button[aria-pressed=true] { background: #2f6fb3; color: white }
figure { margin: 1rem 0 } figure svg, figure img { max-width: 100%; height: auto; image-rendering: pixelated }
figcaption { color: #888; font-size: .85rem } details { margin: .4rem 0; border-bottom: 1px solid var(--line) }
.pass { color: var(--good) } .fail { color: var(--bad) } pre { white-space: pre-wrap; overflow-wrap: anywhere }
figure img.zoomed { max-width: none }
"""

SCRIPT = """
for (const button of document.querySelectorAll('nav button')) button.onclick = () => {
  const axis = button.dataset.axis
  for (const other of document.querySelectorAll('nav button')) other.ariaPressed = other === button
  for (const row of document.querySelectorAll('tr[data-axis]')) row.hidden = axis !== 'all' && row.dataset.axis !== axis
}
for (const head of document.querySelectorAll('th[data-sort]')) head.onclick = () => {
  const body = head.closest('table').tBodies[0], place = head.cellIndex
  const down = head.dataset.sort === 'up'; head.dataset.sort = down ? 'down' : 'up'
  const key = row => { const cell = row.cells[place]; return cell.dataset.value ?? cell.textContent }
  const order = (a, b) => isNaN(a) || isNaN(b) ? String(a).localeCompare(String(b)) : a - b
  for (const row of [...body.rows].sort((a, b) => (down ? -1 : 1) * order(key(a), key(b)))) body.append(row)
}
const search = document.getElementById('search')
if (search) search.oninput = () => {
  for (const one of document.querySelectorAll('details'))
    one.hidden = !one.textContent.toLowerCase().includes(search.value.toLowerCase())
}
for (const image of document.querySelectorAll('figure img')) image.onclick = () => image.classList.toggle('zoomed')
"""


def page(evaluation: Evaluation) -> str:
    """The whole document."""
    title = escape(f"{evaluation.model}: evaluation")
    axes = list(dict.fromkeys(one.axis for one in evaluation.figures))
    buttons = "".join(
        f"<button data-axis='{axis}' aria-pressed='{str(axis == 'all').lower()}'>{axis}</button>"
        for axis in ("all", *axes)
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{_facts(evaluation)}"
        f"<h2>Figures</h2><nav>{buttons}</nav>{_figures(evaluation.figures)}{_pictures(evaluation.pictures)}"
        f"{_examples(evaluation.examples)}<script>{SCRIPT}</script></html>\n"
    )


def _facts(evaluation: Evaluation) -> str:
    rows = {
        "makes": evaluation.modality,
        "samples": evaluation.samples,
        "seed": evaluation.seed,
        **{name.replace("_", " "): value for name, value in evaluation.data.items()},
        **{f"encoder: {name}": value for name, value in evaluation.encoder.items()},
        "baseline": evaluation.baseline,
        "measured": f"{evaluation.created:%Y-%m-%d %H:%M} UTC, {evaluation.cpu_seconds} processor seconds, "
        f"{evaluation.generation_seconds} s of generation by the clock",
        "command": evaluation.command,
    }
    told = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items() if value != ""
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in evaluation.notes)
    return f"<table>{told}</table>{notes}"


def _figures(figures: list[Figure]) -> str:
    heads = (
        "axis",
        "figure",
        "value",
        "95 % interval",
        "n",
        "floor (real items)",
        "baseline",
        "from baseline to floor",
    )
    head = "".join(f"<th data-sort=''>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, figures))}</tbody></table>"


def _row(one: Figure) -> str:
    arrow = {"higher": "↑", "lower": "↓", "none": ""}[one.direction]
    place = standing(one, one.value)
    share = None if place is None else max(0.0, min(1.0, place))
    bar = "" if share is None else f"<div class='bar'><i style='width:{share:.0%}'></i></div>"
    interval = "" if one.interval is None else f"{one.interval[0]:.4g} to {one.interval[1]:.4g}"
    about = f"<div class='about'>{escape(one.about)} {escape(one.note)}</div>"
    cells = [
        f"<td>{one.axis}</td><td>{escape(one.name.replace('_', ' '))} {arrow}{about}</td>",
        _number(one.value, f"{'n/a' if one.value is None else f'{one.value:.4g}'} {one.unit}"),
        f"<td class='number'>{interval}</td>",
        _number(one.n, "" if one.n is None else str(one.n)),
        _number(one.floor, "" if one.floor is None else f"{one.floor:.4g}"),
        _number(one.baseline, "" if one.baseline is None else f"{one.baseline:.4g}"),
        f"<td data-value='{'' if share is None else share}'>{bar}</td>",
    ]
    return f"<tr data-axis='{one.axis}'>{''.join(cells)}</tr>"


def _number(value: float | None, told: str) -> str:
    return f"<td class='number' data-value='{'' if value is None else value}'>{escape(told)}</td>"


def _pictures(pictures: list[Picture]) -> str:
    parts: list[str] = []
    for one in pictures:
        inside = (
            one.data
            if one.media_type == "image/svg+xml"
            else f"<img alt='{escape(one.title)}' src='data:{one.media_type};base64,{one.data}'>"
        )
        note = f"<figcaption>{escape(one.note)}</figcaption>" if one.note else ""
        parts.append(f"<h2>{escape(one.title)}</h2><figure>{inside}{note}</figure>")
    return "".join(parts)


def _examples(examples: list[Example]) -> str:
    if not examples:
        return ""
    parts: list[str] = []
    for one in examples:
        state = "" if one.passed is None else "<b class='pass'>✓</b> " if one.passed else "<b class='fail'>✗</b> "
        lines = "".join(
            f"<div class='about'>{escape(name)}</div><pre>{escape(text)}</pre>" for name, text in one.lines.items()
        )
        parts.append(f"<details><summary>{state}{escape(one.title)}</summary>{lines}</details>")
    search = "<input id='search' type='search' placeholder='search the examples'>"
    return f"<h2>Examples</h2>{search}{''.join(parts)}"
