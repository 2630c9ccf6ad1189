"""The parent side of an engine in a child process: it can crash, hang or be killed, and the house stands.

    host = HostedEngine(spec, model, load_options)
    for event in host.generate(request): ...
    host.close()

The child is `castalia.engines.worker`; `castalia.engines.wire` describes what they say to each other.
"""

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, cast

import psutil

from castalia.core.contracts import Engine
from castalia.core.errors import EngineCrashed, EngineError, rebuild
from castalia.core.events import EngineEvent, Progress, event_adapter
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.core.specs import EngineSpec
from castalia.engines import wire

LOG_BYTES = 8192
"""How much of the child's standard error is kept for error reports."""
HEARTBEAT = 0.5
"""Seconds of silence after which a `Progress` comes, so that a generation can be stopped at any time."""
CLOSE_TIMEOUT = 5.0
"""Seconds that the child gets to end by itself before it is killed."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SPIN_VARIABLE = "GOMP_SPINCOUNT"
SPIN_COUNT = "1000"
"""How long OpenMP's threads spin before they sleep: some microseconds instead of milliseconds. On a busy machine long
spinning starves the very thread that is waited for (llama.cpp with two threads: 0.5 against 7 tokens/s)."""

MEMORY_VARIABLE = "GLIBC_TUNABLES"
HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Ask Linux for pages of 2 MiB where it has some: weights are read from end to end for every token, and with pages of
4 KiB looking up where they lie costs 4 % of a prompt's time and 5 to 9 % of a token's (OpenVINO, docs/experiments.md).
"""


