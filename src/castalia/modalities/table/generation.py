"""From a trained sampler to a finished table: the order is read, rows are drawn until enough meet it, then written.

Conditions are met in two ways. Where a good share of all rows meets them anyway, rows are drawn freely and the others
thrown away, which is exact. Where they are rare, the family is given values of the constrained columns, drawn from
those columns' own distributions, and rows that do not come out so are thrown away as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Sample, Sampler
from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.requests import Request
from castalia.modalities.table.columns import Cells, Column
from castalia.modalities.table.options import TableOptions
from castalia.modalities.table.prompts import read_order
from castalia.modalities.table.representation import TableRepresentation
from castalia.modalities.table.transforms import Levels, Quantiles
from castalia.modalities.table.wishes import Wish, all_hold
from castalia.modalities.table.writing import CSV_TYPE, PARQUET_TYPE, to_csv, to_parquet

BATCH = 4096
"""Rows that are drawn at a time: a second of work at most, so that progress is told and a stop is heard."""
FREE = 0.2
"""Share of rows that must meet a condition anyway for it to be met by throwing rows away: five tries a row."""
POOL = 20_000
"""Values drawn to find out what share of a column meets a condition, and to take such values from."""
TRIES = 30
"""Rows drawn for each row wanted before the rest are set by hand."""
MOST_SET = 0.5
"""Share of rows set by hand from which the model evidently cannot do it."""
NEAR = 0.1
"""A number asked for exactly counts as met within so much of the column's rank, and is then set."""

Matrix = NDArray[np.float64]


