"""The error tree: every error tells what to do, survives a process boundary, and has its statuses."""

import pytest

from castalia.core.errors import (
    CastaliaError,
    DatasetError,
    EngineCrashed,
    InternalError,
    UserError,
    error_types,
    rebuild,
)


@pytest.mark.parametrize("kind", error_types().values(), ids=lambda kind: kind.__name__)
def test_an_error_crosses_a_process_boundary_unchanged(kind: type[CastaliaError]) -> None:
    error = kind("it broke", hint="mend it", details={"n": 3})
    again = rebuild(error.as_dict())
    assert type(again) is kind
    assert again.as_dict() == error.as_dict()


def test_codes_are_unique_and_statuses_in_range() -> None:
    kinds = error_types()
    assert len({kind.code for kind in kinds.values()}) == len(kinds)
    assert all(400 <= kind.http_status < 600 and kind.exit_status in {1, 2, 3, 130} for kind in kinds.values())
    assert issubclass(EngineCrashed, InternalError)
    assert not issubclass(EngineCrashed, UserError)


def test_a_dataset_error_lists_all_problems() -> None:
    error = DatasetError("bad data", problems=["one", "two"])
    assert error.problems == ["one", "two"]
    again = rebuild(error.as_dict())
    assert isinstance(again, DatasetError)
    assert again.problems == ["one", "two"]


def test_an_unknown_code_is_an_internal_error() -> None:
    assert type(rebuild({"code": "from the future", "message": "?"})) is InternalError
