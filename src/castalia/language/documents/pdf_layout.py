"""A page of a PDF as its texts lie on it: paragraphs in reading order, and tables by their rows.

pdfminer.six groups characters to lines and lines to paragraphs. Before it groups lines, two things are done here: dots
that lead the eye to a page number are left out, and lines that stand in rows and columns are taken together as a table,
which would else be read column by column.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

LEADER = re.compile(r"[\s.·…_]*")
LEADERS = re.compile(r"(?:\s?[.·…]){4,}\s*(?=\d|$)|(?:\s[.·…]+)+\s*$")
"""What leads the eye from a heading to its page number."""
SAME_ROW = 0.4
"""Share of the smaller height in which two lines of one row may differ in place."""
LEAST_ROWS = 3
FILLED = 0.65
"""Share of its column that a cell fills at most, the last column aside: lines of newspaper columns fill theirs."""
MARK = 3
"""Letters of a first cell up to which it may be the mark of a list's point."""
APART = 3.0
"""Line heights between two rows above which a table ends."""


@dataclass
class Box:
    """Texts that belong together: the lines of a paragraph, or ``rows`` of cells. ``low`` to ``high`` is its place."""

    lines: list[Any]
    low: float
    high: float
    rows: list[list[str]] = field(default_factory=list[list[str]])


def boxes_of(layout: Any) -> Iterator[Box]:
    """The boxes of a page (pdfminer's ``LTPage`` that was not analysed), those inside of forms and figures too."""
    from pdfminer.layout import IndexAssigner, LAParams, LTTextBoxHorizontal

    parameters = LAParams()
    characters = list(_characters(layout))
    grouped: Any = layout.group_objects(parameters, characters) if characters else ()
    lines: list[Any] = [line for line in grouped if not line.is_empty() and not LEADER.fullmatch(line.get_text())]
    tables: dict[int, list[list[Any]]] = {}
    boxes: list[Any] = []
    for rows in _tables(lines):
        box = LTTextBoxHorizontal()
        for line in (line for row in rows for line in row):
            box.add(line)
        tables[id(box)] = rows
        boxes.append(box)
    taken = {id(line) for rows in tables.values() for row in rows for line in row}
    boxes += layout.group_textlines(parameters, [line for line in lines if id(line) not in taken])
    assigner = IndexAssigner()
    groups: Any = layout.group_textboxes(parameters, boxes) if boxes else ()
    for group in groups:
        group.analyze(parameters)
        assigner.run(group)
    for box in sorted(boxes, key=lambda box: box.index):
        yield Box(list(box), box.y0 - layout.y0, box.y1 - layout.y0, _cells(tables.get(id(box), [])))


def _characters(container: Any) -> Iterator[Any]:
    from pdfminer.layout import LTChar, LTFigure

    for one in container:
        if isinstance(one, LTChar):
            yield one
        elif isinstance(one, LTFigure):
            yield from _characters(one)


def _cells(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """The texts of a table's rows; a row of one goes on with the cell that it stands below."""
    texts: list[list[str]] = []
    places: list[float] = []
    for row in rows:
        if len(row) > 1 or not texts:
            texts.append([_text(line) for line in row])
            places = [line.x0 for line in row]
        else:
            nearest = min(range(len(places)), key=lambda number: abs(places[number] - row[0].x0))
            texts[-1][nearest] = f"{texts[-1][nearest]} {_text(row[0])}".strip()
    return texts


def _text(line: Any) -> str:
    return without_leaders(" ".join(line.get_text().split()))


def without_leaders(line: str) -> str:
    """The line without what leads the eye through it, or out of it."""
    return LEADERS.sub(" ", line).strip()


def _tables(lines: Sequence[Any]) -> Iterator[list[list[Any]]]:
    """Runs of rows, each from left to right, whose cells begin below each other and do not fill their columns.

    A row of one cell goes on with the row above it, as the second line of a long cell, when rows of several follow.
    """
    rows = _rows([line for line in lines if line.height < line.width * 20])
    run: list[list[Any]] = []
    for row in rows:
        if run and not _follows(row, run):
            yield from _whole(run)
            run = []
        if run or len(row) > 1:
            run.append(row)
    yield from _whole(run)


def _rows(lines: Sequence[Any]) -> list[list[Any]]:
    """Lines at one height together, from the top of the page."""
    rows: list[list[Any]] = []
    for line in sorted(lines, key=lambda line: -(line.y0 + line.y1)):
        last = rows[-1][0] if rows else None
        middle = (line.y0 + line.y1) / 2
        if last is not None and abs((last.y0 + last.y1) / 2 - middle) <= SAME_ROW * min(last.height, line.height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _follows(row: Sequence[Any], run: Sequence[Sequence[Any]]) -> bool:
    """Whether a row stands close below the run, each of its cells at the left or right edge of a column.

    A row of one cell must be as narrow as its column: a sentence between two tables is none of theirs.
    """
    above = [line for one in run for line in one]
    height = median(line.height for line in above)
    gap = min(line.y0 for line in run[-1]) - max(line.y1 for line in row)
    if len(row) == 1:
        right = [line.x0 for line in above if line.x0 > row[0].x0 + height]
        if gap > height or (right and row[0].x1 > min(right)):
            return False
    return gap <= APART * height and all(
        any(abs(line.x0 - other.x0) < height or abs(line.x1 - other.x1) < height for other in above) for line in row
    )


def _whole(run: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """The run, if it is a table at all, without what stands at its end below its first column only."""
    first = min((line.x0 for row in run for line in row), default=0.0)
    while run and len(run[-1]) < 2 and run[-1][0].x0 < first + run[-1][0].height:
        run = run[:-1]
    several = [row for row in run if len(row) > 1]
    listed = all(len(row) == 2 and len(_text(row[0])) <= MARK for row in several)
    if listed or len(several) < LEAST_ROWS or len(several) * 2 < len(run):
        return
    shares = [
        line.width / (after.x0 - line.x0) for row in several for line, after in pairwise(row) if after.x0 > line.x0
    ]
    if shares and median(shares) <= FILLED:
        yield run