class HostedEngine:
    """One model loaded in a child process of its own. Safe to use from many threads.

    An engine whose spec is not ``parallel`` works on one request at a time; the others wait in the child. Raises what
    loading raised there, or EngineError when it takes longer than ``start_timeout`` seconds.
    """

    def __init__(
        self, spec: EngineSpec, model: Model, load_options: dict[str, object], *, start_timeout: float = 180.0
    ) -> None:
        self.spec = spec
        self.model = model
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._answers: dict[int, queue.SimpleQueue[wire.Message | None]] = {}
        self._started: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        self._log = bytearray()
        self._closed = False
        self._dead = threading.Event()
        self._process = subprocess.Popen(
            # -P: a file in the current folder must not stand in for a library's module
            [sys.executable, "-P", "-m", "castalia.engines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(load_options),
            start_new_session=True,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._stderr = cast("IO[bytes]", self._process.stderr)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_answers, self._read_log)]
        for thread in self._threads:
            thread.start()
        try:
            self._open(load_options, start_timeout)
        except BaseException:
            self._end()
            raise

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can take requests."""
        return not self._closed and not self._dead.is_set()

    @property
    def memory_bytes(self) -> int:
        """Resident memory of the child and what it started; 0 when it is gone."""
        if self._dead.is_set():
            return 0
        try:
            child = psutil.Process(self.pid)
            family = [child, *child.children(recursive=True)]
            return sum(process.memory_info().rss for process in family)
        except psutil.NoSuchProcess:
            return 0

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """Events as they come from the child; closing the iterator stops the generation there.

        Raises what the engine raised, and EngineCrashed when the child dies.
        """
        answers: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        number = next(self._numbers)
        self._answers[number] = answers
        finished = False
        try:
            if self._dead.is_set():
                raise self._crashed()
            self._send(wire.encode("generate", id=number, request=request.model_dump(mode="json")))
            while not finished:
                try:
                    message = answers.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield Progress()
                    continue
                finished = message is None or message["op"] != "event"
                if message is None:
                    raise self._crashed()
                if message["op"] == "error":
                    raise self._with_log(message["error"])
                if message["op"] == "event":
                    yield cast(EngineEvent, event_adapter.validate_python(message["event"]))
        finally:
            del self._answers[number]
            if not finished and self.alive:
                with contextlib.suppress(EngineCrashed):
                    self._send(wire.encode("cancel", id=number))

    def close(self) -> None:
        """Let the child end by itself, or kill it after a few seconds. Running generations raise EngineCrashed."""
        self._closed = True
        with self._lock, contextlib.suppress(OSError):  # unsent bytes for a process that is gone
            self._stdin.close()
        self._dead.wait(CLOSE_TIMEOUT)
        self._end()

    def _open(self, load_options: dict[str, object], start_timeout: float) -> None:
        self._send(
            wire.encode(
                "open",
                engine=self.spec.name,
                parallel=self.spec.parallel,
                model=self.model.model_dump(mode="json"),
                load_options=load_options,
            )
        )
        try:
            message = self._started.get(timeout=start_timeout)
        except queue.Empty:
            raise EngineError(
                f"The {self.spec.name} engine did not load {self.model.name} within {start_timeout:.0f} s.",
                hint="Raise the setting engines.start_timeout, or choose a smaller model.",
                details={"log": self._log_tail()},
            ) from None
        if message is None:
            raise self._crashed()
        if message["op"] == "failed":
            raise self._with_log(message["error"])

    def _send(self, line: bytes) -> None:
        try:
            with self._lock:
                self._stdin.write(line)
                self._stdin.flush()
        except (OSError, ValueError):  # a broken or closed pipe
            raise self._crashed() from None

    def _read_answers(self) -> None:
        try:
            for line in self._stdout:
                message = wire.decode(line)
                if message["op"] in {"ready", "failed"}:
                    self._started.put(message)
                elif (answers := self._answers.get(cast(int, message["id"]))) is not None:
                    answers.put(message)
        finally:
            # Only here is the child reaped: before that its number, and its group's, cannot have a new owner
            self._kill_group()
            self._process.wait()
            self._dead.set()
            for answers in [self._started, *self._answers.values()]:
                answers.put(None)

    def _read_log(self) -> None:
        descriptor = self._stderr.fileno()
        while data := os.read(descriptor, LOG_BYTES):
            self._log += data
            del self._log[:-LOG_BYTES]

    def _log_tail(self) -> str:
        return bytes(self._log).decode("utf-8", errors="replace")

    def _with_log(self, error: object) -> Exception:
        raised = rebuild(cast("dict[str, object]", error))
        if isinstance(raised, EngineError):
            raised.details["log"] = self._log_tail()
        return raised

    def _crashed(self) -> EngineCrashed:
        name = f"The {self.spec.name} engine of {self.model.name}"
        if self._closed:
            return EngineCrashed(f"{name} was unloaded.", hint="Ask again: the model is loaded afresh.")
        self._dead.wait(CLOSE_TIMEOUT)
        self._threads[1].join(CLOSE_TIMEOUT)
        status = self._process.returncode
        killed = status == -9
        how = f"was ended by signal {-status}" if status < 0 else f"ended with exit status {status}"
        return EngineCrashed(
            f"{name} {how}.",
            hint="Ask again: a new process is started."
            + (" If it repeats, memory may be short: unload other models or lower the context." if killed else ""),
            details={"exit_status": status, "log": self._log_tail()},
        )

    def _end(self) -> None:
        """Kill what still runs; leaves no process, thread or pipe."""
        if not self._dead.is_set():
            self._kill_group()
        for thread in self._threads:
            thread.join()
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def _kill_group(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of it is left
                os.killpg(self.pid, signal.SIGKILL)


def open_engine(
    spec: EngineSpec, model: Model, load_options: dict[str, object], start_timeout: float = 180.0
) -> Engine:
    """A loaded engine, in this process or in a child as its spec says."""
    if spec.isolation == "process":
        return cast(Engine, HostedEngine(spec, model, load_options, start_timeout=start_timeout))
    implementation = cast("Callable[[Model, dict[str, object]], Engine]", engines().implementation(spec.name))
    return implementation(model, load_options)


def _environment(load_options: dict[str, object]) -> dict[str, str]:
    """This process's environment, and what native libraries read from there about threads and memory."""
    environment = {SPIN_VARIABLE: SPIN_COUNT, MEMORY_VARIABLE: HUGE_PAGES, **os.environ}
    threads = load_options.get("threads")
    if isinstance(threads, int) and threads > 0:
        environment.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    return environment
