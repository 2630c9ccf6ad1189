"""Plots as SVG, written by hand: no library, no fonts, readable on light and dark ground."""

from collections.abc import Sequence
from html import escape

from castalia.judging.evaluation.figures import Curve, Figure

COLOURS = ("#2f6fb3", "#c7622b", "#3f8f5b", "#8a4fa3", "#777777")
WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 28, 46
TICKS = 5


def curve_svg(curve: Curve) -> str:
    """Lines, steps of a histogram, or points beside the diagonal of a calibration."""
    points = [point for mine in curve.series.values() for point in mine]
    if not points:
        return _document(curve.title, "")
    unit = curve.kind == "calibration"
    xs, ys = ([point[axis] for point in points] for axis in (0, 1))
    half = _half_step(next(mine for mine in curve.series.values() if mine)) if curve.kind == "histogram" else 0.0
    ends = (min(xs) - half, max(xs) + half)
    frame = _Frame((0.0, 1.0), (0.0, 1.0)) if unit else _Frame(ends, (min(0.0, *ys), max(ys)))
    parts = [frame.axes(curve.x, curve.y)]
    if unit:
        parts.append(f"<path d='{frame.path([(0, 0), (1, 1)])}' stroke='#999' stroke-dasharray='4 4' fill='none'/>")
    for index, (name, mine) in enumerate((name, mine) for name, mine in curve.series.items() if mine):
        colour = COLOURS[index % len(COLOURS)]
        if curve.kind == "histogram":
            parts.append(f"<path d='{frame.steps(mine)}' stroke='{colour}' fill='{colour}' fill-opacity='.12'/>")
        else:
            parts.append(f"<path d='{frame.path(mine)}' stroke='{colour}' stroke-width='1.8' fill='none'/>")
        if len(mine) <= 40:
            parts += [_dot(frame, x, y, colour, f"{name}: {x:.4g}, {y:.4g}") for x, y in mine]
        parts.append(
            f"<text x='{WIDTH - RIGHT - 6}' y='{TOP + 14 + 15 * index}' text-anchor='end' fill='{colour}'>"
            f"{escape(name)}</text>"
        )
    return _document(curve.title, "".join(parts))


def figures_svg(figures: Sequence[Figure]) -> str:
    """Where each figure stands between its baseline (left) and its floor (right), with its interval.

    Figures without both, or whose floor and baseline are equal, are left out.
    """
    rows = [(one, place) for one in figures if (place := standing(one, one.value)) is not None]
    if not rows:
        return _document("Figures", "")
    height = 40 + 24 * len(rows)
    left, width = 170, 360
    parts = [
        f"<text x='{left}' y='22' text-anchor='middle' fill='#888'>baseline</text>",
        f"<text x='{left + width}' y='22' text-anchor='middle' fill='#888'>real items</text>",
    ]
    for index, (one, place) in enumerate(rows):
        y = 42 + 24 * index
        ends = sorted(standing(one, end) or 0.0 for end in (one.interval or (one.value, one.value)))
        x, low, high = (left + width * max(-0.1, min(1.1, share)) for share in (place, *ends))
        told = escape(f"{one.name}: {one.value} (floor {one.floor}, baseline {one.baseline})")
        parts.append(
            f"<g><title>{told}</title><text x='{left - 22}' y='{y + 4}' text-anchor='end' fill='currentColor'>"
            f"{escape(one.name.replace('_', ' '))}</text>"
            f"<line x1='{left}' x2='{left + width}' y1='{y}' y2='{y}' stroke='#bbb'/>"
            f"<line x1='{low:.1f}' x2='{high:.1f}' y1='{y}' y2='{y}' stroke='{COLOURS[0]}' stroke-width='5' "
            f"stroke-opacity='.45'/><circle cx='{x:.1f}' cy='{y}' r='4.5' fill='{COLOURS[0]}'/></g>"
        )
    return _document("Figures", "".join(parts), height)


def standing(figure: Figure, value: float | None) -> float | None:
    """0 at the baseline, 1 at the floor; None where these do not tell."""
    if value is None or figure.floor is None or figure.baseline is None or figure.floor == figure.baseline:
        return None
    return (value - figure.baseline) / (figure.floor - figure.baseline)


class _Frame:
    """Data to pixels."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = (_widened(*axis) for axis in (x, y))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point in pixels."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """Through all points."""
        return "M" + " L".join("{:.1f},{:.1f}".format(*self.at(*point)) for point in points)

    def steps(self, points: Sequence[tuple[float, float]]) -> str:
        """The outline of bars as wide as the points are apart."""
        half = _half_step(points)
        outline = [(points[0][0] - half, self.y[0])]
        for x, y in points:
            outline += [(x - half, y), (x + half, y)]
        return self.path([*outline, (points[-1][0] + half, self.y[0])])

    def axes(self, x: str, y: str) -> str:
        """Lines, ticks and names."""
        parts: list[str] = []
        for index in range(TICKS + 1):
            share = index / TICKS
            across = self.x[0] + share * (self.x[1] - self.x[0])
            up = self.y[0] + share * (self.y[1] - self.y[0])
            left, bottom = self.at(across, self.y[0])
            _, height = self.at(self.x[0], up)
            parts.append(
                f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{height:.1f}' y2='{height:.1f}' stroke='#8883'/>"
                f"<text x='{LEFT - 6}' y='{height + 4:.1f}' text-anchor='end' fill='#888'>{up:.3g}</text>"
                f"<text x='{left:.1f}' y='{bottom + 16:.1f}' text-anchor='middle' fill='#888'>{across:.3g}</text>"
            )
        parts.append(
            f"<text x='{(LEFT + WIDTH - RIGHT) / 2}' y='{HEIGHT - 8}' text-anchor='middle' fill='#888'>{escape(x)}"
            f"</text><text x='14' y='{HEIGHT / 2}' text-anchor='middle' fill='#888' "
            f"transform='rotate(-90 14 {HEIGHT / 2})'>{escape(y)}</text>"
        )
        return "".join(parts)


def _half_step(points: Sequence[tuple[float, float]]) -> float:
    """Half the width of the bars of a histogram."""
    return (points[1][0] - points[0][0]) / 2 if len(points) > 1 else 0.5


def _dot(frame: _Frame, x: float, y: float, colour: str, told: str) -> str:
    across, up = frame.at(x, y)
    return f"<circle cx='{across:.1f}' cy='{up:.1f}' r='3' fill='{colour}'><title>{escape(told)}</title></circle>"


def _widened(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _document(title: str, content: str, height: int = HEIGHT) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' "
        f"font-family='system-ui, sans-serif' font-size='11' role='img'><title>{escape(title)}</title>{content}</svg>"
    )
