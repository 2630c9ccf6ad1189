"""What a caption alone says of an item, and how a network is given it."""

import numpy as np
import pytest
import torch

from castalia.core.representation import Conditions, Continuous, Segment
from castalia.families.contract import Batch, Step
from castalia.families.diffusion.family import DiffusionFamily
from castalia.families.diffusion.options import DiffusionOptions
from castalia.families.nets.drafts import MOST, Draft, coarse_space

CAPTION = Conditions(groups=(Segment(name="caption", kind="real", start=0, width=64),))
CLASS = Conditions(groups=(Segment(name="label", kind="categorical", start=0, width=10),))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def built(shape, conditions, **options):
    layout = Continuous(shape=shape)
    data = np.random.default_rng(0).standard_normal((8, *shape)).astype(np.float32)
    family = DiffusionFamily()
    config = family.derive(layout, conditions, "tiny", DiffusionOptions(**options), data)
    return config, family.build(layout, conditions, config)


@pytest.mark.parametrize(
    ("channels", "space", "coarse"),
    [
        (3, (32, 32), (32, 32)),
        (3, (64, 64), (32, 32)),
        (24, (8, 8), (8, 8)),
        (80, (127,), (32,)),
        (1, (8192,), (4096,)),
    ],
)
def test_large_items_are_drafted_coarsely(channels, space, coarse):
    assert coarse_space(channels, space) == coarse
    draft = Draft(16, 8, channels, space)
    condition = torch.randn(2, 16)
    assert draft(condition).shape == (2, channels, *coarse)
    assert draft.eval().given(condition).shape == (2, channels, *space)
    assert draft.loss(condition, torch.zeros(2, channels, *space)).shape == (2,)


@pytest.mark.parametrize(("channels", "space"), [(3, (256, 256)), (80, (863,)), (3, (16, 63, 64)), (1, (1, 5001))])
def test_every_draft_is_bounded(channels, space):
    assert MOST / 16 < channels * np.prod(coarse_space(channels, space)) <= MOST


def test_a_draft_learns_what_goes_with_a_condition():
    draft = Draft(16, 64, 2, (4, 4))
    conditions, items = torch.randn(8, 16), torch.randn(8, 2, 4, 4)
    optimiser = torch.optim.AdamW(draft.parameters(), 1e-2)
    first = float(draft.loss(conditions, items).mean().detach())
    for _ in range(100):
        loss = draft.loss(conditions, items).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.05 * first
    kept = draft.train().given(conditions.repeat(50, 1)).flatten(1).abs().sum(dim=1) > 0
    assert 0.3 < float(kept.float().mean()) < 0.7, "some get none in training"
    assert torch.equal(draft.eval().given(conditions), draft(conditions).detach())


def test_drafts_are_made_for_captions_only():
    assert built((3, 16, 16), CAPTION)[0]["draft"] > 0
    assert built((3, 16, 16), CLASS)[0]["draft"] == 0
    assert built((3, 16, 16), None)[0]["draft"] == 0
    assert built((3, 16, 16), CAPTION, net="dit")[0]["draft"] == 0
    assert built((3, 16, 16), CAPTION, draft=False)[0]["draft"] == 0


def test_models_from_before_have_no_draft():
    config, _ = built((3, 16, 16), CAPTION)
    old = {name: value for name, value in config.items() if name != "draft"}
    state = DiffusionFamily().build(Continuous(shape=(3, 16, 16)), CAPTION, old).state_dict()
    assert not any("draft" in name for name in state)


@pytest.mark.parametrize(("shape", "options"), [((3, 16, 16), {}), ((2, 4, 8, 8), {"fold": True}), ((4, 32), {})])
def test_a_step_teaches_the_draft_and_the_network_and_drawing_uses_it(shape, options):
    _, learner = built(shape, CAPTION, **options)
    learner.prepare()
    batch = Batch(torch.randn(4, *shape), torch.randn(4, 64), torch.ones(4, 1, dtype=torch.bool))
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    for number in range(2):
        learner.training_step(batch, Step(number, 0.1, 1.0))
    moved = {name for name, value in learner.state_dict().items() if not torch.equal(value, before[name])}
    assert any("draft" in name for name in moved)
    assert any("stem" in name for name in moved)
    learner.eval()
    drawn = [
        learner.sample(2, one, torch.ones(2, 1, dtype=torch.bool), torch.Generator().manual_seed(0))
        for one in (batch.conditions[:2], batch.conditions[2:])
    ]
    assert drawn[0].shape == (2, *shape)
    assert not torch.equal(*drawn)
