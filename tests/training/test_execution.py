"""How a step is computed: what is tried, what is kept, and networks that are compiled."""

import copy
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from castalia.core.representation import Continuous
from castalia.families.contract import Batch, Step
from castalia.families.vae.family import VaeFamily
from castalia.families.vae.options import VaeOptions
from castalia.training import execution
from castalia.training.execution import LONG, Execution, copies, measured


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def learner():
    torch.manual_seed(0)
    layout = Continuous(shape=(1, 8, 8), bounded=True)
    family = VaeFamily()
    config = family.derive(layout, None, "tiny", VaeOptions(), np.zeros((64, 1, 8, 8), np.float32))
    return family.build(layout, None, config)


@pytest.fixture
def batch():
    return Batch(torch.rand(16, 1, 8, 8) * 2 - 1)


def tried(monkeypatch, learner, batch, whole, seconds=lambda one: 1.0):
    seen: list[Execution] = []

    def step_time(made, shown, one, share):
        seen.append(one)
        return seconds(one)

    monkeypatch.setattr(execution, "_step_time", step_time)
    return measured(copies(learner), batch, 1, 1.0, whole), seen


def test_networks_are_compiled_only_on_cuda_where_the_training_is_long(monkeypatch, learner, batch):
    monkeypatch.setattr(execution, "_device", lambda: "cuda")
    monkeypatch.setattr(execution, "_fast_bfloat16", lambda device: False)
    _, seen = tried(monkeypatch, learner, batch, LONG - 1)
    assert not any(one.compiled for one in seen)
    kept, seen = tried(monkeypatch, learner, batch, LONG, lambda one: 0.9 if one.compiled else 1.0)
    assert seen[-1].compiled
    assert kept.compiled
    kept, _ = tried(monkeypatch, learner, batch, LONG, lambda one: 0.97 if one.compiled else 1.0)
    assert not kept.compiled, "a gain within the noise is none"


def test_on_a_processor_nothing_is_compiled(monkeypatch, learner, batch):
    monkeypatch.setattr(execution, "_device", lambda: "cpu")
    _, seen = tried(monkeypatch, learner, batch, 100 * LONG)
    assert not any(one.compiled for one in seen)


def test_films_are_not_learnt_in_bfloat16_on_a_processor(monkeypatch, learner, batch):
    monkeypatch.setattr(execution, "_device", lambda: "cpu")
    monkeypatch.setattr(execution, "_fast_bfloat16", lambda device: True)
    _, seen = tried(monkeypatch, learner, batch, 1.0)
    assert seen[-1].bfloat16
    _, seen = tried(monkeypatch, learner, Batch(torch.rand(2, 3, 4, 8, 8)), 1.0)
    assert not any(one.bfloat16 for one in seen)


def test_a_compiler_that_fails_is_no_error(monkeypatch, learner, batch):
    def fails(self: nn.Module) -> None:
        def forward(*_: object) -> None:
            raise RuntimeError("no headers")

        self.forward = forward  # pyright: ignore[reportAttributeAccessIssue]

    monkeypatch.setattr(nn.Module, "compile", fails)
    assert execution._step_time(copy.deepcopy(learner), batch, Execution(compiled=True), 0.1) == float("inf")
    ran = Execution(compiled=True).apply(copy.deepcopy(learner))
    ran.prepare()
    with pytest.raises(RuntimeError, match="no headers"):
        ran.training_step(batch, Step(0, 0.0, 1.0))


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch's own tracing
def test_compiled_networks_learn_the_same(monkeypatch, learner, batch):
    plain = nn.Module.compile
    calls: list[str] = []

    def traced(self: nn.Module) -> None:
        calls.append(type(self).__name__)
        cast("object", plain(self, backend="eager"))

    monkeypatch.setattr(nn.Module, "compile", traced)

    def losses(one: Execution) -> list[float]:
        torch.manual_seed(1)
        ran = one.apply(copy.deepcopy(learner))
        ran.prepare()
        ran.train()
        return [ran.training_step(batch, Step(index, index / 5, 1.0))["loss"] for index in range(5)]

    expected = losses(Execution())
    assert not calls
    assert losses(Execution(compiled=True)) == pytest.approx(expected, rel=1e-4)
    assert len(calls) == len(list(learner.children()))


def test_what_was_found_is_kept_as_plain_data():
    found = Execution(threads=2, compiled=True)
    assert Execution(**found.as_dict()) == found
    assert found.told() == "computing on cpu with 2 threads in float32, compiled"
    assert Execution(bfloat16=True).told() == "computing on cpu with 1 thread in bfloat16"
