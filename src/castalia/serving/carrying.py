"""A run of learning on the record, from its child process to its model: what training and fine-tuning share."""

from collections.abc import Callable, Generator
from contextlib import closing

from castalia.core.errors import CastaliaError, Interrupted, NotFound
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.serving.house import House
from castalia.training.events import Trained


def carried(
    house: House,
    run: str,
    events: Generator[Progress | Trained],
    register: Callable[[Trained], Model],
    go_on: str,
    clear: Callable[[], None],
) -> Generator[Progress | ModelReady]:
    """The progress of a child's ``events``, then ModelReady of what ``register`` made of the artifact.

    How it ended is on the record; ``clear`` removes what a finished run needs no more; ``go_on`` is the command that
    resumes it. Raises Interrupted for a run that was stopped, and what failed it.
    """
    trained: Trained | None = None
    try:
        with closing(events):
            for event in events:
                if isinstance(event, Trained):
                    trained = event
                else:
                    yield event
        if trained is None:
            raise Interrupted(f"The run {run} was stopped.", hint=f"Go on with: {go_on}")
        model = register(trained)
    except (GeneratorExit, KeyboardInterrupt, Interrupted):
        house.runs.finish(run, "stopped")
        raise
    except CastaliaError as error:
        house.runs.finish(run, "failed", error=error)
        raise
    house.runs.finish(run, "done", model=model.name)
    clear()
    yield ModelReady(model=model, run=run)


def latest_unfinished_run(house: House, *, finetuning: bool, start: str) -> str:
    """The newest run of this kind that is not done. Raises NotFound with the command that starts one."""
    for run in house.runs.list():
        if run.state != "done" and (run.plan.get("kind") == "finetune") == finetuning:
            return run.id
    raise NotFound(f"There is no unfinished {'fine-tuning' if finetuning else 'run'}.", hint=f"Start one: {start}")
