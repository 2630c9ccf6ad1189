"""The table modality: reading a table to learn from, and making tables with a trained sampler."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Representation, Sample, Sampler, Survey
from castalia.core.errors import DatasetError
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.table import figures, fingerprints, generation
from castalia.modalities.table.options import TableData
from castalia.modalities.table.reading import PARQUET_MAGIC, SUFFIXES, find_separator, table_files
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.surveying import inspect
from castalia.modalities.table.tokens import TokenRepresentation
from castalia.modalities.table.writing import to_markdown

CERTAIN = 0.95
LIKELY = 0.6


class TableModality:
    """Implements `castalia.core.contracts.Modality` for CSV and Parquet."""

    def recognises(self, source: Path) -> float:
        """Sure of table files and of folders that hold little else; a text file of separated cells is likely one."""
        if source.is_dir():
            files = [path for path in source.iterdir() if not path.name.startswith(".")]
            return CERTAIN * len(table_files(source)) / len(files) if files else 0.0
        if not source.is_file():
            return 0.0
        if source.suffix.lower() in SUFFIXES:
            return CERTAIN
        with source.open("rb") as file:
            start = file.read(8192)
        if start.startswith(PARQUET_MAGIC):
            return CERTAIN
        if source.suffix or b"\x00" in start:
            return 0.0
        return LIKELY if _looks_separated(start.decode("utf-8", errors="replace")) else 0.0

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Every problem of the table at once: reading, rows, columns; excerpts of texts and long numbers by column."""
        found = inspect(source, TableData.model_validate(options.model_dump()))
        return Survey(
            modality="table",
            source=source,
            count=found.table.rows,
            problems=found.problems,
            warnings=found.warnings,
            facts=found.facts,
            excerpts={one.column.name: one.excerpts for one in found.columns if one.excerpts},
        )

    def data_options(self) -> type[BaseModel]:
        """`TableData`."""
        return TableData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "continuous") -> tuple[TableRepresentation, Encoded]:
        """The representation of the table and its rows. Raises DatasetError with all problems."""
        chosen = TableData.model_validate(options.model_dump())
        found = inspect(source, chosen)
        if found.problems:
            raise DatasetError(
                f"{source} cannot be learned from.", problems=found.problems, hint="Mend these and train again."
            )
        view = TokenRepresentation if kind == "tokens" else TableRepresentation
        representation = view(found.kept, found.table.separator, found.table.rows, chosen.target)
        values = np.stack([one.values for one in found.columns if one.values is not None], axis=1)
        return representation, representation.encode(values)

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Another table's rows, by the columns and distributions of a representation. Raises DatasetError."""
        view, table = _rows(representation), inspect(source, TableData.model_validate(options.model_dump())).table
        missing = [column.name for column in view.learned if column.name not in table.names]
        if missing:
            raise DatasetError(
                f"{source} lacks columns that the model has learnt.",
                problems=[f"there is no column {name!r}" for name in missing],
                hint="Give a table with the columns of the training table.",
            )
        return view.encode(view.parse(table))

    def restore(self, config: dict[str, object]) -> TableRepresentation:
        """The representation that `config` of either kind described."""
        view = TokenRepresentation if config.get("name") == TokenRepresentation.name else TableRepresentation
        return view.restore(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """See `castalia.modalities.table.fingerprints`."""
        return fingerprints.fingerprint(_rows(representation), data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """One table. Raises BadRequest for conditions that the model cannot meet, naming those that it can."""
        return generation.generate(_rows(representation), sampler, request)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """The first rows as a Markdown table."""
        view = _rows(representation)
        cells = view.cells(view.decode(data))
        text = to_markdown([column.name for column in view.written], cells)
        return Sample(text.encode(), "text/markdown", {"rows": len(data)})

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """See `castalia.modalities.table.figures.likeness`."""
        view = _rows(representation)
        return figures.likeness(view.learned, view.decode(real), view.decode(synthetic, seed=1))


def _rows(representation: Representation) -> TableRepresentation:
    assert isinstance(representation, TableRepresentation)  # noqa: S101 - made by this modality alone
    return representation


def _looks_separated(text: str) -> bool:
    """At least three lines that one separator splits into equally many cells, more than one."""
    lines = [line for line in text.splitlines()[:-1] if line.strip()]
    separator = find_separator(text)
    counts = {line.count(separator) for line in lines}
    return len(lines) >= 3 and len(counts) == 1 and counts.pop() > 0
