"""The few sentences at the head of a report, each from figures of its rows."""

from castalia.judging.comparing.cells import Comparison
from castalia.judging.comparing.contrasts import joined, titled

HEADS = ("use-case fit", "seconds", "CPU-seconds", "memory", "disk")


def sentences(comparison: Comparison) -> list[str]:
    """What came out, what it cost, who is on the frontier, how many cells stayed empty."""
    told: list[str] = []
    for row in comparison.rows:
        if row.name == "core objective":
            came = [f"{name} made {cell.value}" for name, cell in row.cells.items() if cell.value is not None]
            if came:
                told.append(f"Asked for {comparison.requests.get('asked')} things of all kinds, {joined(came)}.")
        elif row.name in HEADS:
            told += [one for one in row.findings if one.startswith(f"{titled(row.name)}:")]
    best = [point.model for point in sorted(comparison.points, key=lambda point: point.cost) if point.frontier]
    if len(comparison.points) > 1:
        told.append(
            f"On the frontier of quality and cost: {joined(best)}; nobody is both better and cheaper than one of "
            "them. Quality is where a model's own figures stand between baseline and real items, cost is CPU-seconds."
        )
    cells = [cell for row in comparison.rows for cell in row.cells.values()]
    empty = sum(cell.value is None for cell in cells)
    told.append(f"{len(cells) - empty} of {len(cells)} cells are measured; {empty} are n/a, each with its reason.")
    return told
