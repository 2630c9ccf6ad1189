"""`kill -9` of the command, the server or the training in the middle: nothing is left over, the next command works."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from castalia.core.config import Settings
from castalia.core.models import Model
from castalia.serving.house import House

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "castalia"]


@pytest.fixture
def home(own_home: Path) -> Path:
    """A home with a slow talker and a quick one."""
    with House(Settings(home=own_home)) as house:
        for name, details in (("slow", {"delay": 0.2, "reply": "word " * 400}), ("quick", {})):
            house.registry.add(
                Model(name=name, format="fake", engines=["fake"], outputs=["text"], folder=own_home, details=details)
            )
    return own_home


def castalia(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def eventually(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        pause.wait(0.1)
    return true()


def engines_now() -> list[dict[str, object]]:
    return json.loads(castalia("ps", "--json").stdout)["engines"]


def gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


def test_a_killed_command_leaves_no_engine_behind(home: Path) -> None:
    asking = subprocess.Popen(
        [*COMMAND, "ask", "Talk for long, please.", "--model", "slow", "--max-tokens", "300"], stdout=subprocess.PIPE
    )
    assert asking.stdout is not None
    asking.stdout.read(4)
    pids = [int(str(engine["pid"])) for engine in engines_now()]
    assert len(pids) == 1
    asking.kill()
    asking.wait()
    asking.stdout.close()
    assert eventually(lambda: gone(pids))
    assert engines_now() == []
    assert list((home / "run").glob("*.json")) == []
    assert castalia("ask", "Tell me about rivers.", "--model", "quick").returncode == 0


def test_a_killed_engine_is_an_error_and_the_next_request_works(home: Path) -> None:
    asking = subprocess.Popen(
        [*COMMAND, "ask", "Talk for long, please.", "--model", "slow", "--max-tokens", "300"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdout is not None
    asking.stdout.read(4)
    os.kill(int(str(engines_now()[0]["pid"])), signal.SIGKILL)
    _, said = asking.communicate(timeout=60)
    assert asking.returncode == 2
    assert b"Error" in said
    assert b"Traceback" not in said
    assert castalia("ask", "Tell me about rivers.", "--model", "quick").returncode == 0


def test_a_killed_server_starts_again_on_the_same_home(home: Path) -> None:
    def start() -> tuple["subprocess.Popen[str]", str]:
        server = subprocess.Popen([*COMMAND, "serve", "--port", "0", "--no-auth"], stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        return server, server.stderr.readline().split()[-1]

    server, url = start()
    assert eventually(lambda: answers(url))
    body = {"model": "slow", "messages": [{"role": "user", "content": "Talk."}], "stream": True, "max_tokens": 300}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=60) as answer:
        lines = answer.iter_lines()
        next(lines)
        pids = [int(str(engine["pid"])) for engine in engines_now()]
        assert len(pids) == 1
        server.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)
    server.wait()
    assert eventually(lambda: gone(pids))
    again, url = start()
    try:
        assert eventually(lambda: answers(url))
        body = {"model": "quick", "messages": [{"role": "user", "content": "Tell me about rivers."}]}
        assert httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).status_code == 200
    finally:
        again.terminate()
        again.wait()
        for process in (server, again):
            assert process.stderr is not None
            process.stderr.close()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.ConnectError:
        return False


STEPS = ["--steps", "600", "--size", "tiny", "--threads", "1"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A table, and the model of a training on it that nobody disturbed."""
    sys.path.insert(0, str(ROOT / "examples"))
    from make_data import write_patients

    folder = tmp_path_factory.mktemp("whole")
    source = str(write_patients(folder / "patients.csv"))
    command = [*COMMAND, "--home", str(folder / "home"), "train", source, "--name", "whole", *STEPS, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return source, json.loads(done.stdout)


@pytest.mark.parametrize("victim", ["command", "worker"])
def test_a_killed_training_goes_on_and_ends_like_one_that_was_not(
    home: Path, whole: tuple[str, dict[str, Any]], victim: str
) -> None:
    source, first = whole
    training = subprocess.Popen(
        [*COMMAND, "train", source, "--name", "broken", *STEPS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert training.stderr is not None
    with training, training.stderr:
        assert any(line.startswith("step") for line in training.stderr), "it is under way"
        workers = psutil.Process(training.pid).children()
        victims = {"command": training, "worker": workers[0]}
        victims[victim].kill()
    assert eventually(lambda: gone([worker.pid for worker in workers]))
    assert "broken" not in castalia("ls").stdout

    resumed = castalia("train", "--resume", "latest", "--json")
    assert resumed.returncode == 0, resumed.stderr
    second = json.loads(resumed.stdout)
    assert first["figures"]["held_out_loss"] == second["figures"]["held_out_loss"]
    digests = [{file["path"]: file["sha256"] for file in model["files"]} for model in (first, second)]
    assert digests[0]["weights.safetensors"] == digests[1]["weights.safetensors"]
    assert castalia("ask", "5 rows", "--model", "broken", "--rows", "5").returncode == 0
