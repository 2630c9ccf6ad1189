"""Advice as a page that a manager can read: Markdown and HTML, every sentence from a count or a measured figure."""

from html import escape

from castalia.judging.comparing.contrasts import joined
from castalia.judging.comparing.html import STYLE
from castalia.judging.comparing.reading import interval, number
from castalia.serving.advise import Advice, Evidence, Need, wanted_of

KINDS = {
    "text": "language model",
    "image": "picture generator",
    "audio": "sound generator",
    "speech": "voice",
    "music": "music generator",
    "video": "clip generator",
    "table": "generator of tables",
    "plan": "set of models, one for each output",
}
WANTED = {"plan": "several outputs at once"}
"""How a kind that is no modality is called."""


def sentences(advice: Advice) -> list[str]:
    """The whole advice in a few sentences."""
    told: list[str] = []
    total = advice.requests
    if advice.needs:
        first = advice.needs[0]
        told.append(
            f"{first.requests} of {total} requests ({number(first.part)}; 95 %: {interval(first.part)} %) "
            f"{wants(first.requests)} {wish(first.kind)}: a {named(first.kind)} is "
            "what this workload needs most."
        )
        told.append(
            f"A language model serves {number(advice.language)} of the requests that want something made; "
            f"{other(advice)}."
        )
        told += [about(need) for need in advice.needs]
    unmet = total - advice.served - advice.unclear - advice.unsupported
    told.append(
        f"The installed models would answer {advice.served} of {total} requests. {unmet} without a model; "
        f"{advice.unclear} too unclear, to be asked back; {advice.unsupported} for what no generator makes."
    )
    told += [f"Of the unsupported {count}: {refusal}" for refusal, count in advice.refusals.items()]
    if advice.agreement is not None:
        told.append(
            f"The file says what {advice.agreement.n} requests want; the chooser agrees on {number(advice.agreement)} "
            f"({interval(advice.agreement)} %) of them."
        )
    return told


def other(advice: Advice) -> str:
    """What the rest wants."""
    rest = [f"{need.requests} {wants(need.requests)} {wish(need.kind)}" for need in advice.needs if need.kind != "text"]
    return joined(rest) if rest else "none wants another generator"


def wants(count: int) -> str:
    """The verb for so many requests."""
    return "wants" if count == 1 else "want"


def wish(kind: str) -> str:
    """What is wanted, in words."""
    return WANTED.get(kind, kind)


def named(kind: str) -> str:
    """The kind of model that makes it, in words."""
    return KINDS.get(kind, f"generator of {kind}")


def about(need: Need) -> str:
    """One kind of request: how sure, who answers, on what evidence, and what is missing."""
    told = [f"{wish(need.kind)}: {_plural(need.requests)}, on average {number(need.confidence)} sure."]
    answering = [one for one in need.models if one.answers]
    does = "take part in" if need.kind == "plan" else "answer"
    told += [f"{one.model} would {does} {one.answers}. {evidence(one)}" for one in answering]
    trained = need.served - sum(one.answers for one in answering)
    if trained > 0 and need.kind != "plan":
        told.append(f"{trained} would be answered by a model that is trained at once on the attached table.")
    if need.requests > need.served:
        told.append(f"{need.requests - need.served} lack an installed model; {need.missing}")
    return " ".join(told)


def evidence(one: Evidence) -> str:
    """What was measured of a model, or that nothing was."""
    told: list[str] = []
    if one.passed is not None:
        told.append(
            f"{number(one.passed)} of its {one.passed.n} results on the record passed, median {one.seconds:.3g} s"
        )
    if one.quality is not None:
        told.append(
            f"quality {number(one.quality)} [{interval(one.quality)}] between baseline and real ({one.quality.note})"
        )
    elif one.figures:
        told.append(f"{one.figures} figures of castalia evaluate, none between a baseline and real items")
    fit, spent = one.comparison.get("typical limitations"), one.comparison.get("CPU-seconds")
    if fit is not None:
        told.append(f"{number(fit)} of {fit.n} compared outputs were flagged or failed")
    if spent is not None:
        told.append(f"{number(spent)} a request")
    return f"Measured: {'; '.join(told)}." if told else "Nothing was measured of it yet: castalia evaluate does."