@dataclass
class Drawer:
    """Draws rows that meet the wishes; counts the ``redrawn`` and those ``set`` by hand."""

    representation: TableRepresentation
    sampler: Sampler
    wishes: list[Wish]
    seed: int
    redrawn: int = 0
    set: int = 0
    batches: int = 0

    def __post_init__(self) -> None:
        """Find out which columns are constrained, and draw a pool of allowed values for each."""
        rng = np.random.default_rng([self.seed, 1])
        self.places = sorted({wish.place for wish in self.wishes})
        self.pools = {place: self._pool(place, rng) for place in self.places}
        self.rare = [place for place in self.places if self._is_given(place) or self.pools[place][1] < FREE]

    def rows(self, count: int) -> Iterator[Matrix | Progress]:
        """Pieces of values (n, learned columns), ``count`` rows in all, with progress between them."""
        made = drawn = 0
        while made < count:
            if drawn >= TRIES * max(made, min(count, BATCH)) and self.places:
                self.rare = self.places  # together they are rare although each alone is not
                if drawn >= 2 * TRIES * max(made, min(count, BATCH)):
                    yield self._set_by_hand(count, made)
                    return
            expected = (made + 1) / (drawn + 1) if drawn else 1.0
            want = int(min(BATCH, (count - made) / max(expected, 0.02) + 16))
            values = self._draw(want)
            drawn += want
            met = values[self._meets(values)]
            self.redrawn += want - len(met)
            good = met[: count - made]
            made += len(good)
            if len(good):
                yield self._settled(good)
            yield Progress(message=f"{made} of {count} rows", fraction=made / count)

    def _draw(self, count: int) -> Matrix:
        """Freshly sampled rows under the rare conditions; what was asked of each stays in ``asked``."""
        state = np.random.SeedSequence([self.seed, 2, self.batches]).generate_state(3)
        self.batches += 1
        rng = np.random.default_rng(state[0])
        self.asked = np.full((count, len(self.representation.learned)), np.nan)
        vectors = known = None
        if self.rare:
            for place in self.rare:
                self.asked[:, place] = rng.choice(self.pools[place][0], size=count)
            vectors, known = self.representation.condition(self.asked, self.rare)
        data = self.sampler(count, vectors, known, int(state[1]))
        return self.representation.decode(data, int(state[2]))

    def _meets(self, values: Matrix) -> NDArray[np.bool_]:
        """Which rows meet every wish; a number asked for exactly is met by one that is near it."""
        columns = self.representation.learned
        exact = [wish for wish in self.wishes if not self._is_exact_number(wish)]
        meets = all_hold(exact, values, columns)
        for wish in self.wishes:
            coding = columns[wish.place].coding
            if self._is_exact_number(wish) and isinstance(coding, Quantiles):
                ranks = coding.ranks(values[:, wish.place])
                target = coding.ranks(np.asarray(wish.values))
                meets &= np.nan_to_num(np.abs(ranks - target[0]), nan=1.0) <= NEAR
        return meets

    def _settled(self, values: Matrix) -> Matrix:
        """Rows whose exactly given numbers are the given ones."""
        for wish in self.wishes:
            if self._is_exact_number(wish):
                values[:, wish.place] = wish.values[0]
        return values

    def _set_by_hand(self, count: int, made: int) -> Matrix:
        """The rows still missing, drawn under the conditions, their constrained cells set to what was asked."""
        self.set = count - made
        if self.set > MOST_SET * count:
            said = " and ".join(wish.text for wish in self.wishes)
            raise BadRequest(
                f"The model hardly ever makes rows with {said}: {made} of {count} came out.",
                hint="Loosen the conditions, ask for fewer rows, or train longer.",
            )
        values = self._draw(self.set)
        values[:, self.places] = self.asked[:, self.places]
        return values

    def _pool(self, place: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
        """Allowed values of a column, as its own distribution has them, and the share of it that they make up."""
        column = self.representation.learned[place]
        mine = [wish for wish in self.wishes if wish.place == place]
        coding = column.coding
        assert coding is not None  # noqa: S101 - only learned columns are wished for
        drawn = coding.draw(POOL, rng)
        allowed = drawn[_hold(mine, drawn, column)]
        if len(allowed):
            return allowed, len(allowed) / POOL
        named = np.asarray([value for wish in mine for value in wish.values])
        support = (
            np.asarray(coding.points) if isinstance(coding, Levels) else np.linspace(coding.low, coding.high, POOL)
        )
        candidates = np.concatenate([named, support])
        allowed = candidates[_hold(mine, candidates, column)]
        if not len(allowed):
            said = " and ".join(wish.text for wish in mine)
            raise BadRequest(
                f"No value of {column.name!r} meets {said}.", hint="These conditions exclude each other: drop one."
            )
        return allowed, 0.0

    def _is_given(self, place: int) -> bool:
        """Whether a single value of the column is asked for: then the family is told it, however frequent it is."""
        return any(wish.place == place and wish.operator == "=" for wish in self.wishes)

    def _is_exact_number(self, wish: Wish) -> bool:
        coding = self.representation.learned[wish.place].coding
        return isinstance(coding, Quantiles) and wish.operator == "=" and not np.isnan(wish.values[0])


def generate(representation: TableRepresentation, sampler: Sampler, request: Request) -> Iterator[Sample | Progress]:
    """The table that a resolved request asks for. Raises BadRequest for conditions that the model cannot meet."""
    options = TableOptions.model_validate(request.options)
    order = read_order(request.prompt, options, representation.learned)
    seed = request.seed or 0
    drawer = Drawer(representation, sampler, order.wishes, seed)
    columns = representation.written
    names = [column.name for column in columns]
    pieces: list[bytes] = []
    kept: list[list[Cells]] = []
    made = 0
    for piece in drawer.rows(order.rows):
        if isinstance(piece, Progress):
            yield piece
            continue
        cells = representation.cells(piece, offset=made, seed=seed)
        if options.format == "csv":
            pieces.append(to_csv(None if made else names, cells, representation.separator))
        else:
            kept.append(cells)
        made += len(piece)
    if options.format == "csv":
        data, media_type = b"".join(pieces), CSV_TYPE
    else:
        data, media_type = to_parquet(columns, _joined(kept)), PARQUET_TYPE
    info: dict[str, object] = {
        "rows": made,
        "columns": names,
        "where": [wish.text for wish in order.wishes],
        "redrawn": drawer.redrawn,
        "set": drawer.set,
    }
    yield Sample(data, media_type, info)


def _joined(pieces: list[list[Cells]]) -> list[Cells]:
    return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]


def _hold(wishes: list[Wish], values: NDArray[np.float64], column: Column) -> NDArray[np.bool_]:
    holds = np.ones(len(values), dtype=bool)
    for wish in wishes:
        holds &= wish.holds(values, column)
    return holds
