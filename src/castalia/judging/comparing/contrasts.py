"""Findings: sentences that follow from the numbers of a row, and from nothing else.

Where two models were asked the same with the same seeds, they differ when a permutation test of the paired differences
says so, corrected after Holm over all pairs of models in that figure. Elsewhere they differ when their intervals do not
overlap. Else there is "no difference". Figures of other units or measured on other data are not held against each
other.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from castalia.judging.comparing import pairing
from castalia.judging.comparing.cells import Cell, Contrast, Row, short
from castalia.judging.comparing.reading import number

ONCE = 0.1
"""What was measured once differs by this share of the larger figure, or not at all."""
NO_DIFFERENCE = "no difference"

Named = Mapping[str, Cell]
Contrasts = dict[frozenset[str], Contrast]


def judged(row: Row) -> Row:
    """The row with its findings and what is behind them: of its own figures, then of its parts."""
    names = dict.fromkeys(part.name for cell in row.cells.values() for part in cell.parts)
    figures: list[tuple[str, Named]] = [
        (row.name, row.cells),
        *(
            (name, {model: part for model, cell in row.cells.items() for part in cell.parts if part.name == name})
            for name in names
        ),
    ]
    findings: list[str] = []
    made: list[Contrast] = []
    for what, cells in figures:
        for group in comparable(cells):
            held = contrasts(what, group)
            findings.append(sentence(what, group, held))
            made += held.values()
    return row.model_copy(update={"findings": findings, "contrasts": made})


def comparable(cells: Named) -> list[dict[str, Cell]]:
    """The sets of at least two models whose figures have one unit, basis and direction, the best first."""
    groups: dict[tuple[str, str, str], dict[str, Cell]] = {}
    for model, cell in cells.items():
        if cell.number is not None and cell.better != "none":
            groups.setdefault((cell.unit, cell.basis, cell.better), {})[model] = cell
    return [{name: found[name] for name in ranked(found)} for found in groups.values() if len(found) > 1]


def contrasts(what: str, cells: Named) -> Contrasts:
    """Every two of these models held against each other."""
    pairs = list(combinations(cells, 2))
    keys = {pair: pairing.common(cells[pair[0]].items, cells[pair[1]].items) for pair in pairs}
    paired = [pair for pair in pairs if keys[pair]]
    tested = [pair for pair in paired if pairing.enough(len(keys[pair]), len(paired))]
    found = [
        pairing.permutation_p([cells[one].items[key] - cells[other].items[key] for key in keys[one, other]])
        for one, other in tested
    ]
    values = dict(zip(tested, pairing.holm(found, len(paired)), strict=True))
    made: Contrasts = {}
    for pair in pairs:
        one, other = (cells[name] for name in pair)
        gap = short((one.number or 0.0) - (other.number or 0.0))
        test = Contrast(figure=what, models=pair, way="intervals", difference=gap, differ=_apart(one, other))
        if pair in values:
            p = values[pair]
            test = test.model_copy(
                update={"way": "pairs", "pairs": len(keys[pair]), "p": short(p), "differ": p <= pairing.LEVEL}
            )
        elif _once(one) and _once(other):
            test = test.model_copy(update={"way": "once"})
        elif one.interval is None and other.interval is None:
            test = test.model_copy(update={"way": "exact"})
        else:
            few = f"{len(keys[pair])} pairs are too few for {len(paired)} comparisons"
            test = test.model_copy(update={"reason": few if keys[pair] else "they were not asked the same"})
        made[frozenset(pair)] = test
    return made


def sentence(what: str, cells: Named, held: Contrasts) -> str:
    """What one figure says; ``cells`` come the best first."""
    order = list(cells)
    first = order[0]
    against = {name: held[frozenset({first, name})] for name in order[1:]}
    level = [name for name in against if not against[name].differ]
    rest = [name for name in against if against[name].differ]
    title = titled(what)
    if not rest:
        same = all(cells[name].number == cells[first].number for name in order)
        why = f"all have {number(cells[first])}" if same else _why([against[name] for name in level])
        return f"{title}: {NO_DIFFERENCE} between {joined(order)}; {why}."
    high = cells[first].better == "higher"
    told = f"{title}: {first} is {'highest' if high else 'lowest'} with {number(cells[first])}"
    if level:
        told += f"; no difference to {_with_values(level, cells)} [{_why([against[name] for name in level])}]"
    verb = f"{'is' if len(rest) == 1 else 'are'} {'lower' if high else 'higher'}"
    return f"{told}; {_with_values(rest, cells)} {verb} [{_why([against[name] for name in rest])}]."


def _with_values(names: Sequence[str], cells: Named) -> str:
    return joined([f"{name} ({number(cells[name])})" for name in names])


def _why(found: Sequence[Contrast]) -> str:
    """What verdicts of one kind rest on: pairs with their p, intervals, one measurement."""
    pieces: list[str] = []
    by_pairs = [test for test in found if test.way == "pairs"]
    if by_pairs:
        values = [test.p or 0.0 for test in by_pairs]
        differ = by_pairs[0].differ
        edge = max(values) if differ else min(values)
        sign = "=" if len({*values}) == 1 else "at most" if differ else "at least"
        counts = sorted({test.pairs or 0 for test in by_pairs})
        many = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        value = "< 0.001" if edge < 0.001 else f"{sign} {edge:.2g}"
        pieces.append(f"{many} pairs, p {value}")
    if any(test.way == "intervals" for test in found):
        pieces.append("their intervals lie apart" if found[0].differ else "their intervals overlap")
    if any(test.way == "once" for test in found):
        pieces.append("measured once, a tenth apart or more" if found[0].differ else "measured once, not a tenth apart")
    if any(test.way == "exact" for test in found):
        pieces.append("exact figures")
    return "; ".join(pieces)


def titled(name: str) -> str:
    """The name of a figure as it begins a sentence."""
    return name[0].upper() + name[1:]


def ranked(cells: Named) -> list[str]:
    """Names, the best first."""
    sign = {name: -1.0 if cell.better == "higher" else 1.0 for name, cell in cells.items()}
    return sorted(cells, key=lambda name: sign[name] * (cells[name].number or 0.0))


def _apart(one: Cell, other: Cell) -> bool:
    """Whether the intervals lie apart; figures that were measured once, whether they are a tenth apart."""
    if _once(one) and _once(other):
        mine, theirs = one.number or 0.0, other.number or 0.0
        return abs(mine - theirs) > ONCE * max(abs(mine), abs(theirs))
    return one.ends[1] < other.ends[0] or other.ends[1] < one.ends[0]


def _once(cell: Cell) -> bool:
    """Whether it was measured a single time, without an interval."""
    return cell.n == 1 and cell.interval is None


def joined(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
