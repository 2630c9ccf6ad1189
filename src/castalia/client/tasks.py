"""Language tasks from Python: ``castalia.tasks.summarise(Path("report.pdf"))``, a function for each of the tasks.

    from pathlib import Path

    import castalia

    print(castalia.tasks.summarise(Path("report.pdf"), sentences=3).text)
    print(castalia.tasks.extract("Ann, born 1980", fields=["name", "year"]).value)

Each takes texts, paths and parts, then options by name: the task's own, ``model``, ``engine``, ``policy``, ``seed``,
``progress`` (told how far it is) and those of text generation.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from castalia.client.api import house
from castalia.core.content import Part
from castalia.core.errors import BadRequest, Interrupted
from castalia.core.events import Completed, Progress
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.language.catalogue import task_named, tasks
from castalia.serving.tasks import carry_out, output_of, task_request
from castalia.serving.wishing import routed

LONGEST_NAME = 255
"""Characters of the longest text that is looked for as a file."""
FIELDS = ("model", "engine", "policy", "seed")


class Done:
    """What a task made: the fields of its output (``text``, ``value``, ``label``, ...), and the whole ``result``."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.output = output_of(result)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.output, name)

    def __repr__(self) -> str:
        return f"{type(self.output).__name__}({self.output.text!r}, verdict={self.result.verdict.status!r})"


def do(
    name: str, *inputs: str | Path | Part, progress: Callable[[Progress], None] | None = None, **wishes: Any
) -> Done:
    """Run the task ``name``, or what ``name`` says in words. A `Path` is a file, a ``str`` a text.

    Raises NotFound, BadRequest and what else the way of a request raises.
    """
    parts = [given if isinstance(given, Part) else _part(given) for given in inputs]
    fields = {key: wishes.pop(key) for key in FIELDS if key in wishes}
    if name in tasks():
        request = task_request(name, parts, wishes, **fields)
    else:
        _, request = routed(name, parts, wishes, **fields)
    return run(request, progress)


def run(request: Request, progress: Callable[[Progress], None] | None = None) -> Done:
    """Follow a task's request to its end."""

    with closing(carry_out(house(), request)) as events:
        for event in events:
            if isinstance(event, Completed):
                return Done(event.result)
            if isinstance(event, Progress) and progress is not None:
                progress(event)
    raise Interrupted("The task ended without a result.", hint="Start it again.")


def _part(given: str | Path) -> Part:
    """A `Path` as a file, a ``str`` as a text. Raises BadRequest for one that is the name of a file that is there."""
    if isinstance(given, Path):
        return Part.of_file(given)
    if len(given) < LONGEST_NAME and "\n" not in given and Path(given).suffix and Path(given).is_file():
        raise BadRequest(
            f"{given!r} is a text here, and the name of a file.", hint=f"Give Path({given!r}) for the file."
        )
    return Part.of_text(given)


def __getattr__(name: str) -> Callable[..., Done]:
    if name.startswith("_") or name not in tasks():
        raise AttributeError(f"There is no task {name!r}; there are {', '.join(tasks())}.")

    def task(*inputs: str | Path | Part, **wishes: Any) -> Done:
        return do(name, *inputs, **wishes)

    task.__name__ = name
    task.__doc__ = task_named(name).summary
    return task


def __dir__() -> list[str]:
    return [*tasks(), "do"]
