"""Output behaviour: the same seed gives the same bytes, other seeds other outputs, and how varied these are."""

from itertools import combinations

import numpy as np

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, mean, nothing, of_figure, share, short
from castalia.judging.comparing.observed import Output, Subject
from castalia.judging.evaluation.bootstrap import of_statistic


def cell(subject: Subject) -> Whole:
    """The mean distance between outputs of other seeds; below, repeatability and diversity."""
    firsts = {trial.seed: trial.outputs[0] for trial in subject.of("sample") if trial.outputs}
    again = [trial for trial in subject.of("repeat") if trial.outputs and trial.seed in firsts]
    same = [firsts[trial.seed].sha256 == trial.outputs[0].sha256 for trial in again]
    parts = [share("same seed, same bytes", same, [trial.key for trial in again])]
    varied = subject.figure("vendi_ratio") or subject.figure("self_consistency")
    if varied is not None:
        parts.append(of_figure(varied, subject.evaluated_on()))
    else:
        parts.append(Part(name="vendi ratio", value=None, reason=subject.no_evaluation or "not among its figures"))
    outputs = list(firsts.values())
    parts.append(_different(outputs))
    if len(outputs) < 2:
        return nothing("fewer than two outputs came out", parts)
    between = _between(outputs)
    if between is None:
        return nothing("these outputs could not be read to be compared", parts)
    return headline(between, parts, "0: all alike, 1: as far apart as can be")


def distance(one: Output, other: Output) -> float | None:
    """In [0, 1]: words not in common of texts, else the mean difference of descriptions; None for other kinds."""
    if one.words or other.words:
        mine, theirs = set(one.words), set(other.words)
        return 1 - 2 * len(mine & theirs) / max(1, len(mine) + len(theirs))
    if not one.described or len(one.described) != len(other.described):
        return None
    return float(np.abs(np.subtract(one.described, other.described)).mean())


def _between(outputs: list[Output]) -> Part | None:
    """Mean over pairs; the bootstrap draws outputs, not pairs, which hang together."""
    count = len(outputs)
    gaps = np.zeros((count, count))
    for left, right in combinations(range(count), 2):
        gap = distance(outputs[left], outputs[right])
        if gap is None:
            return None
        gaps[left, right] = gaps[right, left] = gap

    def spread(rows: np.ndarray) -> float:
        pairs = [gaps[left, right] for left, right in combinations(rows, 2) if left != right]
        return float(np.mean(pairs)) if pairs else 0.0

    found = of_statistic(spread, count)
    low, high = short(found.low), short(found.high)
    return Part(name="", value=short(found.value), unit="distance", interval=(low, high), n=count)


def _different(outputs: list[Output]) -> Part:
    if not outputs:
        return mean("different outputs", [], "share")
    count = len({output.sha256 for output in outputs})
    return Part(name="different outputs", value=f"{count} of {len(outputs)}", n=len(outputs))


ROWS = [RowSpec(50, "output behaviour", "How far apart outputs of other seeds are, and whether a seed repeats.", cell)]
