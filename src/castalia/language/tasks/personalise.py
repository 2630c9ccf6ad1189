"""Personalise: a template and a table of recipients give one message a row.

``{name}`` stands for the column *name*, ``{{`` and ``}}`` for braces. ``[[...]]`` is written by the model for each
row, after the fields in it are filled in: ``[[one friendly sentence about {hobby}]]``.
"""

import csv
import io
import re
from collections.abc import Generator
from string import Formatter

from pydantic import Field

from castalia.core.errors import BadRequest, DatasetError, UnsupportedInput
from castalia.core.events import Event
from castalia.language.answering import cleaned, words_of
from castalia.language.mending import leaks
from castalia.language.task import Coverage, Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn
from castalia.modalities.text.claims import numbers_of
from castalia.modalities.text.spans import sentence_spans

WRITTEN = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
ROOM = 80
SHOWN = (
    ("one friendly sentence about swimming", "Swimming is a wonderful way to start the day."),
    ("one sentence that thanks Oskar for buying a ladder", "Thank you for buying a ladder, Oskar."),
    ("one sentence that invites Rosa to our picnic in Ghent", "Rosa, please come to our picnic in Ghent."),
    ("one sentence that congratulates Tom on 12 years in the choir", "Congratulations on 12 years in the choir, Tom!"),
)
EXAMPLE_NAMES = ("oskar", "rosa", "ghent", "tom")
TRIES = (SHOWN, SHOWN[2:], ())
"""Examples of the first try, and of the next ones where the answer leaves out a field or tells of an example."""


class Options(TaskOptions):
    """How rows become messages."""

    missing: str = Field(
        default="", max_length=200, description="What stands for an empty cell; without it an empty cell is an error."
    )


class Messages(TaskOutput):
    """One text a row, in the order of the table."""

    texts: list[str]


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """All messages. Raises BadRequest for a wrong template, DatasetError with all fields and cells that are missing,
    before any message is made."""
    template = given.materials[0].text.strip()
    rows = rows_of(given.materials[1].text)
    check(template, rows, given.options)
    texts: list[str] = []
    for number, row in enumerate(rows, start=1):
        values = {name: value or given.options.missing for name, value in row.items()}
        yield desk.progress(f"message {number} of {len(rows)}", (number - 1) / len(rows))
        text = yield from _message(template, values, number, desk)
        yield desk.show(text if number == len(rows) else f"{text}\n\n")
        texts.append(text)
    return Made(texts, Coverage(characters=len(rows), read=len(texts), sections=len(rows), sections_read=len(texts)))


def _message(template: str, values: dict[str, str], number: int, desk: Desk) -> Generator[Event, None, str]:
    pieces = WRITTEN.split(template)
    said: list[str] = []
    for place, piece in enumerate(pieces):
        filled = piece.format_map(values)
        if place % 2:
            named = [values[name] for _, name, _, _ in Formatter().parse(piece) if name]
            filled = yield from _written(filled.strip().rstrip("."), named, number, desk)
        said.append(filled)
    return "".join(said)


def _written(wish: str, named: list[str], number: int, desk: Desk) -> Generator[Event, None, str]:
    """What the model writes for a wish: the first answer that names all its fields, else that which names the most."""
    best, fewest = "", len(named) + 2
    for shown in TRIES:
        turns: list[Turn] = []
        for one, answer in shown:
            turns += [("user", f"Write {one}."), ("assistant", answer)]
        turns.append(("user", f"Write {wish}."))
        text = plain(cleaned((yield from desk.write(turns, max_tokens=ROOM, purpose=f"message {number}"))), wish)
        faults = sum(not names(text, value) for value in named) + _tells_of(shown, text, wish)
        if text and faults < fewest:
            best, fewest = text, faults
        if not fewest:
            break
    return best


def _tells_of(shown: tuple[tuple[str, str], ...], text: str, wish: str) -> int:
    """Whether an answer tells of the examples: a run of their words, or a name of theirs."""
    foreign = set(EXAMPLE_NAMES) - set(words_of(wish))
    return leaks(text, (answer for _, answer in shown), wish) or bool(foreign & set(words_of(text)))


def plain(answer: str, wish: str) -> str:
    """The answer without greeting and closing around it; one sentence of it where one is wished for."""
    paragraphs = [" ".join(one.split()) for one in answer.split("\n") if one.strip()]
    whole_ones = [one for one in paragraphs if one[-1] in ".!?"] or paragraphs
    text = " ".join(whole_ones)
    if "one " in wish and "sentence" in wish:
        spans = sentence_spans(text)
        return text[: spans[0][1]] if spans else text
    return text


def names(text: str, value: str) -> bool:
    """Whether a text holds the words and numbers of a value."""
    said = set(words_of(text))
    return all(word in said or word in numbers_of(text) for word in words_of(value))


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV table with a line of names; commas, semicolons or tabs. Raises UnsupportedInput."""
    head = text.lstrip("\ufeff").splitlines()[:1]
    delimiter = max(",;\t", key=(head or [""])[0].count)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, restkey="", skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or []]
    if not names or len(set(names)) < len(names) or not all(names):
        raise UnsupportedInput(
            "The table of recipients needs a first line with a different name for each column.", hint="Correct it."
        )
    rows = [
        {name: (value or "").strip() for name, value in zip(names, row.values(), strict=False)}
        for row in reader
        if any(isinstance(value, str) and value.strip() for value in row.values())
    ]
    if not rows:
        raise UnsupportedInput("The table of recipients has no rows.", hint="Give one row for each message.")
    return rows


def check(template: str, rows: list[dict[str, str]], options: Options) -> None:
    """Raise BadRequest for a template that cannot be read, DatasetError for unknown fields and empty cells."""
    try:
        parsed = [(name, form, conversion) for _, name, form, conversion in Formatter().parse(template)]
    except ValueError as error:
        raise BadRequest(f"The template cannot be read: {error}.", hint="Write {{ and }} for braces.") from None
    fields = [name for name, _, _ in parsed if name is not None]
    odd = [name for name, form, conversion in parsed if name is not None and (form or conversion or not name)]
    odd += [name for name in fields if re.search(r"[.\[\]]", name)]
    if odd:
        raise BadRequest(f"{{{odd[0]}}} is no field: a field is a column's name.", hint="Write {{ and }} for braces.")
    known = list(rows[0])
    unknown = [name for name in dict.fromkeys(fields) if name not in known]
    problems = [f"the template names {name}, which is no column" for name in unknown]
    for name in dict.fromkeys(fields):
        empty = [] if options.missing or name in unknown else [n for n, row in enumerate(rows, 1) if not row.get(name)]
        if empty:
            told = ", ".join(map(str, empty[:5])) + (" ..." if len(empty) > 5 else "")
            problems.append(f"{name} is empty in row {told}")
    if problems:
        raise DatasetError(
            "The recipients do not fit the template.",
            problems=problems,
            hint=f"Columns: {', '.join(known)}. Correct them, or say what stands for empty cells with --missing.",
        )


TASK = Task(
    name="personalise",
    summary="Make one message a row from a template and a table of recipients.",
    options=Options,
    output=Messages,
    run=run,
    measures=("all rows",),
    takes="a template, and a table of recipients (CSV)",
    least=2,
    most=2,
    needs_model=lambda given: bool(WRITTEN.search(given.materials[0].text)),
)