def text(advice: Advice) -> str:
    """The page as Markdown."""
    lines = [f"# Advice for {advice.source}", "", *(f"- {one}" for one in sentences(advice)), ""]
    lines += ["## What is wanted", "", "| kind | requests | share | confidence | answered | model |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(_row(need))} |" for need in advice.needs]
    lines += [f"| {kind} | {count} | | | | |" for kind, count in wanted_of(advice).items() if _aside(kind) and count]
    lines += ["", "## The installed models for it", "", "| kind | model | would answer | evidence |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [
        f"| {need.kind} | {one.model} | {one.answers} | {evidence(one)} |"
        for need in advice.needs
        for one in need.models
    ]
    lines += ["", "## Examples", ""]
    lines += [f"- {need.kind}: “{example}”" for need in advice.needs for example in need.examples]
    return "\n".join([*lines, "", f"Made by `{advice.command}` on {advice.created:%Y-%m-%d %H:%M} UTC.", ""])


def page(advice: Advice) -> str:
    """The page as one HTML file that fetches nothing."""
    title = escape(f"Advice for {advice.source}")
    told = "".join(f"<li>{escape(one)}</li>" for one in sentences(advice))
    most = max((need.requests for need in advice.needs), default=1)
    heads = "".join(f"<th>{head}</th>" for head in ("kind", "requests", "share", "confidence", "answered", "model", ""))
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(need))}<td>{_bar(need.requests / most)}</td></tr>"
        for need in advice.needs
    )
    rows += "".join(
        f"<tr><td>{kind}</td><td>{count}</td>{'<td></td>' * 5}</tr>"
        for kind, count in wanted_of(advice).items()
        if _aside(kind) and count
    )
    models = "".join(
        f"<tr><td>{need.kind}</td><td>{escape(one.model)}</td><td>{one.answers}</td><td>{escape(evidence(one))}</td></tr>"
        for need in advice.needs
        for one in need.models
    )
    examples = "".join(
        f"<li>{need.kind}: “{escape(example)}”</li>" for need in advice.needs for example in need.examples
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
        f"<p class='lead'>{advice.requests} requests, none of them run; every sentence is from counts and measured "
        "figures</p>"
        f"<ul class='told'>{told}</ul><h2>What is wanted</h2><div class='wide'><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div><h2>The installed models for it</h2><div class='wide'><table><thead><tr>"
        "<th>kind</th><th>model</th><th>would answer</th><th>evidence</th></tr></thead>"
        f"<tbody>{models or '<tr><td>none</td></tr>'}</tbody></table></div><h2>Examples</h2><ul>{examples}</ul>"
        f"<p class='soft'>Made by <code>{escape(advice.command)}</code> on {advice.created:%Y-%m-%d %H:%M} UTC.</p>"
        "</html>\n"
    )


def _row(need: Need) -> list[str]:
    able = [one.model for one in need.models if one.answers]
    best = joined(able if need.kind == "plan" else able[:1]) if able else "none installed"
    share = f"{number(need.part)} [{interval(need.part)}]"
    sure = f"{number(need.confidence)} [{interval(need.confidence)}]"
    return [need.kind, str(need.requests), share, sure, f"{need.served} of {need.requests}", best]


def _bar(part: float) -> str:
    return (
        f"<div style='width:10rem;height:.7rem;background:var(--line)'><div style='width:{part:.0%};height:100%;"
        "background:var(--mark)'></div></div>"
    )


def _aside(kind: str) -> bool:
    return kind in {"unsupported", "unclear"}


def _plural(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"
