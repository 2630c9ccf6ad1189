"""Typical limitations: which checks fail, and how often."""

from castalia.judging.comparing.cells import RowSpec, Whole, headline, nothing, share
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """The share of answered requests of its own kind that are flagged or blocked; below, each check that failed."""
    own = subject.of("sample", "repeat") + [one for one in subject.of("request") if one.wanted in subject.model.outputs]
    if not own:
        return nothing("no request of its kind was asked")
    answered = [trial for trial in own if trial.error is None]
    names = dict.fromkeys(one.name for trial in answered for one in trial.measures if one.status != "pass")
    keys = [trial.key for trial in own]
    parts = [share("errors", [trial.error is not None for trial in own], keys, better="lower")]
    for name in names:
        seen = [(trial.key, one) for trial in answered for one in trial.measures if one.name == name]
        failing = [one for _, one in seen if one.status != "pass"]
        failed, asked = [one.status != "pass" for _, one in seen], [key for key, _ in seen]
        parts.append(share(name, failed, asked, note=failing[0].note, better="lower"))
    parts = [parts[0], *sorted(parts[1:], key=lambda part: -(part.number or 0.0))]
    if not answered:
        codes = sorted({str(trial.told) for trial in own})
        return nothing(f"every request failed: {', '.join(codes)}", parts)
    flagged = share("", [trial.error is not None or trial.status != "pass" for trial in own], keys, better="lower")
    return headline(flagged, parts, "flagged, blocked or failed")


ROWS = [RowSpec(110, "typical limitations", "Which instant checks its own outputs fail, and how often.", cell)]
