"""One thread that owns the pipeline: it takes requests in as they come and steps while any is unfinished."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from castalia.core.errors import CastaliaError, EngineCrashed, EngineError

LIBRARY_ERRORS = (RuntimeError, ValueError, IndexError, MemoryError)
"""What C++ exceptions become."""
HANDOVER = 0.002
"""Seconds at most that a step waits until those who read have taken their first token. The library holds Python's lock
while it steps, so tokens are handed on one step late. Waiting for all of them would cost a tenth of the speed."""
ROWS = 8
"""The first step of a lone prompt works on a multiple of so many rows. The library cuts its products into blocks of
rows that divide their number; where only 1, 2 or 3 do, as with 206 = 2 x 103, a step takes a sixth longer."""


@dataclass(frozen=True)
class Piece:
    """Newly generated tokens with their log-probabilities; ``finish`` is set on the last piece."""

    tokens: list[int]
    logprobs: list[float]
    finish: Literal["stop", "length"] | None = None


@dataclass(eq=False)
class Stream:
    """One request and what has come of it: pieces, or the error that ended it."""

    tokens: Any
    config: Any
    pieces: "queue.SimpleQueue[Piece | CastaliaError]" = field(
        default_factory=queue.SimpleQueue["Piece | CastaliaError"]
    )
    handle: Any = None
    cancelled: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)
    """Set while the reader has taken all there was."""
    begun: bool = False

    def read(self, timeout: float) -> Piece | None:
        """The next piece; None when none came in ``timeout`` seconds. Raises what ended the request."""
        self.waiting.set()
        try:
            piece = self.pieces.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(piece, CastaliaError):
            raise piece
        return piece


class Stepper:
    """Batches requests continuously. ``build`` makes the pipeline, again after a failure.

    Products of a matrix with one row are summed in another order than with several, so a request that runs alone would
    differ in the last digits from the same request in a batch. Hence a lone request gets a companion, whose answer
    nobody reads: 2 % more work, and the text no longer depends on the company. ``companion`` makes one of so many
    tokens, int64 (1, tokens), with an endless configuration.

    A pipeline that raised in ``step`` raises for ever after, because the request that it failed on stays in it. Then
    all its requests end with EngineError and a new pipeline takes the next ones.
    """

    def __init__(self, build: Callable[[], Any], companion: Callable[[int], tuple[Any, Any]]) -> None:
        self._build = build
        self._new_companion = companion
        self._companion: Any = None
        self._pipeline: Any = build()
        self._inbox: queue.SimpleQueue[Stream | None] = queue.SimpleQueue()
        self._active: list[Stream] = []
        self._number = 0
        self._ended: CastaliaError | None = None
        self._thread = threading.Thread(target=self._run, name="openvino-steps", daemon=True)
        self._thread.start()

    def submit(self, tokens: Any, config: Any) -> Stream:
        """Start a request: ``tokens`` int64 (1, length), ``config`` a GenerationConfig."""
        stream = Stream(tokens, config)
        self._inbox.put(stream)
        if self._ended is not None:  # looked at after the put, so that the thread or we tell it
            stream.pieces.put(self._ended)
        return stream

    def cancel(self, stream: Stream) -> None:
        """Stop working on a request, at the next step; harmless when it has ended."""
        stream.cancelled = True
        stream.waiting.set()

    def close(self) -> None:
        """End the thread and free the pipeline; running requests end with an error."""
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended: CastaliaError = EngineCrashed("The model was unloaded.", hint="Ask again: the model is loaded afresh.")
        try:
            while self._take():
                self._step()
        except CastaliaError as error:  # a new pipeline could not be made
            ended = error
        self._companion = self._pipeline = None
        self._ended = ended
        self._fail(ended)
        while not self._inbox.empty():
            if (stream := self._inbox.get()) is not None:
                stream.pieces.put(ended)

    def _step(self) -> None:
        try:
            for stream in self._active:
                if stream.cancelled:
                    stream.handle.stop()
            self._accompany()
            self._pipeline.step()
            fresh = [stream for stream in self._active if not stream.begun]
            self._active = [stream for stream in self._active if not self._deliver(stream)]
            _hand_over([stream for stream in fresh if stream.begun])
        except LIBRARY_ERRORS as error:
            self._fail(EngineError(f"OpenVINO failed: {_told(error)}", hint="Ask again with other options."))
            self._companion = self._pipeline = None
            self._pipeline = self._build()

    def _accompany(self) -> None:
        """See to it that no step works on a single row."""
        if self._companion is not None and self._companion.get_status().name != "RUNNING":
            self._companion = None
        lone = len(self._active) == 1
        if lone and self._companion is None:
            self._number += 1
            tokens, config = self._new_companion(ROWS - self._active[0].tokens.shape[1] % ROWS)
            self._companion = self._pipeline.add_request(self._number, tokens, config)
        elif not lone:
            self._dismiss()

    def _dismiss(self) -> None:
        if self._companion is not None:
            self._companion.stop()
            self._companion = None

    def _take(self) -> bool:
        """Add what has come, waiting for it when there is nothing else to do; False to end."""
        wait = not self._active
        while True:
            try:
                stream = self._inbox.get(block=wait)
            except queue.Empty:
                return True
            if stream is None:
                return False
            if not stream.cancelled:
                self._add(stream)
            wait = not self._active

    def _add(self, stream: Stream) -> None:
        self._number += 1
        try:
            stream.handle = self._pipeline.add_request(self._number, stream.tokens, stream.config)
        except LIBRARY_ERRORS as error:
            stream.pieces.put(EngineError(f"OpenVINO refused: {_told(error)}", hint="Ask again with other options."))
            return
        self._active.append(stream)
        self._dismiss()  # one that still runs adds but a row to the prompt's

    def _deliver(self, stream: Stream) -> bool:
        """Hand on what a step brought; True when the request has ended."""
        while stream.handle.can_read():
            for output in stream.handle.read().values():
                finish = {"STOP": "stop", "LENGTH": "length"}.get(output.finish_reason.name)
                stream.waiting.clear()
                stream.begun = True
                stream.pieces.put(Piece(list(output.generated_ids), list(output.generated_log_probs), finish))  # pyright: ignore[reportArgumentType]
                if finish:
                    return True
        status = stream.handle.get_status().name
        if status == "IGNORED":
            stream.pieces.put(
                EngineError(
                    "The key-value cache has no room for this request.",
                    hint="Shorten the prompt, or lower the setting engines.slots.",
                )
            )
        return status != "RUNNING"

    def _fail(self, error: CastaliaError) -> None:
        for stream in self._active:
            stream.pieces.put(error)
        self._active = []


def _hand_over(streams: list[Stream]) -> None:
    """Wait until those who read have taken all that came, but not long for one who is busy."""
    deadline = time.monotonic() + HANDOVER
    for stream in streams:
        stream.waiting.wait(max(0.0, deadline - time.monotonic()))


def _told(error: Exception) -> str:
    """The library's own words without its source path and time."""
    line = str(error).strip().splitlines()[-1].strip()
    return line.rpartition(": ")[2] if ".cc:" in line or ".cpp:" in line else line
