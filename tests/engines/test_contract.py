"""What every engine promises, asked of every engine found: events, usage, seeds, cancelling, unloading, refusing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from castalia.core.contracts import Engine
from castalia.core.errors import UserError
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, TextDelta, ToolCallDelta, Usage
from castalia.core.models import Model
from castalia.core.plugins import engines, modalities, resolve
from castalia.core.requests import Request
from castalia.core.specs import EngineSpec
from castalia.engines.host import HostedEngine, open_engine

if TYPE_CHECKING:
    from conftest import Sample

PAIRS = [(name, kind) for name, spec in engines().specs().items() for kind in spec.formats]


@dataclass
class Case:
    """An engine with a model loaded."""

    spec: EngineSpec
    model: Model
    engine: Engine
    sample: "Sample"


@pytest.fixture(scope="module", params=PAIRS, ids=["-".join(pair) for pair in PAIRS])
def case(
    request: pytest.FixtureRequest,
    model_of_format: Callable[[str], Model],
    samples: "dict[str, Sample]",
    load_options: dict[str, object],
) -> Iterator[Case]:
    """Each engine with a model of each of its formats."""
    name, kind = request.param
    if kind not in samples:
        pytest.fail(f"The engine {name} runs {kind}, for which tests/engines/conftest.py has no sample.")
    spec = engines().spec(name)
    if missing := engines().missing(name):
        pytest.skip(f"{name} needs {', '.join(missing)}, which is not installed")
    model = model_of_format(kind)
    engine = open_engine(spec, model, load_options)
    yield Case(spec, model, engine, samples[kind])
    engine.close()


def events_of(case: Case, request: Request) -> list[EngineEvent]:
    """All events without signs of life."""
    return [event for event in case.engine.generate(request) if not isinstance(event, Progress)]


def output_of(events: list[EngineEvent]) -> list[object]:
    """What was made, without the ids of tool calls and without how it was cut into pieces."""
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    media = [(event.index, event.data) for event in events if isinstance(event, MediaChunk)]
    return [text, *media]


def settled_cpu(process: psutil.Process) -> float:
    """Processor seconds of a process once it has come to rest."""
    last = -1.0
    for _ in range(400):
        times = process.cpu_times()
        now = times.user + times.system
        if now - last < 0.01:
            return now
        last = now
        time.sleep(0.25)
    pytest.fail("the child never came to rest")


def test_events_come_in_order(case: Case) -> None:
    events = events_of(case, case.sample.short(1))
    kinds = [type(event) for event in events]
    assert kinds[-2:] == [Usage, Done]
    assert kinds.count(Usage) == kinds.count(Done) == 1
    assert all(issubclass(kind, TextDelta | ToolCallDelta | MediaChunk) for kind in kinds[:-2])
    assert kinds[:-2] or case.model.format == "whisper-ctranslate2"  # which may hear no word in a hum


def test_each_output_is_closed_once(case: Case) -> None:
    chunks = [event for event in events_of(case, case.sample.short(1)) if isinstance(event, MediaChunk)]
    for index in {chunk.index for chunk in chunks}:
        closed = [chunk.last for chunk in chunks if chunk.index == index]
        assert closed == [False] * (len(closed) - 1) + [True]
        assert all(chunk.modality in case.model.outputs for chunk in chunks)


def test_usage_is_counted(case: Case) -> None:
    request = case.sample.short(1)
    usage, done = events_of(case, request)[-2:]
    assert isinstance(usage, Usage)
    assert isinstance(done, Done)
    if "max_tokens" in request.options:
        most = request.options["max_tokens"]
        assert isinstance(most, int)
        assert 0 < usage.counts.output_tokens <= most
        assert usage.counts.input_tokens >= len(request.prompt.split())
        assert (done.finish_reason == "length") == (usage.counts.output_tokens == most)
    else:
        assert usage.counts.units
        assert all(value > 0 for value in usage.counts.units.values())


def test_same_seed_same_output(case: Case) -> None:
    first, second = (output_of(events_of(case, case.sample.short(7))) for _ in range(2))
    assert first == second
    if case.sample.seeded:
        assert output_of(events_of(case, case.sample.short(8))) != first


def test_cancel_stops_the_work(case: Case) -> None:
    if not isinstance(case.engine, HostedEngine):
        pytest.skip("runs in this process")
    process = psutil.Process(case.engine.pid)
    events = iter(case.engine.generate(case.sample.long(1)))
    for event in events:
        if not isinstance(event, Progress) or event.fraction is not None:
            break
    times = process.cpu_times()
    used = times.user + times.system
    began = time.monotonic()
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert time.monotonic() - began < 1.0
    assert settled_cpu(process) - used < case.sample.step
    assert isinstance(events_of(case, case.sample.short(1))[-1], Done)


def test_requests_run_at_once_where_declared(case: Case) -> None:
    if not case.spec.parallel:
        pytest.skip("works on one request at a time")
    long = iter(case.engine.generate(case.sample.long(1)))
    assert any(isinstance(event, TextDelta) for event in long)  # begun
    assert isinstance(events_of(case, case.sample.short(1))[-1], Done)
    assert not isinstance(next(long), Done)  # and still at it
    long.close()  # pyright: ignore[reportAttributeAccessIssue]


def test_wrong_request_is_refused_and_the_engine_lives(case: Case) -> None:
    with pytest.raises(UserError) as caught:
        events_of(case, case.sample.wrong)
    assert caught.value.message
    assert caught.value.hint
    assert isinstance(events_of(case, case.sample.short(1))[-1], Done)


def test_options_of_the_spec_exist(case: Case) -> None:
    for output, names in case.spec.options.items():
        if output == "*":
            continue
        options = resolve(case.spec.request_options or modalities().spec(output).options)
        unknown = set(names) - {"*"} - set(options.model_fields)  # pyright: ignore[reportAttributeAccessIssue]
        assert not unknown


def test_unloading_frees_everything(case: Case, load_options: dict[str, object]) -> None:
    engine = open_engine(case.spec, case.model, load_options)
    if not isinstance(engine, HostedEngine):
        pytest.skip("runs in this process")
    process = psutil.Process(engine.pid)
    family = [process, *process.children(recursive=True)]
    assert engine.memory_bytes > 0
    engine.close()
    assert not any(member.is_running() for member in family)
    assert engine.memory_bytes == 0
    assert not engine.alive
