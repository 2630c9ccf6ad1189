"""Tables as bytes: CSV with the original's separator, Parquet with its types, Markdown for previews."""

import csv
import importlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.table.columns import Cells, Column, is_missing

CSV_TYPE = "text/csv"
PARQUET_TYPE = "application/vnd.apache.parquet"
BOOLEANS = {"true": True, "false": False}


def to_csv(names: Sequence[str] | None, columns: Sequence[Cells], separator: str) -> bytes:
    """Rows as CSV in UTF-8 with line feeds; ``names`` become the header line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    if names is not None:
        writer.writerow(names)
    writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return text.getvalue().encode()


def to_parquet(columns: Sequence[Column], cells: Sequence[Cells]) -> bytes:
    """Rows as Parquet: integers, floats, booleans and timestamps typed (as in the original where it was Parquet)."""
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    arrays = [_array(column, mine) for column, mine in zip(columns, cells, strict=True)]
    table = arrow.Table.from_arrays(arrays, names=[column.name for column in columns])
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def to_markdown(names: Sequence[str], columns: Sequence[Cells], most: int = 12) -> str:
    """The first rows as a Markdown table."""
    rows = list(zip(*(column[:most].tolist() for column in columns), strict=True))
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _array(column: Column, cells: Cells) -> Any:
    arrow: Any = importlib.import_module("pyarrow")
    gone = is_missing([str(cell) for cell in cells])
    array: Any
    if column.number is not None:
        values = np.asarray([column.number.parse(str(cell)) for cell in cells], dtype=np.float64)
        whole = column.kind == "integer"
        array = arrow.array(_whole(values) if whole else values, mask=np.isnan(values))
    elif column.date is not None and column.date.has_date:
        seconds = column.date.parse([str(cell) for cell in cells])
        stamps = _whole(seconds * 1e6).astype("datetime64[us]")
        array = arrow.array(stamps, mask=np.isnan(seconds))
    elif column.labels and all(label.lower() in BOOLEANS for label in column.labels):
        array = arrow.array([BOOLEANS.get(str(cell).lower()) for cell in cells], type=arrow.bool_())
    elif column.labels and all(label in {"0", "1"} for label in column.labels):
        array = arrow.array([None if none else int(cell) for cell, none in zip(cells, gone, strict=True)])
    elif column.pattern is not None and column.pattern.is_number:
        array = arrow.array([int(cell) for cell in cells])
    else:
        array = arrow.array([None if none else str(cell) for cell, none in zip(cells, gone, strict=True)])
    if column.arrow is None:
        return array
    try:
        return array.cast(arrow.type_for_alias(column.arrow))
    except (ValueError, arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        return array  # types with parameters, such as decimals, have no alias


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(np.nan_to_num(values)).astype(np.int64)
