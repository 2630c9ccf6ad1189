"""When the stepping thread works, on a pipeline that tells what it was given."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from castalia.engines.openvino import stepping
from castalia.engines.openvino.stepping import ROWS, Stepper, Stream


class Handle:
    """One request: a token each step, up to its limit."""

    def __init__(self, tokens: int, limit: int) -> None:
        self.tokens, self.limit = tokens, limit
        self.status = "RUNNING"
        self.ready = 0
        self.given = 0

    def get_status(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.status)

    def can_read(self) -> bool:
        return self.ready > self.given

    def read(self) -> dict[int, SimpleNamespace]:
        self.given += 1
        reason = SimpleNamespace(name="LENGTH" if self.given == self.limit else "NONE")
        return {0: SimpleNamespace(generated_ids=[self.given], generated_log_probs=[-1.0], finish_reason=reason)}

    def stop(self) -> None:
        self.status = "CANCEL"


class Pipeline:
    """Steps all running requests at once and keeps how many tokens each step read or wrote."""

    def __init__(self, before_step: Callable[[], None]) -> None:
        self.before_step = before_step
        self.handles: list[Handle] = []
        self.rows: list[int] = []

    def add_request(self, number: int, tokens: Any, limit: int) -> Handle:
        assert number > 0
        self.handles.append(Handle(tokens.shape[1], limit))
        return self.handles[-1]

    def step(self) -> None:
        self.before_step()
        running = [handle for handle in self.handles if handle.status == "RUNNING"]
        self.rows.append(sum(1 if handle.ready else handle.tokens for handle in running))
        for handle in running:
            handle.ready += 1
            handle.status = "FINISHED" if handle.ready == handle.limit else "RUNNING"


def tokens(length: int) -> Any:
    return np.zeros((1, length), np.int64)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader on a busy machine is waited for."""
    monkeypatch.setattr(stepping, "HANDOVER", 30.0)


@pytest.fixture
def stepper_of() -> Iterator[Callable[[Pipeline], Stepper]]:
    """Steppers on a pipeline of ours, closed at the end."""
    made: list[Stepper] = []

    def stepper(pipeline: Pipeline) -> Stepper:
        made.append(Stepper(lambda: pipeline, lambda length: (tokens(length), 1000)))
        return made[-1]

    yield stepper
    for one in made:
        one.close()


def read(stream: Stream) -> int:
    """Read it to the end; the number of pieces."""
    number = 0
    while (piece := stream.read(30.0)) is not None:
        number += 1
        if piece.finish:
            return number
    raise AssertionError("nothing came")


@pytest.mark.usefixtures("patience")
def test_the_second_step_waits_until_the_first_token_was_taken(stepper_of: Callable[[Pipeline], Stepper]) -> None:
    untaken: list[int] = []
    streams: list[Stream] = []
    pipeline = Pipeline(lambda: untaken.append(sum(stream.pieces.qsize() for stream in streams)))
    stepper = stepper_of(pipeline)
    streams += [stepper.submit(tokens(5), 20)]
    assert streams[0].read(30.0)
    assert read(streams[0]) == 19
    assert untaken[:2] == [0, 0]


def test_one_who_does_not_read_stops_nobody(stepper_of: Callable[[Pipeline], Stepper]) -> None:
    stepper = stepper_of(Pipeline(lambda: None))
    stepper.submit(tokens(5), 100)
    assert read(stepper.submit(tokens(5), 10)) == 10


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("length", [1, 8, 205, 206])
def test_a_lone_prompt_is_read_in_even_rows(stepper_of: Callable[[Pipeline], Stepper], length: int) -> None:
    pipeline = Pipeline(lambda: None)
    stepper = stepper_of(pipeline)
    for _ in range(2):  # the companion of the first must not sit beside the second
        before = len(pipeline.rows)
        assert read(stepper.submit(tokens(length), 3)) == 3
        assert pipeline.rows[before] % ROWS == 0
        assert length < pipeline.rows[before] <= length + ROWS
        assert set(pipeline.rows[before + 1 : before + 3]) == {2}
