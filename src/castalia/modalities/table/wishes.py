"""What a request asks of the rows: how many, and conditions such as ``age >= 30`` or ``city in Rome, Oslo``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import BadRequest
from castalia.modalities.table.columns import Column
from castalia.modalities.table.transforms import Levels, Quantiles

Values = NDArray[np.float64]

OPERATORS = ("<=", ">=", "!=", "==", "<", ">", "=")
WORDS = {
    "is not": "!=",
    "isn't": "!=",
    "not": "!=",
    "is at least": ">=",
    "at least": ">=",
    "is at most": "<=",
    "at most": "<=",
    "is greater than": ">",
    "is more than": ">",
    "is over": ">",
    "is above": ">",
    "greater than": ">",
    "more than": ">",
    "older than": ">",
    "younger than": "<",
    "over": ">",
    "above": ">",
    "after": ">",
    "is less than": "<",
    "is under": "<",
    "is below": "<",
    "less than": "<",
    "under": "<",
    "below": "<",
    "before": "<",
    "is in": "in",
    "in": "in",
    "is": "=",
    "equals": "=",
    "of": "=",
}
"""Ways to say an operator; longer ones are tried first."""
SHOWN = 20
"""Names that an error lists."""


@dataclass(frozen=True)
class Wish:
    """One condition: the values of learned column ``place`` stand in the relation ``operator`` to ``values``."""

    place: int
    operator: str
    values: tuple[float, ...]
    text: str

    def holds(self, values: Values, column: Column) -> NDArray[np.bool_]:
        """Where (n,) the column's values meet the condition; a missing one meets only ``= missing``, or ``!=``."""
        near = column.coding.tolerance if isinstance(column.coding, Quantiles) else 1e-9
        if self.operator in {"=", "in", "!="}:
            same = np.zeros(len(values), dtype=bool)
            for value in self.values:
                same |= np.isnan(values) if np.isnan(value) else np.abs(values - value) < near
            return ~same if self.operator == "!=" else same
        bound = self.values[0]
        with np.errstate(invalid="ignore"):
            if self.operator == "<":
                return values < bound - near
            if self.operator == "<=":
                return values < bound + near
            return values > bound + (near if self.operator == ">" else -near)


def all_hold(wishes: Sequence[Wish], values: NDArray[np.float64], columns: Sequence[Column]) -> NDArray[np.bool_]:
    """Where (n,) rows of values (n, learned columns) meet every condition."""
    holds = np.ones(len(values), dtype=bool)
    for wish in wishes:
        holds &= wish.holds(values[:, wish.place], columns[wish.place])
    return holds


def read_wish(text: str, columns: Sequence[Column]) -> Wish:
    """The condition that ``text`` states on these learned columns.

    Raises BadRequest for a condition that cannot be read, an unknown column or value, or one that no row can meet.
    """
    place, rest = _column(text, columns)
    column = columns[place]
    operator, said = _operator(text, rest)
    if not said and operator != "=":
        raise BadRequest(f"The condition {text!r} names no value.", hint="Write for example 'age>=30'.")
    pieces = _split(said) if operator == "in" else [said]
    values = tuple(_value(piece, column) for piece in pieces)
    if operator in {"<", "<=", ">", ">="} and not column.is_ordered:
        raise BadRequest(
            f"{column.name!r} has no order, so {operator!r} says nothing about it.",
            hint=f"Use = or in, with: {_known(column)}.",
        )
    wish = Wish(place, operator, values, text.strip())
    _check_range(wish, column)
    return wish


def pieces_of(text: str, columns: Sequence[Column]) -> list[str]:
    """The single conditions of a clause such as ``sex is female, age over 60 and city in Rome, Oslo``."""
    pieces: list[str] = []
    for part in re.split(r"(,|;|\band\b)", text.strip(" .!?")):
        if part.strip() in {"", "and", ",", ";"}:
            continue
        if pieces and not names_column(part, columns):
            pieces[-1] += f", {part.strip()}"  # one more value of the condition before
        else:
            pieces.append(part.strip())
    return pieces


