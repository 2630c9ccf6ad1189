"""The tools of a response that are run here, opened for the length of a turn."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from castalia.core.errors import BadRequest
from castalia.server.schemas.responses import FunctionTool, ToolItem
from castalia.serving.house import House
from castalia.serving.toolbox import ServedTool, Toolbox


@contextmanager
def served_tools(house: House, tools: list[ToolItem]) -> Generator[Toolbox]:
    """All tools of the list that are run here; functions are run by whoever asks. Raises BadRequest, NotFound."""
    with ExitStack() as stack:
        served: list[ServedTool] = []
        for tool in tools:
            match tool:
                case FunctionTool():
                    pass
                case _:
                    raise BadRequest(f"There are no tools of the type {tool.type!r} here.", hint="Use functions.")
        yield Toolbox(served)
        stack.close()
