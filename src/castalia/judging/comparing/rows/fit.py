"""Use-case fit: how many of the requests given it serves, by task class."""

from castalia.judging.comparing.cells import RowSpec, Whole, headline, nothing, share
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """The share of requests for which the wanted kind came out and passed all checks; below, by task class."""
    asked = subject.of("request")
    if not asked:
        return nothing("no request was asked")
    basis = f"{len(asked)} requests"
    parts = [
        share(task, [trial.served for trial in asked if trial.task == task], basis=basis)
        for task in dict.fromkeys(trial.task for trial in asked)
    ]
    return headline(share("", [trial.served for trial in asked], basis=basis), parts)


ROWS = [
    RowSpec(
        100, "use-case fit", "Requests served: the wanted kind came out, all checks pass, the answer is right.", cell
    )
]
