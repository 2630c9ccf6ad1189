"""The networks that families share do what their formulas say."""

import math

import pytest
import torch

from castalia.core.representation import Conditions, Segment
from castalia.families.nets.columns import Column, ColumnNet
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.convolution import depth_to_space, patch_factor, resolutions, space_to_depth
from castalia.families.nets.flow import ConditionalFlow
from castalia.families.nets.grids import GridDecoder, GridSizes
from castalia.families.nets.reading import Reader
from castalia.families.nets.wavelet import haar_bands

MIXED = [
    Column(kind="real", start=0, atoms=[0.0], low=-3.0, high=3.0),
    Column(kind="categorical", start=1, width=3),
    Column(kind="real", start=4),
    Column(kind="categorical", start=5, width=2),
]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomised(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return module.requires_grad_(False).eval()


def test_flow_density_is_that_of_its_samples():
    flow = randomised(ConditionalFlow(5, 2, 16, 4))
    noise, context = torch.randn(3, 5), torch.randn(3, 2)
    z = flow.transform(noise, context)
    normal = -0.5 * noise.square().sum(dim=1) - 2.5 * math.log(2 * math.pi)
    for row in range(3):
        only = context[row : row + 1]
        jacobian = torch.autograd.functional.jacobian(
            lambda one, c=only: flow.transform(one, c)[0], noise[row : row + 1]
        )
        log_det = torch.linalg.slogdet(jacobian[:, 0]).logabsdet
        assert flow.log_prob(z, context)[row] == pytest.approx(float(normal[row] - log_det), abs=1e-3)


@pytest.mark.parametrize("shape", [(3, 9), (1, 8, 8), (2, 7, 12), (1, 4, 6, 5)])
def test_haar_bands_keep_all_numbers_and_the_energy(shape):
    x = torch.randn(2, *shape)
    bands = haar_bands(x, 2)
    assert sum(band.numel() for band in bands) == x.numel()
    odd = any(length % 2 for length in shape[1:])
    energy = sum(float(band.square().sum()) for band in bands)
    assert odd or energy == pytest.approx(float(x.square().sum()), rel=1e-4)


@pytest.mark.parametrize("shape", [(3, 8), (3, 8, 12), (2, 4, 8, 6)])
def test_space_to_depth_has_an_inverse(shape):
    x = torch.randn(2, *shape)
    folded = space_to_depth(x, 2)
    assert folded.shape[1] == shape[0] * 2 ** (len(shape) - 1)
    assert torch.equal(depth_to_space(folded, 2), x)


def test_resolutions_halve_long_axes_only():
    assert resolutions((28, 28)) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert resolutions((3, 16)) == [(3, 16), (3, 8), (3, 4)]
    assert patch_factor((8, 8)) == 2
    assert patch_factor((28, 28)) == 4
    assert patch_factor((6, 8)) == 1
    assert patch_factor((33, 64)) == 1


def rows(count):
    first = torch.randn(count, 1).clamp(-2.9, 2.9)
    first[::3] = 0.0
    category = torch.nn.functional.one_hot(torch.randint(3, (count,)), 3).float()
    flag = torch.nn.functional.one_hot(torch.randint(2, (count,)), 2).float()
    return torch.cat([first, category, torch.randn(count, 1), flag], dim=1)


def test_a_column_never_sees_itself_or_later_ones():
    net = randomised(ColumnNet(MIXED, 2, 32, 2, 3, 0.0))
    x, context = rows(1), torch.randn(1, 2)
    real = torch.tensor([0, 2]).repeat_interleave(3).repeat(3)
    owner_of_output = torch.cat([net.choices.owners, real])
    for entry, owner in enumerate([0, 1, 1, 1, 2, 3, 3]):
        changed = x.clone()
        changed[0, entry] += 0.5
        moved = (net(changed, context) != net(x, context))[0]
        assert not moved[owner_of_output <= owner].any()
        assert moved.any() == (owner < 3)


def test_column_probabilities_add_up_to_one():
    net = randomised(ColumnNet(MIXED[:2], 1, 32, 1, 3, 0.0))
    grid = torch.linspace(-30, 30, 60001)
    grid = grid[grid.abs() > 1e-6]
    total = 0.0
    for category in torch.eye(3):
        x = torch.cat([grid[:, None], category.expand(len(grid), 3)], dim=1)
        total += float(net.log_prob(x, torch.zeros(len(grid), 1)).exp().sum()) * 1e-3
        atom = torch.cat([torch.zeros(1), category])[None]
        total += float(net.log_prob(atom, torch.zeros(1, 1)).exp())
    assert total == pytest.approx(1.0, abs=1e-2)


def test_drawn_rows_follow_the_density():
    net = randomised(ColumnNet(MIXED, 1, 32, 1, 3, 0.0))
    context = torch.zeros(20000, 1)
    with torch.no_grad():
        drawn = net.draw(context, torch.Generator().manual_seed(0), 1.0)
        share = torch.softmax(net(drawn[:1], context[:1])[0, net.choices.slices[0]], dim=0)[0]
    assert float((drawn[:, 0] == 0.0).float().mean()) == pytest.approx(float(share), abs=0.02)
    assert torch.equal(drawn[:, 1:4].sum(dim=1), torch.ones(20000))
    again = net.draw(context, torch.Generator().manual_seed(0), 1.0)
    assert torch.equal(drawn, again)


GROUPS = Conditions(
    groups=(Segment(name="a", kind="categorical", start=0, width=3), Segment(name="b", kind="real", start=3, width=1))
)


def test_unknown_conditions_are_not_seen():
    encoder = ConditionEncoder(GROUPS, 8)
    known = torch.tensor([[True, False]])
    one, other = torch.tensor([[1.0, 0, 0, 5]]), torch.tensor([[1.0, 0, 0, -2]])
    assert torch.equal(encoder(1, one, known), encoder(1, other, known))
    assert not torch.equal(encoder(1, one, ~known), encoder(1, other, ~known))
    assert torch.equal(encoder(1, one, torch.zeros_like(known)), encoder(1, None, None))
    assert ConditionEncoder(None, 8)(4, None, None).shape == (4, 0)


def test_hidden_groups_cover_every_subset_and_reveal_nothing_unknown():
    known = torch.ones(4000, 2, dtype=torch.bool)
    known[0] = torch.tensor([True, False])
    kept = hide_groups(known)
    assert not (kept & ~known).any()
    subsets, counts = torch.unique(kept, dim=0, return_counts=True)
    assert len(subsets) == 4
    assert counts.min() > 200
    single = hide_groups(torch.ones(4000, 1, dtype=torch.bool))
    assert 0.8 < float(single.float().mean()) < 0.9


def test_distinct_embeddings_differ_as_much_as_noise_does():
    group = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))
    classes, known = torch.eye(10), torch.ones(10, 1, dtype=torch.bool)
    gaps = [
        float(torch.pdist(ConditionEncoder(group, 32, distinct)(10, classes, known)).detach().median())
        for distinct in (False, True)
    ]
    assert gaps[1] > 0.5 * math.sqrt(2.0 * 32), "two noise vectors of 32 numbers lie sqrt(64) apart"
    assert gaps[0] < 0.2 * gaps[1]


