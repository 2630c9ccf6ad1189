"""Where noise goes: shifted times, what passes by the network, films as planes, captions that are blurred."""

import numpy as np
import pytest
import torch

from castalia.core.representation import Conditions, Continuous, Segment
from castalia.families.contract import Batch, Step
from castalia.families.diffusion.family import DiffusionFamily
from castalia.families.diffusion.grids import GridConfig
from castalia.families.diffusion.options import DiffusionOptions
from castalia.families.diffusion.paths import FlowPath
from castalia.families.diffusion.solvers import paced_times
from castalia.families.nets.conditions import BLUR, ConditionEncoder


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def derived(shape, **options):
    layout = Continuous(shape=shape, bounded=True)
    data = np.random.default_rng(0).uniform(-1, 1, (8, *shape)).astype(np.float32)
    config = DiffusionFamily().derive(layout, None, "tiny", DiffusionOptions(**options), data)
    return layout, config


def test_a_shift_multiplies_the_noise_of_every_time():
    uniform = torch.linspace(0.01, 0.99, 50)
    plain, shifted = FlowPath().times(uniform), FlowPath(3.0).times(uniform)
    torch.testing.assert_close((1 - shifted) / shifted, 3.0 * (1 - plain) / plain, rtol=1e-4, atol=1e-4)


def test_a_shifted_sampling_goes_all_the_way_in_growing_steps():
    times = paced_times(FlowPath(3.0), 0.0, 10)
    assert times[0] == 0.0
    assert times[-1] == 1.0
    steps = np.diff(times)
    assert (np.diff(steps) > 0).all()
    assert paced_times(FlowPath(), 0.5, 2) == [0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("shape", "shift"), [((1, 28, 28), 1.0), ((3, 32, 32), 1.0), ((3, 64, 64), 1.98), ((80, 128), 5.06)]
)
def test_larger_items_are_shifted(shape, shift):
    assert derived(shape)[1]["shift"] == shift
    assert derived(shape, shift=5.0)[1]["shift"] == 5.0


def test_what_comes_in_passes_on_times_a_factor_of_the_context():
    layout, config = derived((3, 16, 16))
    learner = DiffusionFamily().build(layout, None, config)
    body = learner.net.body
    x, times, nothing = torch.randn(2, 3, 16, 16), torch.tensor([0.2, 0.8]), torch.zeros(2, 0)
    assert not learner.net(x, times, nothing).any(), "nothing at first"
    with torch.no_grad():
        body.passing.bias.fill_(0.5)
    torch.testing.assert_close(learner.net(x, times, nothing), 0.5 * x)


def test_models_from_before_have_nothing_that_passes():
    layout, config = derived((3, 16, 16))
    old = {name: value for name, value in config.items() if name not in {"passing", "fold", "shift"}}
    learner = DiffusionFamily().build(layout, None, old)
    assert not any("passing" in name for name in learner.state_dict())
    known = GridConfig.model_validate(old)
    assert (known.shift, known.fold, known.passing) == (1.0, False, False)


def test_frames_are_channels_of_a_plane():
    layout, config = derived((3, 8, 16, 16))
    assert config["fold"] is True
    assert all(len(level) == 2 for level in config["levels"])
    learner = DiffusionFamily().build(layout, None, config)
    drawn = learner.sample(2, None, None, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 3, 8, 16, 16)
    axis = derived((3, 8, 16, 16), fold=False)[1]
    assert all(len(level) == 3 for level in axis["levels"])


def test_vectors_are_blurred_in_training_only():
    groups = (
        Segment(name="label", kind="categorical", start=0, width=3),
        Segment(name="caption", kind="real", start=3, width=64),
    )
    encoder = ConditionEncoder(Conditions(groups=groups), 16)
    encoder.net = torch.nn.Linear(69, 69)
    torch.nn.init.eye_(encoder.net.weight)
    torch.nn.init.zeros_(encoder.net.bias)
    rows, known = torch.zeros(500, 67), torch.ones(500, 2, dtype=torch.bool)
    encoder.requires_grad_(requires_grad=False)
    assert not encoder.eval()(500, rows, known)[:, :67].any()
    blurred = encoder.train()(500, rows, known)
    assert not blurred[:, :3].any()
    assert float(blurred[:, 3:67].std()) == pytest.approx(BLUR, rel=0.05)
    hidden = encoder(500, rows, torch.zeros(500, 2, dtype=torch.bool))
    assert not hidden.any(), "what is unknown stays nothing"


def test_kernels_are_left_to_muon_when_it_is_asked_for():
    layout, config = derived((3, 16, 16), muon=0.02)
    learner = DiffusionFamily().build(layout, None, config)
    learner.prepare()
    inner = learner.optimisers["muon"].param_groups[0]["params"]
    rest = [one for group in learner.optimisers["main"].param_groups for one in group["params"]]
    assert {one.ndim for one in inner} == {2, 4}
    assert {id(one) for one in (*inner, *rest)} == {id(one) for one in learner.parameters()}
    assert len(inner) + len(rest) == len(list(learner.parameters()))
    data = torch.rand(32, 3, 16, 16) * 2 - 1
    losses = [learner.training_step(Batch(data), Step(index, index / 30, 1.0))["loss"] for index in range(30)]
    assert losses[-1] < 0.8 * losses[0]
    assert derived((3, 16, 16))[1]["muon"] is None
