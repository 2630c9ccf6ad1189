"""The picture of quality against cost, drawn once and written as SVG and as PNG."""

import io
import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from castalia.judging.comparing.cells import Point

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 30, 24, 56
COLOURS = {
    "text": "#2f6fb3",
    "image": "#c7622b",
    "audio": "#3f8f5b",
    "speech": "#1f8a8a",
    "music": "#8a4fa3",
    "video": "#b3452f",
    "table": "#7a6a1f",
}
Place = tuple[float, float]
GREY, LINE = "#777777", "#bbbbbb"
SCALE = 2
"""Pixels of the PNG for one unit of the SVG."""


class Line(NamedTuple):
    """Through all points."""

    points: list[Place]
    colour: str
    width: float
    dashed: bool


class Dot(NamedTuple):
    """``told`` is shown when it is pointed at."""

    x: float
    y: float
    radius: float
    colour: str
    filled: bool
    told: str


class Words(NamedTuple):
    """A text, ``y`` its baseline."""

    x: float
    y: float
    text: str
    colour: str
    anchor: Literal["start", "middle", "end"]


class Drawing(NamedTuple):
    """What is drawn, in this order."""

    lines: list[Line]
    dots: list[Dot]
    words: list[Words]


def quality_against_cost(points: Sequence[Point]) -> Drawing:
    """Cost on a logarithmic axis, quality from 0 to 1, intervals as bars, the frontier as a dashed line of steps."""
    drawing = Drawing([], [], [])
    low = math.floor(math.log10(min(point.cost for point in points)))
    high = math.ceil(math.log10(max(point.cost for point in points)) + 1e-9)
    high = max(high, low + 1)

    def at(cost: float, quality: float) -> tuple[float, float]:
        across = (math.log10(cost) - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - quality * (HEIGHT - TOP - BOTTOM)

    for power in range(low, high + 1):
        x, bottom = at(10.0**power, 0)
        drawing.lines.append(Line([(x, TOP), (x, bottom)], LINE, 0.5, False))
        drawing.words.append(Words(x, bottom + 18, f"{10.0**power:g}", GREY, "middle"))
    for step in range(6):
        x, y = at(10.0**low, step / 5)
        drawing.lines.append(Line([(x, y), (WIDTH - RIGHT, y)], LINE, 0.5, False))
        drawing.words.append(Words(LEFT - 8, y + 4, f"{step / 5:.1f}", GREY, "end"))
    drawing.words.append(Words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "CPU-seconds of one request", GREY, "middle"))
    drawing.words.append(
        Words(LEFT, TOP - 8, "quality: 0 the trivial baseline, 1 real items or faultless", GREY, "start")
    )
    best = sorted((point for point in points if point.frontier), key=lambda point: point.cost)
    steps: list[Place] = []
    for point in best:
        x, y = at(point.cost, point.quality)
        steps += [(x, steps[-1][1]), (x, y)] if steps else [(x, y)]
    if len(steps) > 1:
        drawing.lines.append(Line(steps, GREY, 1.2, True))
    taken: list[Place] = []
    for point in sorted(points, key=lambda point: -point.quality):
        colour = COLOURS.get(point.makes, GREY)
        x, y = at(point.cost, point.quality)
        ends = [at(point.cost, end) for end in point.interval]
        drawing.lines.append(Line(ends, colour, 2.0, False))
        told = f"{point.model} ({point.makes}): quality {point.quality:.2f}, {point.cost:.3g} CPU-s"
        drawing.dots.append(Dot(x, y, 6.0, colour, point.frontier, told))
        right = x < WIDTH - 170
        label = _free(taken, y - 9, x)
        anchor: Literal["start", "end"] = "start" if right else "end"
        across = x + 8 if right else x - 8
        drawing.words.append(Words(across, label, f"{point.model} ({point.makes})", colour, anchor))
    return drawing


def _free(taken: list[Place], y: float, x: float) -> float:
    """A height for a name that no other name near it has."""
    while any(abs(y - other) < 14 and abs(x - across) < 200 for other, across in taken):
        y += 14
    taken.append((y, x))
    return y


def as_svg(drawing: Drawing, title: str) -> str:
    """The drawing as an SVG document."""
    parts: list[str] = []
    for points, colour, width, dashed in drawing.lines:
        path = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = " stroke-dasharray='5 4'" if dashed else ""
        parts.append(f"<path d='M{path}' fill='none' stroke='{colour}' stroke-width='{width}'{dash}/>")
    for x, y, radius, colour, filled, told in drawing.dots:
        inside = colour if filled else "white"
        parts.append(
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{inside}' stroke='{colour}' stroke-width='2'>"
            f"<title>{escape(told)}</title></circle>"
        )
    for x, y, text, colour, anchor in drawing.words:
        parts.append(f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}' text-anchor='{anchor}'>{escape(text)}</text>")
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"font-family='system-ui, sans-serif' font-size='12' role='img'><title>{escape(title)}</title>"
        f"{''.join(parts)}</svg>"
    )


def as_png(drawing: Drawing) -> bytes:
    """The drawing on white, in pixels of twice the size."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    brush = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=12 * SCALE)
    for points, colour, width, dashed in drawing.lines:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        pieces = _dashes(scaled) if dashed else [scaled]
        for piece in pieces:
            brush.line(piece, fill=colour, width=max(1, round(width * SCALE)))
    for x, y, radius, colour, filled, _ in drawing.dots:
        box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        brush.ellipse(box, fill=colour if filled else "white", outline=colour, width=2 * SCALE)
    anchors = {"start": "ls", "middle": "ms", "end": "rs"}
    for x, y, text, colour, anchor in drawing.words:
        brush.text((x * SCALE, y * SCALE), text, fill=colour, font=font, anchor=anchors[anchor])
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


def _dashes(points: list[Place], length: float = 10.0) -> list[list[Place]]:
    """Every other piece of that length along the line."""
    found: list[list[Place]] = []
    for (x1, y1), (x2, y2) in pairwise(points):
        whole = math.hypot(x2 - x1, y2 - y1)
        for start in range(int(whole // (2 * length)) + 1):
            first, last = 2 * start * length / max(whole, 1e-9), (2 * start + 1) * length / max(whole, 1e-9)
            ends = [min(1.0, share) for share in (first, last)]
            found.append([(x1 + share * (x2 - x1), y1 + share * (y2 - y1)) for share in ends])
    return found
