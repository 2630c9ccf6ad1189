"""The GAN learns every mode, keeps to conditions, and its penalties are what their formula says; for every rank."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Segment, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.gan.distance import energy_distance
from castalia.families.gan.family import GanFamily
from castalia.families.gan.losses import gradient_penalty, pairing_loss
from castalia.families.gan.options import GanOptions, GanSamplingOptions
from castalia.training.averaging import Average
from castalia.training.budget import rate_at


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def made(layout, data, conditions=None, size="tiny", **options):
    family = GanFamily()
    config = family.derive(layout, conditions, size, GanOptions(**options), data)
    learner = family.build(layout, conditions, config)
    learner.prepare()
    return learner, config["batch"]


def trained(learner, batch, steps, data, conditions=None, known=None):
    """Steps as the trainer does them, ending in the averaged weights."""
    rng = np.random.default_rng(0)
    average = Average(learner)
    learner.train()
    for index in range(steps):
        chosen = rng.integers(0, len(data), batch)
        items = [None if one is None else torch.from_numpy(one[chosen]) for one in (conditions, known)]
        step = Step(index, index / steps, rate_at(index, index / steps))
        learner.training_step(Batch(torch.from_numpy(data[chosen]), *items), step)
        average.update(index)
    learner.load_state_dict(average.values, strict=False)
    return learner.eval()


def draw(learner, count, conditions=None, known=None, seed=0, temperature=1.0):
    options = GanSamplingOptions(temperature=temperature)
    arrays = [None if one is None else torch.from_numpy(one) for one in (conditions, known)]
    return learner.sample(count, *arrays, torch.Generator().manual_seed(seed), options).numpy()


SHAPES = [(5,), (2, 37), (3, 9, 12), (1, 2, 4, 6)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rank_learns_and_samples(shape):
    rng = np.random.default_rng(0)
    pattern = 0.8 * np.sign(rng.standard_normal(shape))
    data = np.tanh(pattern + 0.3 * rng.standard_normal((64, *shape))).astype(np.float32)
    learner, _ = made(Continuous(shape=shape, bounded=len(shape) > 1), data, rate=2e-3)
    items = Batch(torch.from_numpy(data))
    before = learner.eval().held_out_loss(items, torch.Generator().manual_seed(0))
    trained(learner, 32, 120 if len(shape) == 1 else 25, data)
    assert learner.held_out_loss(items, torch.Generator().manual_seed(0)) < 0.7 * before
    first = draw(learner, 7)
    assert first.shape == (7, *shape)
    assert np.isfinite(first).all()
    assert len(shape) == 1 or np.abs(first).max() <= 1.0
    assert np.array_equal(first, draw(learner, 7)), "the same seed"
    assert not np.array_equal(first, draw(learner, 7, seed=1)), "another seed"


@pytest.mark.parametrize("shape", SHAPES[:3])  # films are not learnt in bfloat16 on processors
def test_bfloat16_leaves_the_penalties_in_float32(shape):
    data = np.tanh(np.random.default_rng(0).standard_normal((32, *shape))).astype(np.float32)
    batch = Batch(torch.from_numpy(data))

    def autocast():
        return torch.autocast("cpu", dtype=torch.bfloat16)

    learner, _ = made(Continuous(shape=shape, bounded=True), data, penalty_every=2)
    if len(shape) == 3:
        learner = learner.to(memory_format=torch.channels_last)
    types = set()
    learner.critic.projection.plain.register_forward_hook(
        lambda _, inputs, output: types.add((output.dtype, inputs[0].requires_grad))
    )
    for index in range(2):
        assert all(np.isfinite(list(learner.training_step(batch, Step(index, 0.5, 0.1, autocast)).values())))
    assert (torch.float32, True) in types
    assert (torch.bfloat16, True) in types
    assert {one.dtype for one in learner.parameters()} == {torch.float32}


def test_penalties_equal_a_reference_gradient():
    """Against D(x) = sum tanh(W x)^2, whose gradient is known, and against the derivative of the penalty itself."""
    torch.set_default_dtype(torch.float64)
    try:
        weight = torch.randn(4, 3, requires_grad=True)
        items = torch.randn(6, 3, requires_grad=True)

        def critic(x):
            return torch.tanh(x @ weight.T).square().sum(dim=1)

        penalty = gradient_penalty(critic(items), items)
        hidden = torch.tanh(items @ weight.T)
        gradient = (2 * hidden * (1 - hidden.square())) @ weight
        assert torch.allclose(penalty, gradient.square().sum(dim=1))
        (slope,) = torch.autograd.grad(penalty.sum(), weight)
        (reference,) = torch.autograd.grad(gradient.square().sum(), weight)
        assert torch.allclose(slope, reference)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_critic_judges_each_item_alone(shape):
    """Else the gradient of the sum of logits would not be each item's own."""
    data = np.random.default_rng(0).standard_normal((8, *shape)).astype(np.float32)
    learner, _ = made(Continuous(shape=shape), data)
    items = learner.seen(torch.from_numpy(data))
    context = torch.zeros(8, 0)
    together = learner.critic(items, context)
    alone = torch.cat([learner.critic(items[i : i + 1], context[:1]) for i in range(8)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_the_loss_compares_pairs():
    high, low = torch.tensor([3.0, 2.0]), torch.tensor([-1.0, 2.0])
    expected = (np.log1p(np.exp(-4.0)) + np.log(2.0)) / 2
    assert float(pairing_loss(high, low)) == pytest.approx(expected)
    assert pairing_loss(low, high) > pairing_loss(high, low)


def test_the_held_out_figure_tells_collapse_and_repeats():
    rng = np.random.default_rng(0)
    real, other, far = (torch.from_numpy(rng.standard_normal((400, 3)) + shift) for shift in (0.0, 0.0, 1.0))
    good = float(energy_distance(real, other))
    assert abs(good) < 0.02
    assert float(energy_distance(real, far)) > 0.3
    assert float(energy_distance(real, other[:1].expand(400, 3))) > 0.3
    data = real.float().numpy()
    learner, _ = made(Continuous(shape=(3,)), data)
    state = torch.get_rng_state()
    losses = {learner.held_out_loss(Batch(torch.from_numpy(data)), torch.Generator().manual_seed(0)) for _ in range(2)}
    assert len(losses) == 1
    assert torch.equal(state, torch.get_rng_state())


def test_all_modes_of_a_grid_are_found():
    """25 narrow Gaussians: the classic test of mode collapse."""
    rng = np.random.default_rng(0)
    mode = rng.integers(0, 25, 4000)
    centres = np.stack([mode // 5 - 2, mode % 5 - 2], axis=1)
    data = ((centres + 0.05 * rng.standard_normal((4000, 2))) / np.sqrt(2.0)).astype(np.float32)
    learner, batch = made(Continuous(shape=(2,)), data)
    trained(learner, batch, 600, data)
    drawn = draw(learner, 2500) * np.sqrt(2.0)
    near = np.rint(drawn)
    hit = (np.abs(near) <= 2).all(axis=1) & (np.linalg.norm(drawn - near, axis=1) < 0.28)
    counts = np.bincount(((near[hit] + 2) @ [5, 1]).astype(int), minlength=25)
    assert (counts >= 5).all(), "of 100 each: none is given up"
    assert counts.max() <= 200, "none takes the place of others"
    assert hit.mean() > 0.3, "a uniform square, without modes, would reach .25"


ROWS = Continuous(
    shape=(5,),
    segments=(
        Segment(name="money", kind="real", start=0, width=1),
        Segment(name="kind", kind="categorical", start=1, width=3),
        Segment(name="score", kind="real", start=4, width=1),
    ),
)
KIND = Conditions(
    groups=(
        Segment(name="kind", kind="categorical", start=0, width=3),
        Segment(name="score", kind="real", start=3, width=1),
    )
)


@pytest.fixture(scope="module")
def rows():
    """Half of all money is exactly zero; its level hangs on the kind, the score on the money."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 2000)
    money = np.where(rng.random(2000) < 0.5, 0.0, (kind - 1) + 0.2 * rng.standard_normal(2000))
    score = 0.8 * money + 0.3 * rng.standard_normal(2000)
    data = np.concatenate([money[:, None], np.eye(3)[kind], score[:, None]], axis=1).astype(np.float32)
    return data, np.concatenate([np.eye(3)[kind], score[:, None]], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def rows_learner(rows):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data, conditions = rows
    learner, batch = made(ROWS, data, KIND)
    return trained(learner, batch, 500, data, conditions, np.ones((2000, 2), dtype=bool))


def test_rows_keep_atoms_categories_and_dependence(rows, rows_learner):
    real, drawn = rows[0], draw(rows_learner, 2000)
    assert abs(np.mean(drawn[:, 0] == 0.0) - 0.5) < 0.1
    assert np.array_equal(np.unique(drawn[:, 1:4]), [0.0, 1.0])
    assert np.array_equal(drawn[:, 1:4].sum(axis=1), np.ones(2000))
    assert np.abs(drawn[:, 1:4].mean(axis=0) - 1 / 3).max() < 0.12
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 4])[0, 1] - np.corrcoef(real[:, 0], real[:, 4])[0, 1]) < 0.25
    assert abs(drawn[:, 4].std() - real[:, 4].std()) < 0.15
    assert real[:, 0].min() <= drawn[:, 0].min()
    assert drawn[:, 0].max() <= real[:, 0].max()


def test_any_subset_of_conditions_can_be_asked_for(rows_learner):
    kind = np.zeros((500, 4), dtype=np.float32)
    kind[:, 2] = 1.0
    only_kind = np.tile([True, False], (500, 1))
    drawn = draw(rows_learner, 500, kind, only_kind)
    assert np.mean(drawn[:, 3] == 1.0) > 0.8
    assert drawn[drawn[:, 0] != 0, 0].mean() > 0.6
    score = np.zeros((500, 4), dtype=np.float32)
    score[:, 3] = 1.2
    drawn = draw(rows_learner, 500, score, ~only_kind)
    assert abs(np.median(drawn[:, 4]) - 1.2) < 0.4
    assert drawn[:, 0].mean() > 0.4


def test_temperature_narrows_what_is_drawn(rows_learner):
    spreads = [draw(rows_learner, 500, temperature=temperature)[:, 4].std() for temperature in (0.0, 0.5, 1.0)]
    assert spreads[0] < 1e-4
    assert spreads[1] < spreads[2]


def test_digits_are_recognised_after_a_short_training():
    digits = load_digits()
    data = (digits.images[:, None] / 8.0 - 1.0).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)
    conditions = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))
    known = np.ones((len(data), 1), dtype=bool)
    learner, batch = made(Continuous(shape=(1, 8, 8), bounded=True), data, conditions)
    trained(learner, batch, 250, data, labels[digits.target], known)
    wanted = np.arange(200) % 10
    drawn = draw(learner, 200, labels[wanted], np.ones((200, 1), dtype=bool))
    judge = SVC(gamma=0.05).fit(data.reshape(-1, 64), digits.target)
    assert np.mean(judge.predict(drawn.reshape(-1, 64)) == wanted) > 0.85
    assert 0.8 < drawn.std() / data.std() < 1.2, "neither faint nor blown up"
    flat = drawn.reshape(200, -1)
    gaps = np.linalg.norm(flat[:, None] - flat[None], axis=2)[~np.eye(200, dtype=bool)]
    assert gaps.min() > 0.1, "no two alike"
    real_gap, made_gap = (
        np.linalg.norm(one[::2] - one[1::2], axis=1).mean() for one in (data[:200].reshape(200, -1), flat)
    )
    assert made_gap > 0.75 * real_gap, "as varied as the data"


def test_made_items_are_asked_to_show_their_conditions():
    """The generator's step descends on what the critic's features miss of the conditions, and on nothing else's."""
    data = np.tanh(np.random.default_rng(0).standard_normal((32, 1, 8, 8))).astype(np.float32)
    conditions = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=4),))
    labels = torch.eye(4)[torch.arange(32) % 4]
    batch = Batch(torch.from_numpy(data), labels, torch.ones(32, 1, dtype=torch.bool))
    learner, _ = made(Continuous(shape=(1, 8, 8), bounded=True), data, conditions)
    told = [learner.training_step(batch, Step(index, 0.5, 0.5)) for index in range(40)]
    assert told[0]["unread_made"] > 1.0, "about log 4 before anything is learnt, times the share that is asked for"
    assert np.mean([one["unread_made"] for one in told[-5:]]) < 0.5
    assert all(one.requires_grad for one in learner.reader.parameters())


def test_models_from_before_keep_their_networks():
    """Fields that came later have defaults that leave what was there as it was."""
    data, layout = np.zeros((64, 1, 28, 28), dtype=np.float32), Continuous(shape=(1, 28, 28), bounded=True)
    conditions = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))
    config = GanFamily().derive(layout, conditions, "tiny", GanOptions(), data)
    before = {name: value for name, value in config.items() if name not in {"distinct", "reading", "fine"}}
    names = set(GanFamily().build(layout, conditions, before).served_state())
    assert "generator.up.head.2.weight" in names
    assert not any(name.startswith("generator.up.fine") for name in names)


def test_tokens_are_refused():
    with pytest.raises(BadRequest, match="continuous"):
        GanFamily().derive(Tokens(vocabulary=5, length=4), None, "tiny", GanOptions(), np.zeros((4, 4)))
