"""The training process: ``python -m castalia.training.worker RUN_FOLDER``.

Events go to stdout, one JSON object a line; everything that libraries print goes to stderr. A line ``stop`` on stdin,
or its end (the parent died), lets the worker checkpoint and leave.
"""

import os
import sys
import threading
import traceback
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from castalia.core.errors import CastaliaError, InternalError
from castalia.store.locking import locked
from castalia.training.events import Failed

EVENTS = "events.jsonl"


class Channel:
    """Where events go: our stdout, and the run's own record (without previews)."""

    def __init__(self, run_folder: Path) -> None:
        self._out: IO[str] | None = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)
        self._record = (run_folder / EVENTS).open("a", buffering=1, encoding="utf-8")

    def emit(self, event: BaseModel) -> None:
        """Send one event. A parent that is gone is no error: the work is kept in the checkpoint."""
        self._record.write(event.model_dump_json(exclude={"preview"}, exclude_none=True) + "\n")
        if self._out is not None:
            try:
                self._out.write(event.model_dump_json() + "\n")
            except BrokenPipeError:
                self._out = None


def watch_stdin(stop: threading.Event) -> None:
    """Set ``stop`` at the first line, or at the end, of stdin."""

    def wait() -> None:
        os.read(0, 1)
        stop.set()

    threading.Thread(target=wait, daemon=True).start()


def main(run_folder: Path) -> int:
    """Run the training in that folder to its end. Returns the exit status."""
    channel = Channel(run_folder)
    stop = threading.Event()
    watch_stdin(stop)
    try:
        with locked(run_folder / ".lock"):  # a worker whose parent died may still be writing its checkpoint
            from castalia.training.runs import run_training

            channel.emit(run_training(run_folder, channel.emit, stop))
    except CastaliaError as error:
        channel.emit(Failed(error=error.as_dict()))
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - the process boundary: the parent gets an error instead of silence
        traceback.print_exc()
        failure = InternalError(
            f"The training failed: {error!r}.",
            hint=f"castalia train --resume {run_folder.name} goes on from its checkpoint.",
        )
        channel.emit(Failed(error=failure.as_dict()))
        return failure.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
