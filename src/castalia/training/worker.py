"""The training process: ``python -m castalia.training.worker RUN_FOLDER``.

Events go to stdout, one JSON object a line; everything that libraries print goes to stderr. A line ``stop`` on stdin,
or its end (the parent died), lets the worker checkpoint and leave.
"""

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from castalia.core.children import Channel, watch_stdin
from castalia.core.errors import CastaliaError, InternalError
from castalia.core.events import Progress
from castalia.store.locking import locked
from castalia.training.events import Failed, Stopped, Trained

EVENTS = "events.jsonl"

Work = Callable[[Path, Callable[[Progress], None], threading.Event], Trained | Stopped]
"""What is done in a run folder: it tells its progress and looks whether it is to stop."""


def main(run_folder: Path) -> int:
    """Run the training in that folder to its end. Returns the exit status."""

    def work(folder: Path, emit: Callable[[Progress], None], stop: threading.Event) -> Trained | Stopped:
        from castalia.training.runs import run_training

        return run_training(folder, emit, stop)

    return run_worker(run_folder, work, f"castalia train --resume {run_folder.name}")


def run_worker(run_folder: Path, work: Work, resume_command: str) -> int:
    """Do the work of a run folder as this process. Returns the exit status."""
    channel = Channel(run_folder / EVENTS)
    stop = threading.Event()
    watch_stdin(stop)
    try:
        with locked(run_folder / ".lock"):  # a worker whose parent died may still be writing its checkpoint
            channel.emit(work(run_folder, channel.emit, stop))
    except CastaliaError as error:
        channel.emit(Failed(error=error.as_dict()))
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - the process boundary: the parent gets an error instead of silence
        traceback.print_exc()
        failure = InternalError(
            f"The training failed: {error!r}.",
            hint=f"{resume_command} goes on from its checkpoint.",
        )
        channel.emit(Failed(error=failure.as_dict()))
        return failure.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
