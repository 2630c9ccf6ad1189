"""Reading a prompt for a table: ``500 customers where sex is female``, ``two hundred rows with age over 60``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from castalia.core.errors import BadRequest
from castalia.modalities.table.columns import Column
from castalia.modalities.table.options import TableOptions
from castalia.modalities.table.wishes import Wish, names_column, pieces_of, read_wish

ROWS = 100
"""Rows of a table for which nobody says how many."""
MOST_ROWS = 1_000_000
# fmt: off
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "dozen": 12,
}
# fmt: on
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000, "m": 1_000_000}
NOUNS = "rows?|records?|lines?|entries|entry|samples?|examples?|observations?|cases|items"
CLAUSE = re.compile(r"\b(?:where|whose|such that|for which)\b", re.IGNORECASE)
LOOSE = re.compile(r"\b(?:with|having|who|that)\b", re.IGNORECASE)
SURE = re.compile(r"[<>=]|\bis\b")
WORD = "|".join([*NUMBERS, *SCALES, "a", "and"])
COUNT = re.compile(
    rf"(?<![\w.])(\d[\d,_']*(?:\.\d+)?\s*(?:k|m|hundred|thousand|million)?|(?:(?:{WORD})[\s-]+)*(?:{WORD}))"
    rf"\s+((?:[^\s\d,.;]+\s+){{0,3}}?)({NOUNS}|[a-z]+s|[a-z]*(?:people|men|women|children))\b",
    re.IGNORECASE,
)


@dataclass
class Order:
    """What a request for a table comes to: how many rows, and the conditions that all of them meet."""

    rows: int
    wishes: list[Wish]


def read_order(prompt: str, options: TableOptions, columns: Sequence[Column]) -> Order:
    """The order that options and prompt make together; options win over what the prompt says of the same.

    After ``where`` and ``whose`` the prompt is strict and raises BadRequest for what it cannot read; elsewhere only a
    known column with a known value counts.
    """
    clause = CLAUSE.search(prompt)
    head = prompt[: clause.start()] if clause else prompt
    count = COUNT.search(head)
    rows = options.rows or (read_number(count.group(1)) if count else None) or ROWS
    wishes = [read_wish(text, columns) for text in options.where]
    said: list[Wish] = []
    if clause:
        said += [read_wish(piece, columns) for piece in pieces_of(prompt[clause.end() :], columns)]
    else:
        said += _loose(head, columns)
    if count:
        said += _adjectives(f"{count.group(2)} {count.group(3)}", columns)
    settled = {wish.place for wish in wishes}
    wishes += [wish for wish in said if wish.place not in settled]
    return Order(min(rows, MOST_ROWS), wishes)


def read_number(text: str) -> int | None:
    """The number that digits or words say: ``1,000``, ``2k``, ``two hundred and fifty``, ``a dozen``; None for none."""
    digits = re.match(r"(\d[\d,_']*(?:\.\d+)?)\s*([a-z]*)", text.strip(), re.IGNORECASE)
    if digits:
        value = float(re.sub(r"[,_']", "", digits.group(1)))
        return round(value * SCALES.get(digits.group(2).lower(), 1))
    total = current = 0
    found = False
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in {"hundred", "thousand", "million"}:
            current = max(current, 1) * SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
            found = True
        elif word == "dozen":
            current, found = max(current, 1) * 12, True
        elif word in NUMBERS:
            current, found = current + NUMBERS[word], True
    return total + current if found else None


def _loose(text: str, columns: Sequence[Column]) -> list[Wish]:
    """Conditions after ``with`` or ``who``, as far as they name a known column with a value that it knows.

    One with an operator (``with sex = femal``) is surely meant as a condition and raises what is wrong with it.
    """
    wishes: list[Wish] = []
    for clause in LOOSE.split(text)[1:]:
        for piece in pieces_of(clause, columns):
            if not names_column(piece, columns):
                continue  # 'with 50 rows', 'that look real'
            try:
                wishes.append(read_wish(piece, columns))
            except BadRequest:
                if SURE.search(piece):
                    raise
    return wishes


def _adjectives(text: str, columns: Sequence[Column]) -> list[Wish]:
    """Values that stand between the count and its noun: ``500 female customers``; only values of one single column."""
    wishes: list[Wish] = []
    for word in re.findall(r"[a-z][\w-]+", text.lower()):
        owners = [
            (place, float(index))
            for place, column in enumerate(columns)
            if column.kind == "category"
            for index, label in enumerate(column.labels)
            if label.lower() == word
        ]
        if len(owners) == 1:
            place, value = owners[0]
            label = columns[place].labels[int(value)]
            wishes.append(Wish(place, "=", (value,), f"{columns[place].name}={label}"))
    return wishes
