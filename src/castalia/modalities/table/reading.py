"""Tables from files: CSV with its separator, encoding and header found out, and Parquet. Cells stay text here.

CSV follows RFC 4180 with other separators allowed; what a line cannot be read as is told by its number, never
guessed.
"""

import csv
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import NotFound, UnsupportedInput
from castalia.modalities.table.numbers import PLAIN

SEPARATORS = (",", ";", "\t", "|")
SUFFIXES = (".csv", ".tsv", ".parquet")
PARQUET_MAGIC = b"PAR1"
SAMPLE_LINES = 200
"""Lines that separator and header are judged by."""

Cells = NDArray[np.object_]
Header = Literal["auto", "yes", "no"]


@dataclass
class Table:
    """A table of text cells (missing ones are empty), one array (rows,) a column.

    ``skipped`` holds the numbers of lines left out because their count of cells differs from the header's; ``types``
    the Arrow types of a Parquet file by column; ``notes`` what was assumed on the way.
    """

    names: list[str]
    columns: list[Cells]
    separator: str = ","
    encoding: str = "utf-8"
    types: dict[str, str] = field(default_factory=dict[str, str])
    skipped: list[int] = field(default_factory=list[int])
    notes: list[str] = field(default_factory=list[str])

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[0]) if self.columns else 0


def find_file(source: Path) -> Path:
    """The table file that ``source`` is, or the only one in that folder. Raises NotFound, UnsupportedInput."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise NotFound(f"There is no file {source}.", hint="Check the path.")
    files = table_files(source)
    if not files:
        raise UnsupportedInput(f"{source} holds no table.", hint=f"Put one {' or '.join(SUFFIXES)} file there.")
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:5])
        raise UnsupportedInput(f"{source} holds {len(files)} tables ({names}).", hint="Name one of the files.")
    return files[0]


def table_files(folder: Path) -> list[Path]:
    """The table files directly in a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)


def read_table(
    data: bytes, name: str, separator: str | None = None, encoding: str | None = None, header: Header = "auto"
) -> Table:
    """The table in these bytes; ``name`` is for messages. Raises UnsupportedInput when it is none."""
    if not data.strip():
        raise UnsupportedInput(f"{name} is empty.", hint="Give a file with a header line and rows.")
    if data.startswith(PARQUET_MAGIC):
        return _read_parquet(data, name)
    text, encoding, notes = _decode(data, name, encoding)
    table = _read_csv(text, name, separator or find_separator(text), header)
    table.encoding = encoding
    table.notes[:0] = notes
    return table


def find_separator(text: str) -> str:
    """The separator that splits the first lines into the most cells, equally many in each."""
    sample = [line for line in text[:65536].splitlines()[:SAMPLE_LINES] if line.strip()]
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        try:
            counts = [len(row) for row in csv.reader(sample, delimiter=separator, skipinitialspace=True)]
        except csv.Error:
            continue
        commonest = max(set(counts), key=counts.count)
        score = (round(counts.count(commonest) / len(counts), 1), commonest)
        if commonest > 1 and score > best_score:
            best, best_score = separator, score
    return best


def _decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str, list[str]]:
    if encoding is not None:
        try:
            return data.decode(encoding), encoding, []
        except LookupError:
            raise UnsupportedInput(
                f"There is no text encoding {encoding!r}.", hint="Try utf-8, latin-1 or utf-16."
            ) from None
        except UnicodeDecodeError as error:
            raise UnsupportedInput(
                f"{name} is not {encoding}: byte {error.start} does not fit.", hint="Leave the encoding out."
            ) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "utf-16", []
    if b"\x00" in data[:8192]:
        raise UnsupportedInput(f"{name} is a binary file, not a table.", hint="Save it as CSV or Parquet.")
    try:
        return data.decode("utf-8-sig"), "utf-8", []
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1", ["it is not UTF-8 and was read as latin-1"]


def _read_csv(text: str, name: str, separator: str, header: Header) -> Table:
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise UnsupportedInput(
            f"{name} cannot be read at line {reader.line_num}: {error}.",
            hint="Look for a quote that is never closed.",
        ) from None
    if not rows:
        raise UnsupportedInput(f"{name} holds no line with text.", hint="Give a header line and rows.")
    named = header == "yes" or (header == "auto" and _looks_like_header(rows))
    notes = [] if named else ["it has no header line, so the columns are named column_1, column_2, ..."]
    width = len(rows[0])
    first = rows[0] if named else [""] * width
    start = 1 if named else 0
    skipped = [line for row, line in zip(rows[start:], lines[start:], strict=True) if len(row) != width]
    kept = [row for row in rows[start:] if len(row) == width]
    columns: list[Cells] = []
    for place in range(width):
        column = np.empty(len(kept), dtype=object)
        column[:] = [row[place].strip() for row in kept]
        columns.append(column)
    names, renamed = _distinct([cell.strip() for cell in first])
    return Table(names, columns, separator, skipped=skipped, notes=[*notes, *renamed])


def _looks_like_header(rows: list[list[str]]) -> bool:
    """A header names every column once and no name is a number."""
    first = [cell.strip() for cell in rows[0]]
    return not any(PLAIN.match(cell) for cell in first) and any(first)


def _distinct(names: list[str]) -> tuple[list[str], list[str]]:
    """Names made distinct and non-empty, with a note for each that had to change for being there twice."""
    found: list[str] = []
    notes: list[str] = []
    for place, name in enumerate(names, start=1):
        free = name or f"column_{place}"
        number = 2
        while free in found:
            free = f"{name or 'column'}_{number}"
            number += 1
        if name and free != name:
            notes.append(f"the column name {name!r} is there twice; the later one is called {free!r}")
        found.append(free)
    return found, notes


def _shorter(times: Any) -> Any:
    """Arrow times in seconds where that loses nothing, else in microseconds."""
    arrow: Any = importlib.import_module("pyarrow")
    try:
        return times.cast(arrow.timestamp("s", times.type.tz))
    except arrow.ArrowInvalid:
        return times.cast(arrow.timestamp("us", times.type.tz), safe=False)


def _read_parquet(data: bytes, name: str) -> Table:
    arrow: Any = importlib.import_module("pyarrow")
    compute: Any = importlib.import_module("pyarrow.compute")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    try:
        table = parquet.read_table(arrow.BufferReader(data))
    except (arrow.ArrowException, OSError) as error:
        raise UnsupportedInput(
            f"{name} is a damaged Parquet file: {error}.", hint="Write it anew, or save it as CSV."
        ) from None
    columns: list[Cells] = []
    types: dict[str, str] = {}
    names, notes = _distinct([str(one) for one in table.column_names])
    for column_name, column in zip(names, table.columns, strict=True):
        kind = column.type
        if arrow.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type  # noqa: PLW2901 - the same column, unpacked
        try:
            if arrow.types.is_timestamp(kind):
                column = _shorter(column)  # noqa: PLW2901 - nanoseconds are no text that anybody writes
            texts = compute.fill_null(column.cast(arrow.string()), "")
        except (arrow.ArrowNotImplementedError, arrow.ArrowInvalid):
            raise UnsupportedInput(
                f"The column {column_name!r} of {name} holds {kind}, which is no plain value.",
                hint="Flatten or drop nested and binary columns.",
            ) from None
        types[column_name] = str(kind)
        cells = np.empty(len(texts), dtype=object)
        cells[:] = texts.to_pylist()
        columns.append(cells)
    return Table(names, columns, types=types, notes=notes)
