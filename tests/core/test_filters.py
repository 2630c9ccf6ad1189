"""Conditions on attributes: what they let through, and what is no condition."""

import pytest
from pydantic import TypeAdapter, ValidationError

from castalia.core.filters import Filter

FILTER = TypeAdapter(Filter)


@pytest.mark.parametrize(
    ("comparison", "passed"),
    [
        (("eq", 3), [3, 3.0]),
        (("ne", 3), [4, "3", "a", True, None]),
        (("gt", 3), [4]),
        (("gte", 3), [3, 3.0, 4]),
        (("lt", "b"), ["3", "a"]),
        (("lte", 4), [3, 3.0, 4]),
        (("in", ["3", 4]), [4, "3"]),
        (("nin", ["3", 4]), [3, 3.0, "a", True, None]),
        (("eq", True), [True]),
        (("gt", False), []),
    ],
)
def test_values_are_compared_with_their_own_kind_only(comparison: tuple[str, object], passed: list[object]) -> None:
    kind, value = comparison
    one = FILTER.validate_python({"type": kind, "key": "x", "value": value})
    every: list[object] = [3, 3.0, 4, "3", "a", True, None]
    kept = [own for own in every if one.matches({} if own is None else {"x": own})]
    assert [(type(own), own) for own in kept] == [(type(own), own) for own in passed]


def test_filters_are_combined() -> None:
    year, topic = {"type": "gt", "key": "year", "value": 2000}, {"type": "eq", "key": "topic", "value": "boats"}
    both = FILTER.validate_python({"type": "and", "filters": [year, topic]})
    either = FILTER.validate_python({"type": "or", "filters": [year, {"type": "and", "filters": [topic]}]})
    assert both.matches({"year": 2001, "topic": "boats"})
    assert not both.matches({"year": 2001, "topic": "cars"})
    assert either.matches({"topic": "boats"})
    assert not either.matches({})


def test_what_is_no_filter_is_refused() -> None:
    deep: dict[str, object] = {"type": "eq", "key": "x", "value": 1}
    for _ in range(3000):
        deep = {"type": "and", "filters": [deep]}
    for wrong in (
        {"type": "like", "key": "x", "value": 1},
        {"type": "eq", "key": "x"},
        {"type": "eq", "key": "x", "value": {"a": 1}},
        {"type": "and", "filters": []},
        deep,
    ):
        with pytest.raises(ValidationError):
            FILTER.validate_python(wrong)
