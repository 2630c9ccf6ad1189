"""MCP servers as sources of tools, over stdio: started for one request, only tools allowed by name are shown.

A server gets the SDK's short list of environment variables and what its settings name, nothing else of ours.
"""

import asyncio
import importlib
import threading
import time
from collections.abc import Coroutine, Generator, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import closing, contextmanager
from typing import Any, TypeVar, cast

from castalia.core.config import McpServer, Settings
from castalia.core.errors import BadRequest, MissingExtra, NotFound, ToolError
from castalia.core.events import Progress
from castalia.modalities.text.options import Tool
from castalia.serving.stderr_tail import StderrTail
from castalia.serving.toolbox import ServedTool

HEARTBEAT = 0.25
SHOWN_ERROR = 500
"""Last characters of a server's stderr that are told when it fails."""
LAST_WORDS = 0.5
"""Seconds that a server which fails gets for them."""
CLOSE_SECONDS = 10.0
Value = TypeVar("Value")


@contextmanager
def mcp_tools(settings: Settings, name: str, only: Iterable[str] | None = None) -> Generator[list[ServedTool]]:
    """The tools of a server that its settings allow and, with ``only``, that are asked for; it ends with the ``with``.

    Raises NotFound for a server that is not set up, BadRequest for a tool that is not allowed or that it does not have,
    ToolError when it does not start in time, MissingExtra without the SDK.
    """
    server = settings.mcp.get(name)
    if server is None:
        known = ", ".join(settings.mcp) or "none"
        raise NotFound(
            f"There is no MCP server {name!r}: {known} are set up.", hint=f"Add [mcp.{name}] to castalia.toml."
        )
    wanted = list(server.allow) if only is None else list(only)
    refused = [tool for tool in wanted if tool not in server.allow]
    if refused:
        raise BadRequest(
            f"The tool {refused[0]!r} of {name} is not allowed.", hint=f"Add it to allow under [mcp.{name}]."
        )
    connection = _Connection(name, server)
    try:
        found = {tool.name: tool for tool in connection.start()}
        missing = [tool for tool in wanted if tool not in found]
        if missing:
            raise BadRequest(f"{name} has no tool {missing[0]!r}.", hint=f"It has: {', '.join(found) or 'none'}.")
        yield [ServedTool(found[tool], connection.calling(tool), f"mcp:{name}") for tool in wanted]
    finally:
        connection.close()


class _Connection:
    """One server process and the thread with the event loop that speaks with it."""

    def __init__(self, name: str, server: McpServer) -> None:
        try:
            self._mcp: Any = importlib.import_module("mcp")
        except ImportError:
            raise MissingExtra("MCP servers need the mcp package.", hint="pip install 'castalia[tools]'") from None
        self.name, self.server = name, server
        self._loop = asyncio.new_event_loop()
        self._session: Any = None
        self._stderr = StderrTail()
        self._ready: Future[list[Tool]] = Future()
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=f"castalia-mcp-{name}", daemon=True)

    def start(self) -> list[Tool]:
        self._thread.start()
        return self._waited(self._ready, self.server.start_seconds, "start")

    def calling(self, tool: str) -> Any:
        def call(arguments: dict[str, object]) -> Generator[Progress, None, str]:
            future = self._submit(self._session.call_tool(tool, arguments))
            ends = time.monotonic() + self.server.call_seconds
            while not future.done():
                if not self._thread.is_alive() or time.monotonic() > ends:
                    future.cancel()
                    dead = "it has ended" if not self._thread.is_alive() else f"{self.server.call_seconds:g} s passed"
                    raise self._error(f"did not answer the call of {tool}: {dead}")
                try:
                    future.result(HEARTBEAT)
                except FutureTimeoutError:
                    yield Progress(message=f"waiting for {tool}")
                except Exception:  # noqa: BLE001 - told below, as those of a call that failed at once are
                    break
            if (error := future.exception()) is not None:
                raise self._error(f"failed in {tool}: {_innermost(error)}") from error
            return self._text(tool, future.result())

        return call

    def close(self) -> None:
        if self._leave is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave.set)
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - the thread's end: whoever waits is told
            if not self._ready.done():
                self._ready.set_exception(self._error(f"did not start: {_innermost(error)}"))
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        stdio: Any = importlib.import_module("mcp.client.stdio")
        self._leave = asyncio.Event()
        wanted = self._mcp.StdioServerParameters(
            command=self.server.command,
            args=list(self.server.arguments),
            env={key: value.get_secret_value() for key, value in self.server.environment.items()},
        )
        with closing(self._stderr.file):
            async with stdio.stdio_client(wanted, errlog=self._stderr.file) as (read, write):
                self._stderr.opened()
                async with self._mcp.ClientSession(read, write) as self._session:
                    self._ready.set_result(await self._listed())
                    await self._leave.wait()

    async def _listed(self) -> list[Tool]:
        """The allowed tools, once the server has introduced itself. Raises ToolError."""
        seconds = self.server.start_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._session.initialize()
                listed = (await self._session.list_tools()).tools
        except TimeoutError as error:
            raise self._error(f"did not start: no answer within {seconds:g} s") from error
        except Exception as error:
            raise self._error(f"did not start: {_innermost(error)}") from error
        return [
            Tool(name=tool.name, description=tool.description or "", parameters=tool.input_schema)
            for tool in listed
            if tool.name in self.server.allow
        ]

    def _submit(self, work: Coroutine[Any, Any, Value]) -> "Future[Value]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _waited(self, future: "Future[Value]", seconds: float, what: str) -> Value:
        try:
            return future.result(seconds + CLOSE_SECONDS)
        except FutureTimeoutError:
            raise self._error(f"did not {what} within {seconds:g} s") from None

    def _text(self, tool: str, result: Any) -> str:
        texts = [piece.text if piece.type == "text" else f"[{piece.type}]" for piece in result.content]
        if result.is_error:
            raise ToolError(f"{tool}: {' '.join(texts)}")
        return "\n".join(texts)

    def _error(self, what: str) -> ToolError:
        told = self._stderr.text(SHOWN_ERROR, wait=LAST_WORDS)
        hint = f"It said: {told}" if told else f"Check the command under [mcp.{self.name}]."
        return ToolError(f"The MCP server {self.name} {what}.", hint=hint)


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return getattr(error, "message", "") or str(error) or type(error).__name__
