"""Tables of comma-separated values: rows in groups, each group one table under the names of its columns."""

import csv
import io

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat, decoded

SIGNS = ",;\t|"


def read(data: bytes, name: str) -> Reading:
    """One table; its sign between values is found out. Raises UnsupportedInput for a table that cannot be read."""
    notes: list[str] = []
    text = decoded(data, name, notes)
    first = text.split("\n", 1)[0]
    sign = max(SIGNS, key=first.count)
    try:
        rows = [[" ".join(cell.split()) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=sign)]
    except csv.Error as error:
        raise UnsupportedInput(f"{name} is no readable table: {error}.", hint="Save it anew as CSV.") from None
    lines = [" | ".join(row) for row in rows if any(row)]
    return Reading([Block("table", "\n".join(lines))], notes=notes)


FORMAT = DocumentFormat("csv", "CSV", (".csv", ".tsv"), "text/csv", read)
