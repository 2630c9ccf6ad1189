"""Instruction handling: how often what was asked for in particular comes."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing, of_figure, share
from castalia.judging.comparing.observed import Subject

CONTROLLED = {"key", "tempo", "rows", "length", "conditions", "word_error"}
"""Instant checks that hold an output against the request itself."""


def cell(subject: Subject) -> Whole:
    """Verifiable instructions for language, the asked class for media; below, the checks against the request."""
    parts: list[Part] = []
    for name in sorted(CONTROLLED):
        seen = [(trial.key, one) for trial in subject.of("sample", "request") for one in trial.measures
                if one.name == name and one.value is not None]  # fmt: skip
        if seen:
            passed, keys = [one.status == "pass" for _, one in seen], [key for key, _ in seen]
            parts.append(share(f"check of {name.replace('_', ' ')}", passed, keys))
    for name in ("instructions_followed", "class_obeyed"):
        figure = subject.figure(name)
        if figure is not None:
            return headline(of_figure(figure, subject.evaluated_on()), parts, figure.name.replace("_", " "))
    if parts:
        first = parts[0]
        return headline(first, parts[1:], f"{first.name}: outputs that pass it")
    if subject.evaluation is None:
        return nothing(subject.no_evaluation)
    return nothing("it has no classes by which a classifier could check what was asked for")


ROWS = [
    RowSpec(
        70,
        "instruction handling",
        "Verifiable instructions; for media whether a classifier, trained on real data, sees what was asked for.",
        cell,
    )
]
