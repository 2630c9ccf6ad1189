"""The view of a table that a family learns: one flat float32 vector a row, its segments named for their columns."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Encoded
from castalia.core.representation import Conditions, Continuous, Layout, Segment
from castalia.modalities.table.columns import Cells, Column
from castalia.modalities.table.reading import Table
from castalia.modalities.table.transforms import Levels, one_hot, sample_places

Values = NDArray[np.float64]
Matrix = NDArray[np.float64]
"""Values (n, learned columns); NaN is missing."""


class TableRepresentation:
    """Columns with their codings, and the layout that follows from them.

    ``columns`` are all columns in the order of the file; ``learned`` those with a coding, in the same order. Each
    learned column has one condition group: a one-hot of its places, or the normal score of its rank.
    """

    name = "rows"

    def __init__(
        self, columns: Sequence[Column], separator: str = ",", rows: int = 0, target: str | None = None
    ) -> None:
        self.columns = tuple(columns)
        self.learned = tuple(column for column in columns if column.coding is not None)
        self.separator = separator
        self.rows = rows
        self.target = target
        segments = _segments(self.learned)
        self.layout: Layout = Continuous(shape=(sum(one.width for one in segments),), segments=segments)
        self.conditions = Conditions(groups=_groups(self.learned))

    def config(self) -> dict[str, object]:
        """JSON-ready data from which `restore` makes the same representation."""
        return {
            "columns": [column.model_dump(mode="json") for column in self.columns],
            "separator": self.separator,
            "rows": self.rows,
            "target": self.target,
        }

    @classmethod
    def restore(cls, config: dict[str, object]) -> "TableRepresentation":
        """The representation that `config` described."""
        columns = [Column.model_validate(column) for column in cast("list[object]", config["columns"])]
        target = config["target"]
        return cls(
            columns, str(config["separator"]), int(cast(int, config["rows"])), None if target is None else str(target)
        )

    def parse(self, table: Table) -> Matrix:
        """The values (n, learned columns) of a table that has all learned columns; unreadable cells are missing."""
        places = {name: place for place, name in enumerate(table.names)}
        values = [column.parse(table.columns[places[column.name]])[0] for column in self.learned]
        return np.stack(values, axis=1)

    def encode(self, values: Matrix, seed: int = 0) -> Encoded:
        """Rows as vectors (n, features) with their conditions; ``seed`` spreads ties."""
        rng = np.random.default_rng(seed)
        blocks: list[NDArray[np.float32]] = []
        for place, column in enumerate(self.learned):
            mine = values[:, place]
            coding = column.coding
            if isinstance(coding, Levels):
                blocks.append(one_hot(coding.places(mine), coding.width))
            elif coding is not None:
                if coding.states > 1:
                    blocks.append(one_hot(coding.state(mine), coding.states))
                blocks.append(coding.scores(mine, rng)[:, None])
        conditions, known = self.condition(values)
        return Encoded(np.concatenate(blocks, axis=1), conditions, known)

    def decode(self, data: NDArray[np.generic], seed: int = 0) -> Matrix:
        """Vectors (n, features), one-hot or with probabilities, as valid values (n, learned columns)."""
        rng = np.random.default_rng(seed)
        numbers = np.asarray(data, dtype=np.float32)
        values = np.empty((len(numbers), len(self.learned)), dtype=np.float64)
        start = 0
        for place, column in enumerate(self.learned):
            coding = column.coding
            if isinstance(coding, Levels):
                block = numbers[:, start : start + coding.width]
                values[:, place] = coding.values(sample_places(block, rng), rng)
                start += coding.width
            elif coding is not None:
                states = np.zeros(len(numbers), dtype=np.int64)
                if coding.states > 1:
                    states = sample_places(numbers[:, start : start + coding.states], rng)
                    start += coding.states
                values[:, place] = coding.values(states, numbers[:, start])
                start += 1
        return values

    def condition(
        self, values: Matrix, chosen: Sequence[int] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Condition vectors (n, width) and which groups are known (n, groups).

        ``chosen`` are the learned columns that are asked for, all by default; a missing number is never known.
        """
        vectors = np.zeros((len(values), self.conditions.width), dtype=np.float32)
        known = np.zeros((len(values), len(self.learned)), dtype=bool)
        for place in range(len(self.learned)) if chosen is None else chosen:
            coding = self.learned[place].coding
            group = self.conditions.groups[place]
            mine = values[:, place]
            if isinstance(coding, Levels):
                vectors[:, group.start : group.stop] = one_hot(coding.places(mine), coding.width)
                known[:, place] = True if coding.missing else ~np.isnan(mine)
            elif coding is not None:
                vectors[:, group.start] = coding.condition(mine)
                known[:, place] = ~np.isnan(mine)
        return vectors, known

    def cells(self, values: Matrix, offset: int = 0, seed: int = 0) -> list[Cells]:
        """Every written column as text cells; identifiers are numbers ``offset`` on of those that ``seed`` gives."""
        made = {column.name: column.format(values[:, place]) for place, column in enumerate(self.learned)}
        columns: list[Cells] = []
        for place, column in enumerate(self.columns):
            if column.name in made:
                columns.append(made[column.name])
            elif column.pattern is not None:
                cells = np.empty(len(values), dtype=object)
                cells[:] = column.pattern.fresh(len(values), offset, seed + place)
                columns.append(cells)
            elif column.written:
                columns.append(np.full(len(values), column.constant, dtype=object))
        return columns

    @property
    def written(self) -> list[Column]:
        """The columns of the tables that are made, in order."""
        return [column for column in self.columns if column.written]


def _segments(learned: Sequence[Column]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    start = 0
    for column in learned:
        coding = column.coding
        if isinstance(coding, Levels):
            segments.append(Segment(name=column.name, kind="categorical", start=start, width=coding.width))
        elif coding is not None:
            if coding.states > 1:
                segments.append(
                    Segment(name=f"{column.name}: state", kind="categorical", start=start, width=coding.states)
                )
                start = segments[-1].stop
            segments.append(Segment(name=column.name, kind="real", start=start, width=1))
        start = segments[-1].stop
    return tuple(segments)


def _groups(learned: Sequence[Column]) -> tuple[Segment, ...]:
    groups: list[Segment] = []
    start = 0
    for column in learned:
        if isinstance(column.coding, Levels):
            groups.append(Segment(name=column.name, kind="categorical", start=start, width=column.coding.width))
        else:
            groups.append(Segment(name=column.name, kind="real", start=start, width=1))
        start = groups[-1].stop
    return tuple(groups)
