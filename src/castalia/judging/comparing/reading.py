"""Cells as people read them."""

from castalia.judging.comparing.cells import Cell

SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(cell: Cell) -> str:
    """The value with its unit: shares as percent, bytes and counts in round figures, ``n/a`` for none."""
    if cell.value is None:
        return "n/a"
    value = cell.number
    return str(cell.value) if value is None else _scaled(value, cell.unit)


def interval(cell: Cell) -> str:
    """``12 to 15 %``; empty for exact figures."""
    if cell.interval is None or cell.number is None:
        return ""
    low, high = (_scaled(end, cell.unit, bare=True) for end in cell.interval)
    return f"{low} to {high}"


def _scaled(value: float, unit: str, *, bare: bool = False) -> str:
    if unit == "share":
        told = f"{100 * value:.0f}" if not 0 < abs(value) < 0.1 else f"{100 * value:.2g}"
        return told if bare else f"{told} %"
    if unit in {"bytes", "parameters", "items", "words", "tokens"}:
        for size, sign in SCALES:
            if abs(value) >= size and (unit != "items" or value >= 10_000):
                told = f"{value / size:.3g} {sign}{'B' if unit == 'bytes' else ''}"
                return told if bare or unit == "bytes" else f"{told} {unit}"
        return f"{value:.0f}" if bare else f"{value:.0f} {unit}"
    told = f"{value:.3g}"
    return told if bare or not unit else f"{told} {unit}"
