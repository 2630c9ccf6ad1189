"""Following long work to what it ends with."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar, cast

from castalia.core.errors import Interrupted
from castalia.core.events import Progress

Ending = TypeVar("Ending")


def outcome(
    events: Generator[Progress | Ending], kind: type[Ending], show: Callable[[Progress], None] | None = None
) -> Ending:
    """The event of that kind, with which the work ends; ``show`` is told of progress on the way.

    Whatever happens, the work is stopped when this returns. Raises what the work raises, Interrupted when it ends
    without.
    """
    with closing(events):
        for event in events:
            if isinstance(event, kind):
                return event
            if show is not None:
                show(cast("Progress", event))
    raise Interrupted("The work ended without what it was to find.", hint="Start it again.")
