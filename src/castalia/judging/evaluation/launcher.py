"""The parent's side of an evaluation: starts the worker process, passes its events on, stops it. Knows no torch."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from castalia.core.children import lines_of
from castalia.core.errors import EngineCrashed, rebuild
from castalia.core.events import Progress
from castalia.judging.evaluation.figures import Evaluated, Failed, worker_events
from castalia.judging.evaluation.plan import EvaluationPlan

LOG = "worker.log"


def launch(plan: EvaluationPlan, folder: Path) -> Generator[Progress | Evaluated]:
    """Evaluate in a child process; yields `Progress`, at last one `Evaluated`.

    Closing the iterator stops the worker; so does the death of this process. Raises what the worker raised and
    EngineCrashed when it died.
    """
    plan.write(folder)
    lines = lines_of("castalia.judging.evaluation.worker", folder, folder / LOG)
    with closing(lines):
        while True:
            try:
                line = next(lines)
            except StopIteration as end:
                raise EngineCrashed(
                    f"The evaluation died (exit status {end.value}); its last words are in {folder / LOG}.",
                    hint="Ask for fewer --samples if memory was short.",
                ) from None
            try:
                event = worker_events.validate_json(line)
            except ValidationError:
                continue  # a last line cut off by the worker's death
            if isinstance(event, Failed):
                raise rebuild(event.error)
            yield event
            if isinstance(event, Evaluated):
                return
