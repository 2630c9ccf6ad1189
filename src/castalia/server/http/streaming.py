"""The one bridge from synchronous events to the asynchronous server, and server-sent events."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import TypeVar

from starlette.requests import Request

from castalia.core.errors import CastaliaError, Interrupted
from castalia.core.events import Completed, Event
from castalia.core.results import Result
from castalia.server.http.errors import error_body
from castalia.server.http.limits import Queue

ItemT = TypeVar("ItemT")
DISCONNECT_POLL = 0.25


class _End:
    """Ends the queue, with the error that ended the events if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def bridged(events: Generator[ItemT], queue: Queue) -> AsyncGenerator[ItemT]:
    """The events, drawn in a thread of their own. Closing this generator closes ``events`` at its next event.

    Takes a place in ``queue`` until the thread is done. Raises Busy, and whatever ``events`` raises.
    """
    queue.enter()
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[ItemT | _End] = asyncio.Queue()
    left = threading.Event()

    def draw() -> None:
        error: BaseException | None = None
        try:
            for event in events:
                if left.is_set():
                    break
                loop.call_soon_threadsafe(items.put_nowait, event)
        except BaseException as raised:  # noqa: BLE001 - carried over to the event loop, raised there
            error = raised
        finally:
            events.close()
            queue.leave()
            if not loop.is_closed():
                loop.call_soon_threadsafe(items.put_nowait, _End(error))

    threading.Thread(target=draw, name="castalia-request", daemon=True).start()
    try:
        while not isinstance(item := await items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()


async def completed(request: Request, events: Generator[Event], queue: Queue) -> tuple[Result, list[Event]]:
    """The result and all events of a request, unless its client goes away: then the generation is stopped."""
    seen: list[Event] = []
    async with aclosing(bridged(events, queue)) as arriving:
        reading = asyncio.ensure_future(anext(arriving, None))
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=DISCONNECT_POLL)
                if await request.is_disconnected():
                    raise Interrupted("The client has gone away.")
                if not done:
                    continue
                event = reading.result()
                if event is None:
                    raise Interrupted("The request ended without a result.", hint="Ask again.")
                seen.append(event)
                if isinstance(event, Completed):
                    return event.result, seen
                reading = asyncio.ensure_future(anext(arriving, None))
        finally:
            reading.cancel()
            await asyncio.wait([reading])


def sse(data: object) -> bytes:
    """One server-sent event with JSON data."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


SSE_DONE = b"data: [DONE]\n\n"


async def with_errors(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The chunks; an error after the first byte becomes an event of its own, as OpenAI's clients expect."""
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                yield chunk
        except CastaliaError as error:
            yield sse(error_body(error))


async def started(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same chunks, the first one drawn already: what fails before it still gets its HTTP status."""
    first = await anext(chunks, None)

    async def all_chunks() -> AsyncGenerator[bytes]:
        async with aclosing(chunks):
            if first is not None:
                yield first
            async for chunk in chunks:
                yield chunk

    return all_chunks()