def names_column(text: str, columns: Sequence[Column]) -> bool:
    """Whether a text starts with the name of a column."""
    said = _plain(text)
    return any(re.match(rf"(the )?{re.escape(_plain(column.name))}(?!\w)", said) for column in columns)


def _plain(text: str) -> str:
    return re.sub(r"[\s_\-]+", " ", text.strip().strip("'\"").lower())


def _column(text: str, columns: Sequence[Column]) -> tuple[int, str]:
    """The column that a condition starts with, and the rest of the text; longer names win."""
    order = sorted(range(len(columns)), key=lambda place: -len(columns[place].name))
    for place in order:
        pieces = [re.escape(piece) for piece in re.split(r"[\s_\-]+", columns[place].name)]
        found = re.match(rf"\s*(?:the\s+)?[\"'`]?{'[ _-]+'.join(pieces)}[\"'`]?(?!\w)", text, re.IGNORECASE)
        if found:
            return place, text[found.end() :].strip()
    names = ", ".join(column.name for column in columns[:SHOWN])
    raise BadRequest(f"The condition {text.strip()!r} starts with no column of this model.", hint=f"It has: {names}.")


def _operator(text: str, rest: str) -> tuple[str, str]:
    for operator in OPERATORS:
        if rest.startswith(operator):
            return "=" if operator == "==" else operator, rest[len(operator) :].strip().strip("'\"")
    for words in sorted(WORDS, key=len, reverse=True):
        if re.match(rf"{words}\b", rest, re.IGNORECASE):
            return WORDS[words], rest[len(words) :].strip().strip("'\"")
    if not rest:
        raise BadRequest(
            f"The condition {text.strip()!r} has no operator.", hint=f"Use one of {' '.join(OPERATORS)} or in."
        )
    return "=", rest.strip("'\"")  # 'education Bachelors'


def _split(said: str) -> list[str]:
    inner = said.strip().removeprefix("(").removesuffix(")").removeprefix("[").removesuffix("]")
    return [piece.strip().strip("'\"") for piece in re.split(r"[,|]|\sor\s", inner) if piece.strip()]


def _value(said: str, column: Column) -> float:
    """The value that a cell's text means in this column, NaN for its missing marker."""
    coding = column.coding
    missing = coding is not None and coding.missing > 0
    exact = float(column.parse_texts([said])[0])
    if not np.isnan(exact):
        return exact
    if missing and said.lower() in {column.missing_marker.lower(), "missing", "empty"}:
        return float("nan")
    if column.labels:
        for place, label in enumerate(column.labels):
            if _plain(label) == _plain(said):
                return float(place)
    elif column.number is not None:
        plain = re.sub(r"[\s,$€£%]", "", said)
        try:
            return float(plain)
        except ValueError:
            pass
    else:
        value = _moment(said)
        if not np.isnan(value):
            return value
    raise BadRequest(f"{column.name!r} has no value {said!r} in this model.", hint=f"It knows: {_known(column)}.")


def _moment(said: str) -> float:
    try:
        return float(np.datetime64(said, "us").astype(np.int64)) / 1e6
    except ValueError:
        return float("nan")


def _check_range(wish: Wish, column: Column) -> None:
    coding = column.coding
    if isinstance(coding, Levels):
        points = np.append(np.asarray(coding.points), [np.nan] if coding.missing else [])
        possible = bool(wish.holds(points, column).any())
    elif coding is not None and wish.operator == "!=":
        possible = True
    elif coding is not None and wish.operator in {"=", "in"}:
        possible = bool(coding.possible(np.asarray(wish.values)).any())
    elif coding is not None:
        possible = bool(wish.holds(np.asarray([coding.low, coding.high]), column).any())
    else:
        possible = False
    if not possible:
        raise BadRequest(f"No row can meet {wish.text!r}.", hint=f"{column.name!r} knows: {_known(column)}.")


def _known(column: Column) -> str:
    coding = column.coding
    if isinstance(coding, Quantiles):
        low, high = column.format(np.asarray([coding.low, coding.high]))
        return f"{low} to {high}"
    if column.labels:
        names = list(column.labels)
    else:
        names = [str(cell) for cell in column.format(np.asarray(coding.points))] if coding is not None else []
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
