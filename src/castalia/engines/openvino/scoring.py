"""How likely given text is: the log-probability of every token of a prompt."""

import threading
from collections.abc import Callable
from typing import Any

from castalia.core.errors import EngineError
from castalia.engines.openvino.stepping import LIBRARY_ERRORS


class Scorer:
    """A pipeline of its own that reads one prompt at a time, whole, in a single step, without prefix cache.

    The library (2026.4) tells wrong log-probabilities of a prompt that shares a step with a running answer: alone, one
    text came to -120 nats, beside a running answer to -280. Of what its prefix cache remembers it tells none. ``build``
    makes the pipeline, at the first text.
    """

    def __init__(self, build: Callable[[], Any], config: Any) -> None:
        self._build = build
        self._config = config
        self._pipeline: Any = None
        self._lock = threading.Lock()
        self._number = 0

    def logprobs(self, tokens: Any, count: int) -> list[float]:
        """Of the ``count`` prompt tokens int64 (1, count) but the first, each after those before it, in nats.

        Raises EngineError.
        """
        with self._lock:
            try:
                told = self._read(tokens)
            except LIBRARY_ERRORS as error:
                self._pipeline = None  # what failed stays in it
                raise EngineError(f"OpenVINO failed: {error}", hint="Ask again.") from None
        if len(told) != count + 1:
            raise EngineError(f"OpenVINO told {len(told)} log-probabilities of {count} tokens.", hint="Ask again.")
        return told[1:-1]  # the first has nothing before it, the last is of a token that is made

    def close(self) -> None:
        """Free the pipeline."""
        with self._lock:
            self._pipeline = None

    def _read(self, tokens: Any) -> list[float]:
        if self._pipeline is None:
            self._pipeline = self._build()
        self._number += 1
        handle = self._pipeline.add_request(self._number, tokens, self._config)
        told: list[float] = []
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        while handle.can_read():
            for output in handle.read().values():
                told += list(output.generated_log_probs)
        return told
