"""Everything that is wrong with a table is told at once, before training."""

from collections.abc import Callable
from pathlib import Path

import pytest

from castalia.core.contracts import Survey
from castalia.core.errors import DatasetError
from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData

Write = Callable[..., Path]


def survey(path: Path, **options: object) -> Survey:
    return TableModality().survey(path, TableData.model_validate(options))


def test_a_good_table_has_no_problems(shop: Path) -> None:
    found = survey(shop)
    assert found.problems == []
    assert found.count == 400
    assert found.facts["separator"] == ","
    assert found.facts["missing"].keys() == {"age", "city"}  # pyright: ignore[reportAttributeAccessIssue]
    told = "\n".join(found.warnings)
    for name in ("order_no", "token", "currency", "remark"):
        assert f"{name!r}" in told
    for name in ("age", "member", "spent", "since"):
        assert f"{name!r}" not in told


def test_excerpts_hold_texts_and_long_numbers(tmp_path: Path, write: Write) -> None:
    rows = [
        {
            "mail": f"p{one}@example.org",
            "owner": "ada@example.org",
            "phone": str(4_420_700_000 + 37 * one * one % 99_991),
            "age": str(20 + one % 50),
        }
        for one in range(300)
    ]
    found = survey(write(tmp_path / "t.csv", rows))
    assert found.excerpts.keys() == {"mail", "owner", "phone"}
    assert found.excerpts["mail"][0] == "p0@example.org"
    assert len(found.excerpts["mail"]) == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a,b\n" + b"1,2\n" * 5, "only 5 rows"),
        (b"a,b\n" + b"1,2\n" * 40 + b"1,2,3\n" * 10, "10 lines have another number of cells"),
        (b"a,b\n" + b"1,same\n" * 40, "No column can be learned"),
        (b"\x00\x01\x02\x03" * 50, "binary"),
    ],
)
def test_problems(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    found = survey(path)
    assert len(found.problems) == 1
    assert said in found.problems[0]
    with pytest.raises(DatasetError) as caught:
        TableModality().fit(path, TableData())
    assert caught.value.problems == found.problems


def test_missing_files_are_problems_too(tmp_path: Path) -> None:
    assert "There is no file" in survey(tmp_path / "nowhere.csv").problems[0]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"a,b,a\n" + b"1,2,3\n" * 6 + b"1\n" * 4)
    found = survey(path, target="income", drop_columns=["zip"])
    assert len(found.problems) == 4
    assert "'income'" in "\n".join(found.problems)
    assert "'zip'" in "\n".join(found.problems)
    assert any("twice" in warning for warning in found.warnings)


def test_lesser_faults_are_warnings(tmp_path: Path, write: Write) -> None:
    rows = [{"a": str(one % 7), "b": "x" if one % 2 else "y", "gone": "", "same": "1"} for one in range(100)]
    path = write(tmp_path / "t.csv", rows)
    path.write_text(path.read_text() + "1,2\n")
    found = survey(path)
    told = "\n".join(found.warnings)
    assert found.problems == []
    for said in ("'gone' has no values", "'same' always says '1'", "86 of 100 rows", "1 lines have", "only 100 rows"):
        assert said in told


def test_options_change_what_is_learned(shop: Path) -> None:
    options = TableData(drop_columns=["remark"], identifiers=["city"], types={"age": "category"}, max_rows=100)
    representation, encoded = TableModality().fit(shop, options)
    kinds = {column.name: column.kind for column in representation.columns}
    assert "remark" not in kinds
    assert (kinds["city"], kinds["age"]) == ("identifier", "category")
    assert len(encoded.data) == 100


@pytest.mark.parametrize(
    ("name", "content", "least", "most"),
    [
        ("t.csv", b"a,b\n1,2\n", 0.9, 1),
        ("t.tsv", b"a\tb\n1\t2\n", 0.9, 1),
        ("blob", b"a,b\n1,2\n3,4\n5,6\n", 0.5, 0.8),
        ("notes.txt", b"Dear Ada,\nall is well.\nYours, Bob\n", 0, 0),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00", 0, 0),
        ("blob", b"\x00\x00\x00", 0, 0),
    ],
)
def test_recognises(tmp_path: Path, name: str, content: bytes, least: float, most: float) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / name).write_bytes(content)
    assert least <= TableModality().recognises(folder / name) <= most


def test_recognises_folders_by_what_they_mostly_hold(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    assert TableModality().recognises(folder) == 0
    write(folder / "labels.csv", [{"a": "1"}])
    assert TableModality().recognises(folder) > 0.9
    for one in range(20):
        (folder / f"{one}.png").write_bytes(b"\x89PNG")
    assert TableModality().recognises(folder) < 0.1
