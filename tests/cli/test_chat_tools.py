"""`castalia chat --mcp`: the real command with a real MCP server of the official SDK, on a fake model that calls."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from castalia.core.config import Settings
from castalia.core.models import Model
from castalia.serving.house import House

SERVER = '''
import os, sys
from pathlib import Path
from mcp.server import MCPServer

folder = Path(sys.argv[1])
with (folder / "pids").open("a") as pids:
    print(os.getpid(), file=pids)
server = MCPServer("small")

@server.tool()
def double(number: int) -> str:
    """Twice a number."""
    return f"twice {number} is {2 * number}"

@server.tool()
def delete_all() -> str:
    """Must never be called."""
    (folder / "deleted").touch()
    return "all is gone"

@server.tool()
def die() -> str:
    """Ends the server."""
    print("goodbye cruel world", file=sys.stderr, flush=True)
    os._exit(3)

server.run()
'''
DOUBLE = {"name": "double", "arguments": {"number": 21}}
CALLERS = {
    "doubler": [DOUBLE],
    "deleter": [{"name": "delete_all", "arguments": {}}],
    "killer": [{"name": "die", "arguments": {}}],
    "both": [DOUBLE, {"name": "double", "arguments": {"number": 4}}],
}
"""Fake models by name, and what each calls."""


@pytest.fixture
def desk(own_home: Path, tmp_path: Path) -> Path:
    """A folder with a castalia.toml that sets two servers up: a whole one and one that does not start."""
    with House(Settings(home=own_home)) as house:
        for name, calls in CALLERS.items():
            details: dict[str, object] = {"calls": calls, "reply": "That is what I found."}
            house.registry.add(
                Model(name=name, format="fake", engines=["fake"], outputs=["text"], folder=own_home, details=details)
            )
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "server.py").write_text(SERVER)
    (folder / "castalia.toml").write_text(
        f"""
[mcp.small]
command = {json.dumps(sys.executable)}
arguments = {json.dumps([str(folder / "server.py"), str(folder)])}
allow = ["double", "die", "fly"]

[mcp.broken]
command = {json.dumps(sys.executable)}
arguments = ["-c", "import sys; sys.exit('the disk is full')"]
allow = ["double"]
"""
    )
    return folder


def chat(desk: Path, *arguments: str, said: str = "What is twice 21?\n") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "castalia", "chat", *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False, cwd=desk, timeout=300)


def test_an_allowed_tool_is_called_turn_after_turn_and_each_call_is_shown(desk: Path) -> None:
    done = chat(
        desk, "-m", "doubler", "--mcp", "small", "--allow", "double", said="What is twice 21?\nAnd once more?\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("That is what I found.") == 2
    trace = [line.strip() for line in done.stderr.splitlines() if "double(" in line or "twice 21 is 42" in line]
    assert [line.partition(":")[0] for line in trace[::2]] == ["step 1", "step 1"]
    assert all('double({"number": 21}) from mcp:small' in line for line in trace[::2])
    assert all(line.startswith("done in") and line.endswith("twice 21 is 42") for line in trace[1::2])
    [pid] = (desk / "pids").read_text().split()
    assert not psutil.pid_exists(int(pid))


def test_the_trace_is_in_the_json_too(desk: Path) -> None:
    done = chat(desk, "-m", "both", "--mcp", "small", "--allow", "double", "--json")
    told = json.loads(done.stdout)
    assert [(use["name"], use["source"], use["output"]) for use in told["trace"]] == [
        ("double", "mcp:small", "twice 21 is 42"),
        ("double", "mcp:small", "twice 4 is 8"),
    ]
    assert told["outputs"][0]["text"] == "That is what I found."


def test_without_the_option_there_are_no_tools(desk: Path) -> None:
    done = chat(desk, "-m", "doubler")
    assert done.returncode == 0, done.stderr
    assert "from mcp:" not in done.stderr
    assert not (desk / "pids").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--mcp", "small", "--allow", "delete_all"), "'delete_all' of small is not allowed"),
        (("--mcp", "small", "--allow", "fly"), "small has no tool 'fly'"),
        (("--mcp", "small"), "small has no tool 'fly'"),
        (("--mcp", "other"), "no MCP server 'other'"),
        (("--mcp", "broken"), "the disk is full"),
        (("--allow", "double"), "--mcp"),
    ],
)
def test_what_is_not_allowed_or_not_there_is_told_before_a_turn(
    desk: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = chat(desk, "-m", "doubler", *arguments)
    assert done.returncode == 1
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_tool_that_is_not_allowed_is_never_run_whatever_the_model_calls(desk: Path) -> None:
    done = chat(desk, "-m", "deleter", "--mcp", "small", "--allow", "double")
    assert done.returncode == 0, done.stderr
    assert (desk / "pids").exists()
    assert not (desk / "deleted").exists()
    assert "all is gone" not in done.stdout + done.stderr


def test_a_server_that_dies_is_told_and_the_chat_goes_on(desk: Path) -> None:
    done = chat(desk, "-m", "killer", "--mcp", "small", "--allow", "die", said="End it.\nAnd again.\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("That is what I found.") == 2
    failed = [line for line in done.stderr.splitlines() if line.strip().startswith("failed in")]
    assert len(failed) == 2
    assert "goodbye cruel world" in failed[0]
    assert "small" in failed[1]
