"""Evaluation method: the measures that fit its kind, and their values."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing, of_figure
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """How many measures have a value; below, each of them with floor and baseline."""
    one = subject.evaluation
    if one is None:
        return nothing(subject.no_evaluation)
    parts = [of_figure(figure, subject.evaluated_on()) for figure in one.figures]
    measured = sum(part.value is not None for part in parts)
    when = f"{one.samples} samples, seed {one.seed}, {one.created:%Y-%m-%d}"
    return headline(Part(name="", value=float(measured), unit="measures", n=one.samples), parts, when)


ROWS = [RowSpec(80, "evaluation method", "The measures used, by castalia evaluate, and their values.", cell)]
