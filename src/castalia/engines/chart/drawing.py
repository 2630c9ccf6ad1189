"""Draws a chart as PNG with matplotlib: one series, quiet colours, every bar with its number."""

import importlib
import io
import re
import warnings
from typing import Any

from castalia.modalities.table.charting import Chart
from castalia.modalities.table.overview import shown

WIDTH, HEIGHT = 1200, 750
DPI = 150
GROUND, INK, ACCENT = "#fbfaf6", "#333333", "#2f6fb3"
SLICES = ("#2f6fb3", "#c7622b", "#3f8f5b", "#8a4fa3", "#b59a2a", "#777777")
EAST_ASIAN = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Source Han Sans SC", "PingFang SC", "SimHei")
LONG_LABEL = 22
TICKS = 12


def draw(chart: Chart) -> tuple[bytes, list[str]]:
    """The PNG, and notes about what could not be shown as it should."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    figures: Any = importlib.import_module("matplotlib.figure")
    fonts, notes = _fonts(chart)
    with (
        # letters that no font has are told by the notes
        warnings.catch_warnings(action="ignore", category=UserWarning),
        matplotlib.rc_context({"font.family": fonts, "font.size": 9, "text.color": INK, "axes.unicode_minus": False}),
    ):
        figure: Any = figures.Figure(
            figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=GROUND, layout="constrained"
        )
        axes: Any = figure.add_subplot()
        axes.set_facecolor(GROUND)
        _SHAPES[chart.kind](axes, chart)
        axes.set_title(chart.title, loc="left", fontsize=12, color=INK, pad=12, parse_math=False)
        stream = io.BytesIO()
        # no date and no version in the file: the same chart gives the same bytes
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue(), notes


def _bar(axes: Any, chart: Chart) -> None:
    places = range(len(chart.groups))
    across = max((len(group) for group in chart.groups), default=0) > 9 or len(chart.groups) > 8
    labels = [_short(group) for group in chart.groups]
    if across:
        bars = axes.barh(places, chart.values, color=ACCENT, height=0.7)
        axes.set_yticks(list(places), labels, parse_math=False)
        axes.invert_yaxis()
        axes.set_xlabel(chart.y_name, parse_math=False)
        axes.set_ylabel(chart.x_name, parse_math=False)
    else:
        bars = axes.bar(places, chart.values, color=ACCENT, width=0.65)
        axes.set_xticks(list(places), labels, parse_math=False)
        axes.set_ylabel(chart.y_name, parse_math=False)
        axes.set_xlabel(chart.x_name, parse_math=False)
    axes.bar_label(bars, [shown(value) for value in chart.values], padding=3, fontsize=8, color=INK)
    _plain(axes, "x" if across else "y")


def _line(axes: Any, chart: Chart) -> None:
    places = list(range(len(chart.groups)))
    axes.plot(places, chart.values, color=ACCENT, linewidth=2, marker="o" if len(places) <= 40 else None, markersize=4)
    every = max(1, -(-len(places) // TICKS))
    ticks = places[::every]
    turned = max(len(chart.groups[place]) for place in ticks) > 7
    axes.set_xticks(
        ticks, [_short(chart.groups[place]) for place in ticks], rotation=35 if turned else 0, parse_math=False
    )
    axes.set_ylabel(chart.y_name, parse_math=False)
    axes.set_xlabel(chart.x_name, parse_math=False)
    if min(chart.values) >= 0:
        axes.set_ylim(bottom=0)
    _plain(axes, "y")


def _pie(axes: Any, chart: Chart) -> None:
    total = sum(chart.values) or 1.0
    labels = [
        f"{_short(group)}\n{shown(value)} ({value / total:.0%})".replace("$", r"\$")
        for group, value in zip(chart.groups, chart.values, strict=True)
    ]
    axes.pie(
        chart.values, labels=labels, colors=SLICES, startangle=90, counterclock=False, wedgeprops={"edgecolor": GROUND}
    )


def _scatter(axes: Any, chart: Chart) -> None:
    axes.scatter(chart.x, chart.values, s=14, color=ACCENT, alpha=0.6, linewidths=0)
    axes.set_xlabel(chart.x_name, parse_math=False)
    axes.set_ylabel(chart.y_name, parse_math=False)
    _plain(axes, "both")


def _histogram(axes: Any, chart: Chart) -> None:
    axes.hist(chart.values, bins=min(30, max(5, round(len(chart.values) ** 0.5))), color=ACCENT, rwidth=0.94)
    axes.set_xlabel(chart.x_name, parse_math=False)
    axes.set_ylabel(chart.y_name, parse_math=False)
    _plain(axes, "y")


_SHAPES = {"bar": _bar, "line": _line, "pie": _pie, "scatter": _scatter, "histogram": _histogram}


def _plain(axes: Any, grid: str) -> None:
    """Light lines behind the numbers, no frame, whole numbers written out."""
    ticker: Any = importlib.import_module("matplotlib.ticker")
    axes.grid(axis=grid, color="#00000018", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for name in ("x", "y") if grid == "both" else (grid,):
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(ticker.FuncFormatter(_tick))


def _tick(value: float, place: int | None) -> str:  # noqa: ARG001 - matplotlib's signature
    return shown(value)


def _short(text: str) -> str:
    return text if len(text) <= LONG_LABEL else f"{text[: LONG_LABEL - 1]}…"


def _fonts(chart: Chart) -> tuple[list[str], list[str]]:
    """Fonts that have the letters of the chart: DejaVu comes with matplotlib, East Asian ones with the system."""
    words = " ".join([chart.title, chart.x_name, chart.y_name, *chart.groups])
    if not EAST_ASIAN.search(words):
        return ["DejaVu Sans"], []
    manager: Any = importlib.import_module("matplotlib.font_manager")
    there = {font.name for font in manager.fontManager.ttflist}
    found = [name for name in FONTS if name in there]
    if found:
        return [*found, "DejaVu Sans"], []
    return ["DejaVu Sans"], ["No East Asian font is installed (fonts-noto-cjk, for example): letters show as boxes."]
