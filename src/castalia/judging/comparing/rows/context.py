"""Context depth: how far back a fact is still recalled; how the error grows along what is made."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing, of_figure, share
from castalia.judging.comparing.observed import Subject

RECALLED = 0.5
"""A distance counts as reached when this share of facts is recalled over it."""
TIMELESS = {"image": "a picture", "table": "a table's row"}
QUARTERS = tuple(f"error_quarter_{number}" for number in range(1, 5))


def cell(subject: Subject) -> Whole:
    """For language the longest distance of recall in words; for what runs in time the error of its last quarter."""
    asked = subject.of("recall")
    if asked:
        return _recall(subject)
    if subject.makes in TIMELESS:
        return nothing(f"{TIMELESS[subject.makes]} has neither a before nor an after")
    found = [figure for name in QUARTERS if (figure := subject.figure(name)) is not None]
    if not found:
        return nothing(subject.no_evaluation or "its evaluation tells no error by horizon")
    parts = [of_figure(figure, subject.evaluated_on()) for figure in found]
    return headline(parts[-1], parts, "error of the last quarter")


def _recall(subject: Subject) -> Whole:
    asked = subject.of("recall")
    parts: list[Part] = []
    reached = 0.0
    for distance in sorted({trial.distance or 0 for trial in asked}):
        here = [trial for trial in asked if trial.distance == distance]
        hits, keys = [bool(trial.right) for trial in here], [trial.key for trial in here]
        part = share(f"recalled over {distance} words", hits, keys)
        errors = [trial.error for trial in here if trial.error is not None]
        if errors:
            part = part.model_copy(update={"note": f"refused {len(errors)} x: {errors[0]['code']}"})
        parts.append(part)
        if (part.number or 0.0) >= RECALLED:
            reached = float(distance)
    told = Part(name="", value=reached, unit="words", n=len(asked), better="higher")
    return headline(told, parts, "the longest distance over which at least half of the facts are recalled")


ROWS = [RowSpec(60, "context depth", "Recall by distance; error by horizon.", cell)]
