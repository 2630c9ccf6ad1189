"""Engines in a child process: they may crash, hang, be killed or lose their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from castalia.core.errors import EngineCrashed, EngineError, NotFound
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, TextDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.fake.engine import FakeEngine
from castalia.engines.host import HostedEngine, open_engine

FAKE = engines().spec("fake")
Make = Callable[..., Model]
Ask = Callable[..., Request]
Open = Callable[..., HostedEngine]


@pytest.fixture
def hosted(fake_model: Make) -> Iterator[Open]:
    """Opens a hosted fake engine; closes all at the end."""
    opened: list[HostedEngine] = []

    def make(parallel: bool = True, **details: object) -> HostedEngine:
        spec = FAKE.model_copy(update={"parallel": parallel})
        opened.append(HostedEngine(spec, fake_model(**details), {}, start_timeout=60))
        return opened[-1]

    yield make
    for host in opened:
        host.close()


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process ends within that time."""
    try:
        psutil.Process(pid).wait(seconds)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_events_are_those_of_the_engine_itself(hosted: Open, fake_model: Make, text_request: Ask) -> None:
    request = text_request("Grüße 🙂", logprobs=2)
    assert list(hosted().generate(request)) == list(FakeEngine(fake_model(), {}).generate(request))


def test_media_crosses_unharmed(hosted: Open, fake_model: Make) -> None:
    request = Request.of_text("a cat", modality="image", seed=3, options={"count": 2})
    here = list(FakeEngine(fake_model(), {}).generate(request))
    assert list(hosted().generate(request)) == here
    assert isinstance(here[0], MediaChunk)


def test_open_engine_follows_the_isolation_of_the_spec(fake_model: Make) -> None:
    inline = FAKE.model_copy(update={"isolation": "inline"})
    assert isinstance(open_engine(inline, fake_model(), {}), FakeEngine)
    host = open_engine(FAKE, fake_model(), {})
    assert isinstance(host, HostedEngine)
    host.close()


def test_load_error_comes_back_as_itself(hosted: Open) -> None:
    before = psutil.Process().children()
    with pytest.raises(EngineError, match="no such weights") as caught:
        hosted(fail_load="no such weights")
    assert type(caught.value) is EngineError
    assert caught.value.hint
    assert psutil.Process().children() == before


def test_unknown_engine_in_the_child_is_an_error_of_its_own_kind(fake_model: Make) -> None:
    with pytest.raises(NotFound, match="ghost"):
        HostedEngine(FAKE.model_copy(update={"name": "ghost"}), fake_model(), {})


def test_slow_start_is_ended(fake_model: Make) -> None:
    before = psutil.Process().children()
    with pytest.raises(EngineError, match="did not load") as caught:
        HostedEngine(FAKE, fake_model(), {}, start_timeout=0.001)
    assert "start_timeout" in caught.value.hint
    assert psutil.Process().children() == before


def test_generation_error_leaves_the_engine_alive(hosted: Open, text_request: Ask) -> None:
    host = hosted(fail="broken today")
    for _ in range(2):
        with pytest.raises(EngineError, match="broken today"):
            list(host.generate(text_request()))
    assert host.alive


def test_crash_while_generating(hosted: Open, text_request: Ask) -> None:
    host = hosted(crash_after=3)
    seen: list[EngineEvent] = []
    with pytest.raises(EngineCrashed, match="signal 9") as caught:
        seen.extend(host.generate(text_request()))
    assert len(seen) == 3
    assert caught.value.hint
    assert not host.alive
    assert host.memory_bytes == 0
    with pytest.raises(EngineCrashed):
        list(host.generate(text_request()))


def test_kill_reaches_every_running_generation(hosted: Open, text_request: Ask) -> None:
    host = hosted(delay=30)
    outcomes: list[str] = []
    begun = threading.Barrier(4)

    def ask() -> None:
        events = host.generate(text_request())
        next(events)
        begun.wait()
        try:
            list(events)
        except EngineCrashed as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    begun.wait()
    os.kill(host.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(10)
    assert outcomes == ["engine_crashed"] * 3
    assert not host.alive


def test_closing_the_iterator_stops_the_child(hosted: Open, text_request: Ask) -> None:
    host = hosted(parallel=False, delay=0.05, reply="word " * 10_000)
    events = host.generate(text_request(max_tokens=3000))
    assert isinstance(next(events), TextDelta)
    events.close()
    began = time.monotonic()
    # The only thread of the child is free again: the next request is answered at once
    assert isinstance(next(host.generate(text_request())), TextDelta)
    assert time.monotonic() - began < 1.0


def test_silence_is_filled_with_progress(hosted: Open, text_request: Ask) -> None:
    host = hosted(parallel=False, delay=60)
    first, second = host.generate(text_request()), host.generate(text_request())
    assert isinstance(next(first), Progress)
    assert isinstance(next(second), Progress)  # waiting for the first, and can be stopped
    second.close()
    first.close()


def test_parallel_requests_run_at_once_and_serial_ones_in_turn(hosted: Open, text_request: Ask) -> None:
    for parallel in (True, False):
        host = hosted(parallel=parallel, delay=0.02, reply="a b c d e f g h i j")
        spans: list[tuple[float, float]] = []

        def ask(host: HostedEngine = host, spans: list[tuple[float, float]] = spans) -> None:
            times = [time.monotonic() for event in host.generate(text_request()) if not isinstance(event, Progress)]
            spans.append((times[0], times[-1]))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        spans.sort()
        assert len(spans) == 3
        overlap = spans[1][0] < spans[0][1]
        assert overlap is parallel


def test_nothing_is_left_behind(hosted: Open, text_request: Ask) -> None:
    host = hosted()
    for _ in range(20):
        next(host.generate(text_request()))
    list(host.generate(text_request()))
    assert not host._answers
    assert host.memory_bytes > 1_000_000
    pid, threads = host.pid, threading.active_count()
    host.close()
    assert gone(pid, 0.1)
    assert threading.active_count() == threads - 2


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Request
from castalia.engines.host import HostedEngine
model = Model(name="p", format="fake", engines=["fake"], outputs=["text"], folder=Path({str(tmp_path)!r}),
              details={{"delay": 60}})
host = HostedEngine(engines().spec("fake"), model, {{}})
next(host.generate(Request.of_text("hello", modality="text", seed=1)))
print(host.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    assert gone(child)


def test_interrupt_does_not_end_the_child(hosted: Open, text_request: Ask) -> None:
    host = hosted()
    os.kill(host.pid, signal.SIGINT)
    assert isinstance(list(host.generate(text_request()))[-1], Done)


def test_load_threads_reach_native_libraries(fake_model: Make) -> None:
    host = HostedEngine(FAKE, fake_model(), {"threads": 2})
    environment = psutil.Process(host.pid).environ()
    host.close()
    assert environment["OMP_NUM_THREADS"] == "2"


def test_fake_honours_text_options(text_request: Ask, fake_model: Make) -> None:
    engine = FakeEngine(fake_model(reply="one two three four"), {})

    def answer(**options: object) -> tuple[str, str, int]:
        events = list(engine.generate(text_request(**options)))
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        usage, done = events[-2:]
        assert isinstance(usage, Usage)
        assert isinstance(done, Done)
        return text, done.finish_reason, usage.counts.output_tokens

    assert answer() == ("one two three four", "stop", 4)
    assert answer(max_tokens=2) == ("one two", "length", 2)
    assert answer(stop=["three"]) == ("one two ", "stop", 3)
