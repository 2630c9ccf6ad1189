"""Quality against cost: one number each, and the frontier of models that none beats in both."""

from collections.abc import Sequence

from castalia.judging.comparing.cells import Point, short
from castalia.judging.comparing.observed import Subject
from castalia.judging.comparing.rows.costs import used
from castalia.judging.evaluation.drawing import standing
from castalia.judging.evaluation.figures import Figure

LEAST_GAP = 0.05
"""A figure says nothing whose floor and baseline differ by less than this share of the larger of them."""


def quality(figures: Sequence[Figure]) -> tuple[float, tuple[float, float], int] | None:
    """Where the figures stand on average between baseline (0) and real items or a faultless answer (1).

    Only figures with a better direction, a floor and a baseline count, each cut to [0, 1]. The interval is the mean of
    their intervals' ends. None when there are none.
    """
    places: list[tuple[float, float, float]] = []
    for one in figures:
        if one.direction == "none" or _too_near(one) or standing(one, one.value) is None:
            continue
        ends = sorted(_cut(standing(one, end)) for end in (one.interval or (one.value, one.value)))
        places.append((_cut(standing(one, one.value)), ends[0], ends[1]))
    if not places:
        return None
    value, low, high = (sum(place[index] for place in places) / len(places) for index in range(3))
    return short(value), (short(low), short(high)), len(places)


def points(subjects: Sequence[Subject]) -> tuple[list[Point], dict[str, str]]:
    """The models that can be placed, and why the others cannot."""
    found: list[Point] = []
    left: dict[str, str] = {}
    for subject in subjects:
        costs = list(used(subject).values())
        placed = None if subject.evaluation is None else quality(subject.evaluation.figures)
        if placed is None:
            left[subject.name] = subject.no_evaluation or "no figure with floor and baseline"
        elif not costs:
            left[subject.name] = "its CPU-seconds could not be measured"
        else:
            value, ends, count = placed
            cost = short(max(sum(costs) / len(costs), 1e-3))
            found.append(
                Point(model=subject.name, makes=subject.makes, cost=cost, quality=value, interval=ends, figures=count)
            )
    for point in found:
        point.frontier = not any(_beats(other, point) for other in found)
    return found, left


def _beats(one: Point, other: Point) -> bool:
    """Pareto: nowhere worse, somewhere better."""
    better = one.cost < other.cost or one.quality > other.quality
    return better and one.cost <= other.cost and one.quality >= other.quality


def _too_near(one: Figure) -> bool:
    if one.floor is None or one.baseline is None:
        return True
    return abs(one.floor - one.baseline) < LEAST_GAP * max(abs(one.floor), abs(one.baseline))


def _cut(value: float | None) -> float:
    return max(0.0, min(1.0, value or 0.0))
