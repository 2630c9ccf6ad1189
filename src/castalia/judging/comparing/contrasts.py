"""Findings: sentences that follow from the numbers of a row, and from nothing else.

Two models differ in a figure when their intervals do not overlap; else there is "no difference". Figures of other units
or measured on other data are not held against each other.
"""

from collections.abc import Mapping, Sequence

from castalia.judging.comparing.cells import Cell, Row
from castalia.judging.comparing.reading import number

ONCE = 0.1
"""What was measured once differs by this share of the larger figure, or not at all."""

Named = Mapping[str, Cell]


def findings(row: Row) -> list[str]:
    """What the row's own figures say, and then what its parts say, where they say anything."""
    told = contrast(row.name, row.cells)
    names = dict.fromkeys(part.name for cell in row.cells.values() for part in cell.parts)
    for name in names:
        found = {model: part for model, cell in row.cells.items() for part in cell.parts if part.name == name}
        told += contrast(name, found)
    return told


def contrast(what: str, cells: Named) -> list[str]:
    """A sentence for each set of models that this figure can be compared on."""
    groups: dict[tuple[str, str, str], dict[str, Cell]] = {}
    for model, cell in cells.items():
        if cell.number is not None and cell.better != "none":
            groups.setdefault((cell.unit, cell.basis, cell.better), {})[model] = cell
    return [_sentence(what, found) for found in groups.values() if len(found) > 1]


def _sentence(what: str, cells: Named) -> str:
    order = ranked(cells)
    first = cells[order[0]]
    level = [name for name in order if not differs(first, cells[name])]
    rest = [name for name in order if name not in level]
    title = what[0].upper() + what[1:]
    if not rest:
        same = all(cells[name].number == first.number for name in order)
        near = "measured once, they are not a tenth apart" if once(first) else "their intervals overlap"
        why = f"all have {number(first)}" if same else near
        return f"{title}: no difference between {joined(order)}; {why}."
    word = "highest" if first.better == "higher" else "lowest"
    best = f"{order[0]} is {word} with {number(first)}"
    if len(level) > 1:
        best += f"; no difference to {joined([f'{name} ({number(cells[name])})' for name in level[1:]])}"
    others = joined([f"{name} ({number(cells[name])})" for name in rest])
    beyond = "lower" if first.better == "higher" else "higher"
    return f"{title}: {best}; {others} {'is' if len(rest) == 1 else 'are'} {beyond}."


def ranked(cells: Named) -> list[str]:
    """Names, the best first."""
    sign = {name: -1.0 if cell.better == "higher" else 1.0 for name, cell in cells.items()}
    return sorted(cells, key=lambda name: sign[name] * (cells[name].number or 0.0))


def differs(one: Cell, other: Cell) -> bool:
    """Whether the intervals lie apart; figures that were measured once, whether they are a tenth apart."""
    if once(one) and once(other):
        mine, theirs = one.number or 0.0, other.number or 0.0
        return abs(mine - theirs) > ONCE * max(abs(mine), abs(theirs))
    return one.ends[1] < other.ends[0] or other.ends[1] < one.ends[0]


def once(cell: Cell) -> bool:
    """Whether it was measured a single time, without an interval."""
    return cell.n == 1 and cell.interval is None


def joined(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
