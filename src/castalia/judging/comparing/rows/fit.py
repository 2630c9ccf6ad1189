"""Use-case fit: how many of the requests given it serves, by task class."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing, share
from castalia.judging.comparing.observed import Subject, Trial


def cell(subject: Subject) -> Whole:
    """The share of requests for which the wanted kind came out and passed all checks; below, by task class."""
    asked = subject.of("request")
    if not asked:
        return nothing("no request was asked")
    basis = f"{len(asked)} requests"
    parts = [
        _served(task, [trial for trial in asked if trial.task == task], basis)
        for task in dict.fromkeys(trial.task for trial in asked)
    ]
    return headline(_served("", asked, basis), parts)


def _served(name: str, trials: list[Trial], basis: str) -> Part:
    return share(name, [one.served for one in trials], [one.key for one in trials], basis=basis)


ROWS = [
    RowSpec(
        100, "use-case fit", "Requests served: the wanted kind came out, all checks pass, the answer is right.", cell
    )
]
