"""CSV and Parquet files as they come."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from castalia.core.errors import NotFound, UnsupportedInput
from castalia.modalities.table.reading import find_file, read_table


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(separator: str) -> None:
    data = f"name{separator}note\nAda{separator}one\nBob{separator}two\n".encode()
    table = read_table(data, "t.csv")
    assert table.separator == separator
    assert table.names == ["name", "note"]
    assert table.columns[0].tolist() == ["Ada", "Bob"]


def test_decimal_commas_do_not_hide_the_semicolon() -> None:
    table = read_table(b"a;b\n1,5;2,5\n3,25;4,0\n", "t.csv")
    assert (table.separator, table.names) == (";", ["a", "b"])


def test_quotes_hold_separators_and_line_breaks() -> None:
    table = read_table(b'a,b\n"x, y","two\nlines"\n"say ""hi""",z\n', "t.csv")
    assert table.columns[0].tolist() == ["x, y", 'say "hi"']
    assert table.columns[1].tolist() == ["two\nlines", "z"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(encoding: str) -> None:
    table = read_table("città,n\nForlì,1\nCantù,2\n".encode(encoding), "t.csv")
    assert table.names == ["città", "n"]
    assert table.columns[0].tolist() == ["Forlì", "Cantù"]
    assert bool(table.notes) == (encoding == "latin-1")


def test_first_line_of_values_is_no_header() -> None:
    table = read_table(b"39, State-gov\n50, Private\n", "t.csv")
    assert table.names == ["column_1", "column_2"]
    assert table.columns[1].tolist() == ["State-gov", "Private"]
    assert read_table(b"39, State-gov\n50, Private\n", "t.csv", header="yes").rows == 1


def test_lines_of_wrong_length_are_told_by_number() -> None:
    table = read_table(b"a,b\n1,2\n3\n4,5,6\n\n7,8\n", "t.csv")
    assert table.skipped == [3, 4]
    assert table.columns[0].tolist() == ["1", "7"]


def test_names_become_distinct() -> None:
    table = read_table(b"x,x,\nu,v,w\n", "t.csv")
    assert table.names == ["x", "x_2", "column_3"]
    assert "twice" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary"),
        (b"PAR1 but not really", "damaged Parquet"),
        (b'a,b\n"' + b"x" * 200_000, "cannot be read at line"),
    ],
)
def test_what_is_no_table(data: bytes, said: str) -> None:
    with pytest.raises(UnsupportedInput, match=said) as caught:
        read_table(data, "t.csv")
    assert caught.value.hint


def test_named_encoding_must_exist_and_fit() -> None:
    with pytest.raises(UnsupportedInput, match="no text encoding 'klingon'"):
        read_table(b"a\nb\n", "t.csv", encoding="klingon")
    with pytest.raises(UnsupportedInput, match="byte 2 does not fit"):
        read_table(b"a\n\xff\n", "t.csv", encoding="utf-8")


def test_parquet_keeps_types_and_gaps(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int32"),
            "x": [0.5, 1.25, None],
            "b": [True, False, None],
            "t": pd.to_datetime(["2024-01-01", "2024-02-03", None]),
            "c": pd.Categorical(["u", "v", "u"]),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table((tmp_path / "t.parquet").read_bytes(), "t.parquet")
    assert table.columns[0].tolist() == ["1", "", "3"]
    assert table.columns[1].tolist() == ["0.5", "1.25", ""]
    assert table.columns[2].tolist() == ["true", "false", ""]
    assert table.types["n"] == "int32"
    nested = pd.DataFrame({"n": [[1], [2]]})
    nested.to_parquet(tmp_path / "nested.parquet")
    with pytest.raises(UnsupportedInput, match=r"'n'.*no plain value"):
        read_table((tmp_path / "nested.parquet").read_bytes(), "nested.parquet")


def test_a_folder_must_hold_one_table(tmp_path: Path, write: Callable[..., Path]) -> None:
    with pytest.raises(NotFound):
        find_file(tmp_path / "nowhere")
    with pytest.raises(UnsupportedInput, match="no table"):
        find_file(tmp_path)
    one = write(tmp_path / "one.csv", [{"a": "1"}])
    assert find_file(tmp_path) == one
    write(tmp_path / "two.csv", [{"a": "1"}])
    with pytest.raises(UnsupportedInput, match="2 tables"):
        find_file(tmp_path)
