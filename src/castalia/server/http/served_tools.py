"""The tools of a response that are run here, opened for the length of a turn."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from castalia.server.schemas.responses import FileSearchTool, FunctionTool, McpTool, ToolItem
from castalia.serving.house import House
from castalia.serving.mcp_servers import mcp_tools
from castalia.serving.toolbox import ServedTool, Toolbox


@contextmanager
def served_tools(house: House, tools: list[ToolItem]) -> Generator[Toolbox]:
    """All tools of the list that are run here; functions are run by whoever asks. Raises as `mcp_tools` does."""
    with ExitStack() as stack:
        served: list[ServedTool] = []
        for tool in tools:
            match tool:
                case FunctionTool() | FileSearchTool():  # the search is part of the way of the request
                    pass
                case McpTool():
                    opened = mcp_tools(house.settings, tool.server_label, tool.allowed_tools)
                    served += stack.enter_context(opened)
        yield Toolbox(served)
