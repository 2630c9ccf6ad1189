"""The view of a table for families of tokens: one token a column, each given those before it.

A category is its own token. A number is the bin of its rank, all bins equally full in training, and spikes and missing
cells are tokens beside the bins; within a bin the column's own distribution decides. A grammar lets each place take the
tokens of its column only, so that every row is valid.
"""

import importlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Encoded
from castalia.core.representation import Grammar, Tokens
from castalia.modalities.table.columns import Column
from castalia.modalities.table.representation import Matrix, TableRepresentation
from castalia.modalities.table.transforms import Levels, Quantiles

BINS = (16, 256)
"""Fewest and most bins of a number."""
ROWS_A_BIN = 60


class TokenRepresentation(TableRepresentation):
    """Rows as (n, learned columns) int64; see the module. ``bins`` is the number of bins of each number."""

    name = "row tokens"

    def __init__(
        self,
        columns: Sequence[Column],
        separator: str = ",",
        rows: int = 0,
        target: str | None = None,
        bins: int | None = None,
    ) -> None:
        super().__init__(columns, separator, rows, target)
        self.bins = bins or min(BINS[1], max(BINS[0], rows // ROWS_A_BIN))
        widths = [self._width(column) for column in self.learned]
        self.starts = np.cumsum([0, *widths])
        places, total = len(widths), int(self.starts[-1])
        classes = np.repeat(np.arange(places), widths)
        transitions = [tuple(place + 1 if one == place else -1 for one in range(places + 1)) for place in range(places)]
        grammar = Grammar(
            classes=(*classes.tolist(), places),
            transitions=(*transitions, (-1,) * (places + 1)),
            ends=(places,),
        )
        self.layout = Tokens(vocabulary=total + 1, length=places, padding=total, grammar=grammar)

    def config(self) -> dict[str, object]:
        """JSON-ready data from which `restore` makes the same representation."""
        return {**super().config(), "name": self.name, "bins": self.bins}

    @classmethod
    def restore(cls, config: dict[str, object]) -> "TokenRepresentation":
        """The representation that `config` described."""
        plain = TableRepresentation.restore(config)
        return cls(plain.columns, plain.separator, plain.rows, plain.target, int(cast(int, config["bins"])))

    def encode(self, values: Matrix, seed: int = 0) -> Encoded:
        """Rows as tokens with their conditions; ``seed`` spreads ties."""
        special: Any = importlib.import_module("scipy.special")
        rng = np.random.default_rng(seed)
        tokens = np.empty((len(values), len(self.learned)), dtype=np.int64)
        for place, column in enumerate(self.learned):
            mine, coding = values[:, place], column.coding
            if isinstance(coding, Levels):
                tokens[:, place] = coding.places(mine)
            elif coding is not None:
                states = coding.state(mine)
                ranks = special.ndtr(coding.scores(mine, rng).astype(np.float64))
                bins = np.minimum((ranks * self.bins).astype(np.int64), self.bins - 1)
                tokens[:, place] = np.where(states > 0, self.bins + states - 1, bins)
        conditions, known = self.condition(values)
        return Encoded(tokens + self.starts[:-1], conditions, known)

    def decode(self, data: NDArray[np.generic], seed: int = 0) -> Matrix:
        """Tokens (n, learned columns) as valid values; ``seed`` draws within the bins."""
        special: Any = importlib.import_module("scipy.special")
        rng = np.random.default_rng(seed)
        values = np.empty(data.shape, dtype=np.float64)
        for place, column in enumerate(self.learned):
            coding = column.coding
            tokens = np.asarray(data[:, place], dtype=np.int64) - self.starts[place]
            if isinstance(coding, Levels):
                values[:, place] = coding.values(tokens, rng)
            elif coding is not None:
                states = np.maximum(tokens - self.bins + 1, 0)
                ranks = (np.minimum(tokens, self.bins - 1) + rng.random(len(tokens))) / self.bins
                values[:, place] = coding.values(states, special.ndtri(ranks))
        return values

    def _width(self, column: Column) -> int:
        coding = column.coding
        if isinstance(coding, Quantiles):
            return self.bins + coding.states - 1
        return 0 if coding is None else coding.width