def test_a_reader_tells_densities_of_each_group():
    reader = randomised(Reader(GROUPS, 6))
    features = torch.randn(1, 6)
    told = reader.net(features)[0]
    for group, column in zip(GROUPS.groups, range(len(GROUPS.groups)), strict=True):
        part = told[group.start : group.stop]
        if group.kind == "categorical":
            wanted = torch.zeros(group.width, GROUPS.width)
            wanted[:, group.start : group.stop] = torch.eye(group.width)
            shares = reader(features.expand(group.width, -1), wanted)[:, column].exp()
            assert torch.allclose(shares, part.softmax(dim=0), atol=1e-5)
        else:
            wanted = torch.randn(1, GROUPS.width)
            scale = reader.log_scales[column].exp()
            expected = torch.distributions.Normal(part, scale).log_prob(wanted[0, group.start : group.stop]).sum()
            assert float(reader(features, wanted)[0, column]) == pytest.approx(float(expected), abs=1e-4)


def test_what_is_not_known_is_not_read():
    reader = randomised(Reader(GROUPS, 6))
    features, conditions = torch.randn(5, 6), torch.randn(5, GROUPS.width)
    none, some = torch.zeros(5, len(GROUPS.groups), dtype=torch.bool), torch.zeros(5, len(GROUPS.groups)).bool()
    some[:, 0] = True
    assert float(reader.loss(features, conditions, none)) == 0.0
    first = GROUPS.groups[0]
    other = conditions.clone()
    other[:, first.stop :] += 1.0
    assert torch.equal(reader.loss(features, conditions, some), reader.loss(features, other, some))


def test_a_fine_decoder_lets_neighbouring_blocks_meet():
    """A change of one place before the last level reaches beyond its own block only when blocks are joined."""
    reach = []
    for fine in (0, 8):
        sizes = GridSizes(1, 4, ((2, 2),), (8,), 0, 3, 0.0, fine)
        decoder = randomised(GridDecoder(sizes, 0, bounded=False))
        told = decoder.up.head(torch.zeros(1, 8, 2, 2))
        changed = told.clone()
        changed[..., 0, 0] += 1.0
        shown = [depth_to_space(one, 4) for one in (told, changed)]
        if decoder.up.fine is not None:
            shown = [decoder.up.fine(one) for one in shown]
        reach.append(int(((shown[0] - shown[1]).abs() > 1e-6).sum()))
    assert reach == [16, 25]
