"""How much may come in: bytes of a body, requests at once."""

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from castalia.core.errors import CastaliaError, TooLarge
from castalia.server.http.errors import error_response


class Busy(CastaliaError):
    """As many requests are under way as the settings allow."""

    code = "server_busy"
    http_status: ClassVar[int] = 503


class Queue:
    """Counts the requests under way."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._count = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Take a place. Raises Busy when there is none."""
        with self._lock:
            if self._count >= self.limit:
                raise Busy(f"{self.limit} requests are under way already.", hint="Try again in a moment.")
            self._count += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._count -= 1

    @contextmanager
    def place(self) -> Generator[None]:
        """A place for the length of the ``with``. Raises Busy."""
        self.enter()
        try:
            yield
        finally:
            self.leave()


class BodyLimitMiddleware:
    """Answers 413 to bodies over the limit, by their stated length or as soon as too much has arrived."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        stated = dict(headers).get(b"content-length", b"0")
        if not stated.isdigit() or int(stated) > self.limit:
            await error_response(self._error())(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self.limit:
                raise self._error()
            return message

        async def unless_over(message: Message) -> None:
            # whatever the application made of the error above, the answer is ours
            if arrived <= self.limit:
                await send(message)

        with suppress(TooLarge):
            await self.app(scope, counted, unless_over)
        if arrived > self.limit:
            await error_response(self._error())(scope, receive, send)

    def _error(self) -> TooLarge:
        return TooLarge(
            f"The request body is over {self.limit // 1024 // 1024} MiB.",
            hint="Send less, or raise server.max_upload_mb.",
        )
