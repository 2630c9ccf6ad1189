"""Openings, plots and endings, as `plots.txt` beside this file lists them.

Each section there has a title. A line is one way to open, one beat of a plot, one ending; "-" says nothing. ``(a|b)``
draws one, and groups may lie in groups; ``<name>`` is a slot. A plot begins with what it is about in brackets: the
state of the thing it is for (``any`` for none), then, behind a colon, how a request tells it ("who lost a bell").
"""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plot:
    """What happens: ``state`` of the thing, ``tellings`` by a request, and the ``beats`` in order."""

    state: str
    tellings: tuple[str, ...]
    beats: tuple[str, ...]


def _plot(lines: list[str]) -> Plot:
    found = re.fullmatch(r"\[(\w+): (.+)\]", lines[0])
    if found is None:
        raise ValueError(f"{lines[0]!r} does not say what the plot is about")
    return Plot(found[1], tuple(found[2].split(" | ")), tuple(lines[1:]))


def _lines(title: str) -> list[str]:
    return ["" if line == "-" else line for line in SECTIONS[title].strip().splitlines()]


_PIECES = re.split(r"^= (.+) =$", Path(__file__).with_name("plots.txt").read_text("utf-8"), flags=re.MULTILINE)
SECTIONS = dict(zip(_PIECES[1::2], _PIECES[2::2], strict=True))
OPENINGS, MORNINGS, ENDINGS = _lines("openings"), _lines("mornings"), _lines("endings")
(ASKING,) = _lines("asking for help")
PLOTS = [_plot(block.strip().splitlines()) for block in SECTIONS["plots"].strip().split("\n\n")]
