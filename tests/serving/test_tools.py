"""Tools: functions, a real MCP server over stdio, the loop with its limit and trace."""

import json
import sys
import time
from pathlib import Path

import pytest

from castalia.core.config import McpServer, Settings
from castalia.core.content import ToolCall
from castalia.core.errors import BadRequest, NotFound, ToolError
from castalia.core.events import Completed, Used
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.serving.functions import function_tool
from castalia.serving.house import House
from castalia.serving.mcp_servers import mcp_tools
from castalia.serving.tool_loop import answer_with_tools
from castalia.serving.toolbox import LONGEST_OUTPUT, Toolbox

SERVER = '''
import os, sys, time
from mcp.server import MCPServer

server = MCPServer("test")

@server.tool()
def double(number: int) -> str:
    """Twice a number."""
    return str(2 * number)

@server.tool()
def forbidden() -> str:
    """Must not be seen."""
    return "secret"

@server.tool()
def environment() -> str:
    """All variables."""
    return " ".join(os.environ)

@server.tool()
def hang() -> str:
    """Never answers."""
    time.sleep(60)
    return ""

@server.tool()
def shout() -> str:
    """Says far more on stderr than a pipe holds."""
    for _ in range(2000):
        print("x" * 1000, file=sys.stderr)
    print("that was it", file=sys.stderr, flush=True)
    return "done"

@server.tool()
def die() -> str:
    """Ends the server."""
    print("goodbye cruel world", file=sys.stderr, flush=True)
    os._exit(3)

server.run()
'''


@pytest.fixture
def served(tmp_path: Path) -> Settings:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    allow = ["double", "environment", "hang", "shout", "die"]
    server = McpServer(command=sys.executable, arguments=[str(script)], allow=allow, call_seconds=2)
    return Settings(home=tmp_path / "home", mcp={"test": server})


def called(toolbox: Toolbox, name: str, **arguments: object):
    running = toolbox.run(ToolCall(id="call_1", name=name, arguments=json.dumps(arguments)), 1)
    while True:
        try:
            next(running)
        except StopIteration as ended:
            return ended.value


def test_a_server_brings_the_allowed_tools_only(served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_SECRET_OF_MINE", "x")
    with mcp_tools(served, "test") as tools:
        toolbox = Toolbox(tools)
        assert "forbidden" not in json.dumps(toolbox.definitions())
        use = called(toolbox, "double", number=21)
        assert (use.output, use.error, use.source) == ("42", None, "mcp:test")
        assert use.seconds > 0
        assert "CASTALIA_SECRET_OF_MINE" not in called(toolbox, "environment").output
        assert "number" in (called(toolbox, "double", number="many").error or "")
    with pytest.raises(BadRequest, match="not allowed"), mcp_tools(served, "test", ["forbidden"]):
        pass
    with pytest.raises(NotFound), mcp_tools(served, "other"):
        pass


def test_a_server_that_hangs_or_dies_is_told(served: Settings) -> None:
    with mcp_tools(served, "test", ["hang"]) as tools:
        assert "2 s passed" in called(Toolbox(tools), "hang").error
    with mcp_tools(served, "test", ["die"]) as tools:
        assert "goodbye cruel world" in called(Toolbox(tools), "die").error


def test_what_a_server_says_on_stderr_is_read_and_only_its_end_kept(served: Settings) -> None:
    with mcp_tools(served, "test", ["shout", "die", "double"]) as tools:
        toolbox = Toolbox(tools)
        assert called(toolbox, "shout").output == "done"
        assert called(toolbox, "double", number=2).output == "4"
        error = called(toolbox, "die").error
    assert "that was it" in error
    assert "goodbye cruel world" in error
    assert len(error) < 1000


def test_a_server_that_never_answers_is_given_up_in_time(tmp_path: Path) -> None:
    mute = "import sys, time; print('nothing', flush=True); print('busy', file=sys.stderr, flush=True); time.sleep(60)"
    server = McpServer(command=sys.executable, arguments=["-c", mute], start_seconds=1)
    started = time.monotonic()
    with (
        pytest.raises(ToolError, match="within 1 s") as caught,
        mcp_tools(Settings(home=tmp_path, mcp={"mute": server}), "mute"),
    ):
        pass
    assert "busy" in caught.value.hint
    assert time.monotonic() - started < 20


def test_a_server_that_does_not_start_is_told(tmp_path: Path) -> None:
    quick = McpServer(command=sys.executable, arguments=["-c", "import sys; sys.exit('no luck')"], start_seconds=5)
    missing = McpServer(command="no-such-program-anywhere")
    settings = Settings(home=tmp_path, mcp={"quick": quick, "missing": missing})
    for name in ("quick", "missing"):
        with pytest.raises(ToolError, match="did not start"), mcp_tools(settings, name):
            pass


def add(a: int, b: int = 2) -> int:
    """The sum of two numbers."""
    return a + b


def test_a_function_is_a_tool() -> None:
    tool = function_tool(add)
    assert tool.definition.description == "The sum of two numbers."
    assert tool.definition.parameters["required"] == ["a"]
    toolbox = Toolbox([tool])
    assert called(toolbox, "add", a=3).output == "5"
    assert "a" in (called(toolbox, "add", a="x").error or "")
    assert called(toolbox, "add").error
    with pytest.raises(BadRequest, match="no type"):
        function_tool(lambda_with_no_types)
    with pytest.raises(BadRequest, match="two tools"):
        Toolbox([tool, tool])


def lambda_with_no_types(x):
    return x


def long_answer(n: int = 10) -> str:
    """Long."""
    return "x" * (LONGEST_OUTPUT + n)


def test_a_long_output_is_cut_and_says_so() -> None:
    assert f"of {LONGEST_OUTPUT + 10} characters" in called(Toolbox([function_tool(long_answer)]), "long_answer").output


@pytest.fixture
def talking(house: House) -> House:
    house.registry.add(Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=house.home))
    return house


def test_the_loop_calls_and_answers_with_its_trace_on_the_record(talking: House) -> None:
    request = Request.of_text("What is it?", modality="text", model="talker", options={"tool_choice": "required"})
    events = list(answer_with_tools(talking, request, Toolbox([function_tool(add)])))
    states = [event.use.state for event in events if isinstance(event, Used)]
    assert states == ["running", "done"]
    [completed] = [event for event in events if isinstance(event, Completed)]
    result = completed.result
    assert result.text.startswith("You said")
    [use] = result.trace
    assert (use.name, use.output, use.step) == ("add", "2", 1)
    kept = talking.history.get(result.id)
    assert kept.result is not None
    assert kept.result.trace == result.trace
    assert [message.role for message in kept.request.messages] == ["user", "assistant", "tool"]
    assert result.usage.input_tokens > kept.request.messages[0].text.count(" ")


def test_the_last_step_may_call_nothing(talking: House) -> None:
    request = Request.of_text("Add", modality="text", model="talker", options={"tool_choice": "required"})
    events = list(answer_with_tools(talking, request, Toolbox([function_tool(add)]), max_steps=1))
    assert not any(isinstance(event, Used) for event in events)
    assert events[-1].result.text  # type: ignore[union-attr]
