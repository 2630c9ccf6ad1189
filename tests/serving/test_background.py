"""Runs in the background: how they stand, what cancels them, what becomes of those that break."""

import threading
import time

import pytest

from castalia.core.errors import BadRequest, NotFound
from castalia.core.events import Progress
from castalia.serving.background import REPORT, RUN, BackgroundRun, BackgroundRuns
from castalia.serving.following import outcome


@pytest.fixture
def runs(tmp_path):
    return BackgroundRuns(BackgroundRun, tmp_path)


def ended(runs, run):
    for _ in range(500):
        (found,) = (one for one in runs.every() if one.id == run.id)
        if found.ended:
            return found
        time.sleep(0.01)
    raise AssertionError("the run does not end")


def test_a_run_tells_how_far_it_is_and_ends(runs, tmp_path):
    told, go = threading.Event(), threading.Event()

    def work():
        yield Progress(message="half", fraction=0.5)
        told.set()
        go.wait(5)
        (tmp_path / "a" / REPORT).write_text("found")

    run = runs.launch(BackgroundRun(id="a"), work)
    told.wait(5)
    (now,) = runs.every()
    assert (now.state, now.message, now.fraction) == ("in_progress", "half", 0.5)
    with pytest.raises(NotFound, match="it is in_progress"):
        runs.report(now)
    go.set()
    assert ended(runs, run).state == "completed"
    assert runs.report(run).read_text() == "found"


def test_one_works_at_a_time(runs):
    at_work, most = [0], [0]

    def work():
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        time.sleep(0.02)
        yield Progress(message="at it")
        at_work[0] -= 1

    for run in [runs.launch(BackgroundRun(id=name), work) for name in "abc"]:
        assert ended(runs, run).state == "completed"
    assert most == [1]


def test_no_progress_undoes_a_cancel(runs, monkeypatch):
    """The run has read that nobody canceled it and is about to write: the cancel waits for it."""
    reading = threading.Event()
    plain = runs._keep

    def slow(run):
        if run.message == "late" and not reading.is_set():
            reading.set()
            time.sleep(0.2)
        plain(run)

    monkeypatch.setattr(runs, "_keep", slow)
    closed = []

    def work():
        try:
            while True:
                yield Progress(message="late")
                time.sleep(0.01)
        finally:
            closed.append(True)

    run = runs.launch(BackgroundRun(id="a"), work)
    assert reading.wait(5)
    assert runs.stop(run).state == "canceled"
    for _ in range(500):
        if closed:
            break
        time.sleep(0.01)
    assert closed, "the work is stopped"
    (found,) = runs.every()
    assert found.state == "canceled"
    assert runs.stop(run).state == "canceled"


@pytest.mark.parametrize(
    ("error", "code"), [(BadRequest("no such thing"), "bad_request"), (ZeroDivisionError("by nought"), "internal")]
)
def test_a_run_that_breaks_says_why(runs, error, code):
    def work():
        raise error
        yield

    found = ended(runs, runs.launch(BackgroundRun(id="a"), work))
    assert found.state == "failed"
    assert code in str(found.error)
    assert str(error) in str(found.error)


def test_a_run_whose_process_died_has_failed(runs, tmp_path):
    lost = BackgroundRun(id="a", state="in_progress", process=2**22 + 1)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / RUN).write_text(lost.model_dump_json())
    (found,) = runs.every()
    assert found.state == "failed"
    assert "Start it again" in str(found.error)


def test_the_outcome_of_work_is_its_last_event_and_the_work_is_closed():
    told, closed = [], []

    def work(*, whole):
        try:
            yield Progress(message="one")
            if whole:
                yield BackgroundRun(id="found")
        finally:
            closed.append(True)

    assert outcome(work(whole=True), BackgroundRun, told.append).id == "found"
    assert [one.message for one in told] == ["one"]
    with pytest.raises(Exception, match="ended without"):
        outcome(work(whole=False), BackgroundRun)
    assert closed == [True, True]
