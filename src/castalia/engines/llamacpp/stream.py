"""One request to llama.cpp's server: its callbacks, from a thread of their own, as a sequence that can be stopped."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

from castalia.core.errors import BadRequest, CastaliaError, ContextTooLong, EngineError

Chunk = dict[str, Any]
HEARTBEAT = 0.25
"""Seconds after which None comes instead of a chunk, so that the reader can stop."""


class Stream:
    """Chunks of a streamed completion, one of a chat unless ``body`` has a ``prompt``.

    ``finished`` is called from the thread when the server has let go of the request, also after `stop`.
    """

    def __init__(self, server: Any, body: Chunk, finished: Callable[[], None]) -> None:
        self._server = server
        self._body = body
        self._finished = finished
        self._chunks: queue.SimpleQueue[Chunk | Exception | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Chunk | None]:
        """Chunks as they come; None while there is nothing. Raises one of our errors when the server reports one."""
        while True:
            try:
                chunk = self._chunks.get(timeout=HEARTBEAT)
            except queue.Empty:
                yield None
                continue
            if chunk is None:
                return
            if isinstance(chunk, Exception):
                raise chunk
            if "error" in chunk:
                raise error_of(chunk["error"])
            yield chunk

    def stop(self) -> None:
        """End the generation: the server drops the request at its next step."""
        self._stopped.set()

    def join(self, timeout: float) -> None:
        """Wait until the server has let go of the request."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            if not self._stopped.is_set():
                plain = "prompt" in self._body
                handle = self._server.handle_completions if plain else self._server.handle_chat_completions
                handle(self._body, self._receive)
            self._chunks.put(None)
        except (ValueError, RuntimeError) as error:  # C++'s invalid_argument and everything else
            refused = isinstance(error, ValueError)
            self._chunks.put(
                BadRequest(f"llama.cpp refuses the request: {error}.", hint="Change that part of the request.")
                if refused
                else EngineError(f"llama.cpp failed: {error}.", hint="Try again with simpler options.")
            )
        finally:
            self._finished()

    def _receive(self, chunk: Chunk) -> bool:
        """Called by the server for each chunk; True ends the generation."""
        self._chunks.put(chunk)
        return self._stopped.is_set()


def error_of(error: Chunk) -> CastaliaError:
    """The server's ``{code, message, type}`` as one of our errors."""
    kind, message = error.get("type"), str(error.get("message", "no reason given"))
    if kind == "exceed_context_size_error":
        return context_too_long(cast(int, error["n_prompt_tokens"]), cast(int, error["n_ctx"]))
    if kind == "invalid_request_error":
        return BadRequest(f"llama.cpp refuses the request: {message}.", hint="Change that part of the request.")
    return EngineError(f"llama.cpp failed: {message}.", hint="Try again.")


def context_too_long(prompt: int, context: int) -> ContextTooLong:
    """The error for a prompt that leaves no room in the context."""
    return ContextTooLong(
        f"The prompt has {prompt} tokens; this model reads at most {context}, the answer included.",
        hint="Shorten the prompt, raise the setting engines.context, or take a model with a longer context.",
        details={"prompt_tokens": prompt, "context": context},
    )
