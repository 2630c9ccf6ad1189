"""Tests by pairs: what is planted is found, equals stay equal, and intervals stand in where there are no pairs."""

from itertools import product

import numpy as np
import pytest

from castalia.judging.comparing.cells import Row, Whole, headline, mean, share
from castalia.judging.comparing.contrasts import judged
from castalia.judging.comparing.pairing import common, enough, holm, permutation_p


def row(**cells: Whole) -> Row:
    return judged(Row(name="fit", about="", group="kind", cells=cells))


def measured(values: list[float] | np.ndarray, prefix: str = "request") -> Whole:
    keys = [f"{prefix} {number}" for number in range(len(values))]
    return headline(mean("", [float(one) for one in values], "s", keys, better="lower"))


def yes_no(hits: list[bool], prefix: str = "request") -> Whole:
    return headline(share("", hits, [f"{prefix} {number}" for number in range(len(hits))]))


def test_a_small_constant_difference_is_seen_though_the_intervals_overlap() -> None:
    draw = np.random.default_rng(0)
    long = draw.uniform(1, 9, 30)
    found = row(slow=measured(long + 0.05 + draw.normal(0, 0.01, 30)), quick=measured(long))
    quick, slow = found.cells["quick"].ends, found.cells["slow"].ends
    assert quick[1] > slow[0]
    (contrast,) = found.contrasts
    assert (contrast.way, contrast.pairs, contrast.differ) == ("pairs", 30, True)
    assert contrast.difference == pytest.approx(-0.05, abs=0.01)
    assert found.findings[0] == (
        f"Fit: quick is lowest with {found.cells['quick'].number:.3g} s; slow ({found.cells['slow'].number:.3g} s) is "
        "higher [30 pairs, p < 0.001]."
    )


def test_one_of_two_that_serves_a_few_requests_more_is_told_apart_though_the_intervals_overlap() -> None:
    served = [number % 2 == 0 for number in range(40)]
    better = [hit or number % 5 == 0 for number, hit in enumerate(served)]
    more = sum(better) - sum(served)
    found = row(better=yes_no(better), worse=yes_no(served))
    assert found.cells["better"].ends[0] < found.cells["worse"].ends[1]
    assert more == 4
    assert found.contrasts[0].p == pytest.approx(2 / 2**more)
    assert "no difference" in found.findings[0]
    lift = [hit or number % 3 == 0 for number, hit in enumerate(served)]
    found = row(better=yes_no(lift), worse=yes_no(served))
    assert found.cells["better"].ends[0] < found.cells["worse"].ends[1]
    assert found.contrasts[0].p == pytest.approx(2 / 2 ** (sum(lift) - sum(served)))
    assert found.contrasts[0].differ


@pytest.mark.parametrize("count", [6, 14, 42])
@pytest.mark.parametrize("kind", ["seconds", "skewed", "served"])
def test_equal_models_are_told_the_same_in_95_of_100_comparisons(kind: str, count: int) -> None:
    draw = np.random.default_rng(count)
    runs = 200

    def one() -> Whole:
        if kind == "served":
            return yes_no([bool(hit) for hit in draw.random(count) < 0.6])
        return measured(draw.lognormal(0, 1, count) if kind == "skewed" else draw.normal(3, 1, count))

    told = sum("no difference" in row(a=one(), b=one()).findings[0] for _ in range(runs))
    assert told >= 0.95 * runs - 1.96 * np.sqrt(0.95 * 0.05 * runs)


def test_of_five_equal_models_none_is_told_apart_in_95_of_100_comparisons() -> None:
    draw = np.random.default_rng(5)
    runs = 100
    alarms = 0
    for _ in range(runs):
        found = row(**{name: measured(draw.normal(0, 1, 20)) for name in "abcde"})
        assert {one.way for one in found.contrasts} == {"pairs"}
        alarms += any(one.differ for one in found.contrasts)
    assert alarms <= 0.05 * runs + 1.96 * np.sqrt(0.05 * 0.95 * runs)


def test_intervals_stand_in_where_the_requests_are_others() -> None:
    found = row(a=yes_no([True] * 40), b=yes_no([False] * 40, "another"))
    assert found.contrasts[0].way == "intervals"
    assert found.contrasts[0].reason == "they were not asked the same"
    assert found.findings == ["Fit: a is highest with 100 %; b (0 %) is lower [their intervals lie apart]."]
    near = row(a=yes_no([True] * 2), b=yes_no([False] * 2, "another"))
    assert near.findings == ["Fit: no difference between a and b; their intervals overlap."]


def test_intervals_stand_in_where_pairs_are_too_few_to_show_anything() -> None:
    found = row(a=measured([1.0] * 5), b=measured([2.0] * 5))
    assert found.contrasts[0].way == "intervals"
    assert found.contrasts[0].reason == "5 pairs are too few for 1 comparisons"
    assert found.contrasts[0].differ
    assert row(a=measured([1.0] * 6), b=measured([2.0] * 6)).contrasts[0].way == "pairs"


def test_a_sentence_says_for_each_verdict_what_it_rests_on() -> None:
    hits = [True] * 20
    found = row(a=yes_no(hits), b=yes_no([*hits[1:], False]), c=yes_no([False] * 20), d=yes_no([False] * 20, "other"))
    assert found.findings[0] == (
        "Fit: a is highest with 100 %; no difference to b (95 %) [20 pairs, p = 1]; c (0 %) and d (0 %) are lower "
        "[20 pairs, p < 0.001; their intervals lie apart]."
    )


def test_what_pairs_are() -> None:
    assert common({"x": 1, "y": 2}, {"y": 0, "x": 0}) == ["x", "y"]
    assert common({"x": 1, "y": 2}, {"x": 0}) == []
    assert common({}, {}) == []
    twice = headline(mean("", [1.0, 2.0], "s", ["same", "same"], better="lower"))
    assert twice.items == {}
    assert [enough(5, 1), enough(6, 1), enough(6, 3), enough(7, 3)] == [False, True, False, True]


def test_p_counts_all_signs() -> None:
    told = [3.0, -1.0, 2.0, 5.0, 0.5]
    sums = [abs(sum(sign * one for sign, one in zip(signs, told, strict=True))) for signs in product((1, -1), repeat=5)]
    assert permutation_p(told) == sum(one >= sum(told) for one in sums) / 32
    assert permutation_p([0.1] * 6) == 2 / 64
    assert permutation_p([1.0] * 18 + [-1.0] * 2) == pytest.approx(2 * (1 + 20 + 190) / 2**20)
    assert permutation_p([0.0, 0.0]) == 1.0


def test_drawn_signs_come_near_the_exact_ones() -> None:
    many = np.random.default_rng(3).normal(0.5, 1, 14)
    padded = [*many, 1e-12, -1e-12]
    assert permutation_p(padded) == pytest.approx(permutation_p(list(many)), abs=0.02)


def test_holm_as_in_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 4) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.02], 3) == pytest.approx([0.06])
