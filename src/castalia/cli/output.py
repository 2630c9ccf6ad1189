"""What the terminal sees: results on stdout, progress and reasons on stderr, plain lines off a terminal."""

import json
import sys
import time
from collections.abc import Generator, Iterator
from typing import Self

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from castalia.core.errors import CastaliaError
from castalia.core.events import Event, Progress, Stepped
from castalia.core.results import Choice, Verdict

PLAIN_INTERVAL = 5.0
"""Seconds between progress lines where there is no terminal to redraw."""

COLOURS = {"pass": "green", "flag": "yellow", "block": "red"}


def stderr() -> Console:
    """The console for everything that is not the result. ``NO_COLOR`` is honoured by rich."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def wants_json() -> bool:
    """Whether the command that runs was given ``--json``."""
    context = click.get_current_context(silent=True)
    return bool(context and context.params.get("as_json")) or "--json" in sys.argv


def print_json(value: object) -> None:
    """One JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_error(error: CastaliaError) -> None:
    """What, why and what to do next; as JSON on stdout when ``--json`` was given."""
    if wants_json():
        print_json({"error": error.as_dict()})
        return
    console = stderr()
    console.print(f"[red]Error:[/red] {escape(error.message)}")
    problems = error.details.get("problems")
    if isinstance(problems, list):
        for problem in problems:  # pyright: ignore[reportUnknownVariableType]
            console.print(f"  - {escape(str(problem))}")  # pyright: ignore[reportUnknownArgumentType]
    if error.hint:
        console.print(f"[dim]{escape(error.hint)}[/dim]")


def show_choice(choice: Choice) -> None:
    """The chosen model and why, in one or two lines on stderr."""
    console = stderr()
    if choice.question is not None or choice.refusal is not None:
        return
    family = f" ({choice.family})" if choice.family else ""
    by = "without a model" if choice.model is None else f"by {escape(choice.model)}{family} on {choice.engine}"
    chosen = f"[bold]{escape(choice.modality)}[/bold] {by}"
    console.print(f"{chosen}, {choice.confidence:.0%} sure")
    for reason in choice.reasons:
        console.print(f"[dim]  {escape(reason)}[/dim]")


def show_verdict(verdict: Verdict) -> None:
    """The verdict on stderr: one line, and a line for each measure that is not fine."""
    console = stderr()
    colour = COLOURS[verdict.status]
    good = sum(measure.status == "pass" for measure in verdict.measures)
    console.print(f"verdict: [{colour}]{verdict.status}[/{colour}] ({good} of {len(verdict.measures)} checks fine)")
    for measure in verdict.measures:
        if measure.status != "pass":
            console.print(f"[{colour}]  {escape(measure.name)}[/{colour}]: {escape(measure.note)}")


class ProgressView:
    """Shows Progress events: one redrawn line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, *, silent: bool = False) -> None:
        self.console = stderr()
        self.silent = silent
        self._live: Live | None = None
        self._told: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, progress: Progress) -> None:
        """Bring the line up to date."""
        if self.silent or not (progress.message or progress.fraction is not None):
            return
        if self.console.is_terminal:
            if self._live is None:
                self._live = Live(console=self.console, transient=True, refresh_per_second=8)
                self._live.start()
            self._live.update(self.drawn(progress))
        elif progress.fraction is None:
            self.console.print(escape(progress_line(progress)))
        elif self._told is None or time.monotonic() - self._told >= PLAIN_INTERVAL:
            self._told = time.monotonic()
            self.console.print(escape(progress_line(progress)))

    def drawn(self, progress: Progress) -> RenderableType:
        """What stands on the terminal for it."""
        return Text(progress_line(progress))

    def say(self, line: str) -> None:
        """A line that stays."""
        if not self.silent:
            self.console.print(escape(line))

    def close(self) -> None:
        """Take the redrawn line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def progress_line(progress: Progress) -> str:
    """``name [####----] 42% loss 0.31 ETA 1:05``."""
    pieces = [progress.message] if progress.message else []
    if progress.fraction is not None:
        filled = round(progress.fraction * 24)
        pieces.append(f"[{'#' * filled}{'-' * (24 - filled)}] {progress.fraction:4.0%}")
    values = dict(progress.values)
    if {"done", "total"} <= set(values):  # bytes
        speed = values.pop("per_second", 0.0) / 1e6
        pieces.append(f"{values.pop('done') / 1e6:.1f} of {values.pop('total') / 1e6:.1f} MB, {speed:.1f} MB/s")
    pieces += [f"{name} {value:.4g}" for name, value in values.items()]
    if progress.eta is not None:
        pieces.append(f"ETA {int(progress.eta) // 60}:{int(progress.eta) % 60:02d}")
    return "  ".join(pieces)


def watched(events: Iterator[Event], *, silent: bool) -> Generator[Event]:
    """The events without Progress, which is shown as it passes."""
    view = ProgressView(silent=silent)
    try:
        for event in events:
            inside = event.inside if isinstance(event, Stepped) else event
            if isinstance(inside, Progress):
                view.show(inside)
            else:
                view.close()
                yield event
    finally:
        view.close()
