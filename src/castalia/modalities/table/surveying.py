"""Looking through a table before training: its columns, and everything that is wrong with it, at once."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from castalia.core.errors import UserError
from castalia.modalities.table.columns import Column
from castalia.modalities.table.detection import Detected, detect
from castalia.modalities.table.options import TableData
from castalia.modalities.table.reading import Table, find_file, read_table
from castalia.modalities.table.transforms import Levels, Quantiles

FEWEST_ROWS = 20
"""Below this no distribution of even one column can be told from chance."""
ENOUGH_ROWS = 200
"""Below this relations between columns are mostly chance: trained, but said."""
MOST_COLUMNS = 500
MOST_FEATURES = 5000
"""Width of an encoded row beyond which training on a processor takes hours."""
SKIPPED = 0.1
"""Share of lines with a wrong count of cells from which the separator is wrong rather than the lines."""
TOLD = 10
"""Line numbers that a message lists."""


@dataclass
class Inspection:
    """A table with its columns told apart; `Survey` and `fit` both start here."""

    table: Table
    columns: list[Detected] = field(default_factory=list[Detected])
    problems: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    facts: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def kept(self) -> list[Column]:
        """All columns in the order of the file."""
        return [one.column for one in self.columns]


def inspect(source: Path, options: TableData) -> Inspection:
    """Read and look through the table at ``source``. Never raises for what is wrong with the data."""
    try:
        file = find_file(source)
        table = read_table(file.read_bytes(), file.name, options.separator, options.encoding, options.header)
    except UserError as error:
        return Inspection(Table([], []), problems=[f"{error.message} {error.hint}".strip()])
    except OSError as error:
        return Inspection(Table([], []), problems=[f"{source} cannot be read: {error.strerror}."])
    found = Inspection(table, warnings=[f"{note}" for note in table.notes])
    _check_names(found, options)
    _check_rows(found, options)
    if not found.problems:
        _check_columns(found, options)
    return found


def _check_names(found: Inspection, options: TableData) -> None:
    table = found.table
    asked = {
        "drop_columns": options.drop_columns,
        "identifiers": options.identifiers,
        "types": list(options.types),
        "target": [options.target] if options.target else [],
    }
    for option, names in asked.items():
        for name in names:
            if name not in table.names:
                there = ", ".join(table.names[:30])
                found.problems.append(f"{option} names a column {name!r} that is not there; there are: {there}.")
    kept = [place for place, name in enumerate(table.names) if name not in options.drop_columns]
    table.columns = [table.columns[place] for place in kept]
    table.names = [table.names[place] for place in kept]
    if not table.names:
        found.problems.append("Every column is dropped: nothing is left to learn.")
    if len(table.names) > MOST_COLUMNS:
        found.problems.append(f"It has {len(table.names)} columns; at most {MOST_COLUMNS} can be learned. Drop some.")


def _check_rows(found: Inspection, options: TableData) -> None:
    table = found.table
    skipped = len(table.skipped)
    if skipped:
        lines = ", ".join(str(line) for line in table.skipped[:TOLD]) + (", ..." if skipped > TOLD else "")
        message = f"{skipped} lines have another number of cells than the first ({len(table.names)}): {lines}"
        if skipped > SKIPPED * (table.rows + skipped):
            found.problems.append(f"{message}. Check the separator ({table.separator!r}) and the quotes.")
        else:
            found.warnings.append(f"{message}; they are left out")
    if table.rows == 0 and table.names:
        found.problems.append("It has a header but no rows.")
    elif 0 < table.rows < FEWEST_ROWS:
        found.problems.append(f"It has only {table.rows} rows; at least {FEWEST_ROWS} are needed.")
    elif 0 < table.rows < ENOUGH_ROWS:
        found.warnings.append(f"it has only {table.rows} rows: relations between columns will be rough")
    if options.max_rows is not None and table.rows > options.max_rows:
        chosen = np.sort(np.random.default_rng(0).permutation(table.rows)[: options.max_rows])
        found.warnings.append(f"{options.max_rows} of {table.rows} rows are used, drawn at random")
        table.columns = [cells[chosen] for cells in table.columns]


def _check_columns(found: Inspection, options: TableData) -> None:
    table = found.table
    for name, cells in zip(table.names, table.columns, strict=True):
        kind = "identifier" if name in options.identifiers else options.types.get(name)
        one = detect(name, cells, kind=kind, arrow=table.types.get(name), separator=table.separator)
        found.columns.append(one)
        found.warnings += one.warnings
    learned = [one.column for one in found.columns if one.column.coding is not None]
    if not learned:
        found.problems.append("No column can be learned: all are constant, identifiers, free text or empty.")
    width = sum(coding.width if coding.kind == "levels" else 1 + coding.states for coding in _codings(learned))
    if width > MOST_FEATURES:
        found.problems.append(f"An encoded row is {width} numbers wide; at most {MOST_FEATURES}. Drop some columns.")
    if options.target and options.target not in {column.name for column in learned}:
        found.problems.append(
            f"The target {options.target!r} cannot be learned; it is constant, text or an identifier."
        )
    repeated = _repeated([one for one in found.columns if one.column.coding is not None])
    if repeated:
        found.warnings.append(f"{repeated} of {table.rows} rows ({repeated / table.rows:.1%}) repeat an earlier row")
    found.facts = {
        "rows": table.rows,
        "columns": {column.name: column.kind for column in found.kept},
        "separator": table.separator,
        "encoding": table.encoding,
        "missing": {
            one.column.name: round(float(np.isnan(one.values).mean()), 4)
            for one in found.columns
            if one.values is not None and np.isnan(one.values).any()
        },
        "repeated_rows": repeated,
        "target": options.target,
    }


def _codings(columns: list[Column]) -> list[Levels | Quantiles]:
    return [column.coding for column in columns if column.coding is not None]


def _repeated(learned: list[Detected]) -> int:
    """How many rows equal an earlier one in all learned columns."""
    values = [one.values for one in learned if one.values is not None]
    if not values:
        return 0
    rows = np.nan_to_num(np.stack(values, axis=1), nan=-9.75e299)
    return len(rows) - len(np.unique(rows, axis=0))
