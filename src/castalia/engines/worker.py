"""The child side of a hosted engine: ``python -m castalia.engines.worker``, driven by lines on standard input.

The engine and all its generations run on a pool of threads (one thread unless the engine is parallel), so that the
main thread always reads: a cancel is seen at once, and so is the end of input, which means that the parent is gone.
"""

import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, cast

from castalia.core.contracts import Engine
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines import wire

MOST_AT_ONCE = 64
"""Generations of a parallel engine that run at once; more wait in the child."""
GRACE = 3.0
"""Seconds that an engine gets for closing when the parent is gone."""


class Worker:
    """Loads one engine and runs generations until its input ends."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self._commands = commands
        self._answers = answers
        self._writing = threading.Lock()
        self._cancelled: dict[int, threading.Event] = {}
        self._engine: Engine | None = None
        self._name = ""

    def run(self) -> None:
        """Read commands to the end of input, then close the engine."""
        first = self._commands.readline()
        if not first:
            return
        opening = wire.decode(first)
        self._name = str(opening["engine"])
        pool = ThreadPoolExecutor(MOST_AT_ONCE if opening["parallel"] else 1)
        pool.submit(self._open, opening)
        for line in self._commands:
            message = wire.decode(line)
            number = cast(int, message["id"])
            if message["op"] == "generate":
                self._cancelled[number] = threading.Event()
                pool.submit(self._generate, number, message["request"])
            elif message["op"] == "cancel" and number in self._cancelled:
                self._cancelled[number].set()
        self._finish(pool)

    def _open(self, opening: wire.Message) -> None:
        try:
            implementation = cast("Callable[[Model, dict[str, object]], Engine]", engines().implementation(self._name))
            model = Model.model_validate(opening["model"])
            self._engine = implementation(model, cast("dict[str, object]", opening["load_options"]))
        except Exception as error:  # noqa: BLE001 - a process boundary: the host raises it
            traceback.print_exc()
            self._answer(wire.encode("failed", error=wire.error_of(error, self._name)))
            return
        self._answer(wire.encode("ready"))

    def _generate(self, number: int, data: object) -> None:
        cancelled = self._cancelled[number]
        try:
            if self._engine is not None and not cancelled.is_set():
                events = self._engine.generate(Request.model_validate(data))
                for event in events:
                    if cancelled.is_set():
                        getattr(events, "close", lambda: None)()
                        break
                    self._answer(wire.encode("event", id=number, event=event.model_dump(mode="json")))
            self._answer(wire.encode("end", id=number))
        except Exception as error:  # noqa: BLE001 - a process boundary: the host raises it
            traceback.print_exc()
            self._answer(wire.encode("error", id=number, error=wire.error_of(error, self._name)))
        finally:
            del self._cancelled[number]

    def _answer(self, line: bytes) -> None:
        try:
            with self._writing:
                self._answers.write(line)
                self._answers.flush()
        except OSError:
            os._exit(0)  # the parent is gone

    def _finish(self, pool: ThreadPoolExecutor) -> None:
        overdue = threading.Timer(GRACE, os._exit, (0,))
        overdue.daemon = True
        overdue.start()
        for cancelled in list(self._cancelled.values()):
            cancelled.set()
        pool.shutdown(cancel_futures=True)
        if self._engine is not None:
            self._engine.close()


def main() -> None:
    """Keep the standard streams for the protocol, then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which decides
    faulthandler.enable()
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What native libraries print must not mix with the protocol, and what they start must not read it
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    Worker(commands, answers).run()
    # Straight out: native threads and atexit handlers of half-closed libraries may hang or crash
    os._exit(0)


if __name__ == "__main__":
    main()
