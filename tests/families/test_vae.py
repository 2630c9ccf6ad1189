"""The VAE learns: better than independent numbers, faithful to conditions, for every rank of layout."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Segment, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.vae.family import VaeFamily
from castalia.families.vae.options import VaeOptions, VaeSamplingOptions
from castalia.training.budget import rate_at


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def made(layout, data, conditions=None, size="tiny", **options):
    family = VaeFamily()
    config = family.derive(layout, conditions, size, VaeOptions(**options), data)
    learner = family.build(layout, conditions, config)
    learner.prepare()
    return learner, config["batch"]


def trained(learner, batch, steps, data, conditions=None, known=None):
    rng = np.random.default_rng(0)
    learner.train()
    for index in range(steps):
        chosen = rng.integers(0, len(data), batch)
        items = [None if one is None else torch.from_numpy(one[chosen]) for one in (conditions, known)]
        step = Step(index, index / steps, rate_at(index, index / steps))
        learner.training_step(Batch(torch.from_numpy(data[chosen]), *items), step)
    return learner.eval()


def draw(learner, count, conditions=None, known=None, seed=0, **options):
    options = VaeSamplingOptions(**options)
    arrays = [None if one is None else torch.from_numpy(one) for one in (conditions, known)]
    return learner.sample(count, *arrays, torch.Generator().manual_seed(seed), options).numpy()


SHAPES = [(5,), (2, 37), (3, 9, 12), (1, 4, 8, 6)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rank_learns_and_samples(shape):
    rng = np.random.default_rng(0)
    data = np.tanh(rng.standard_normal((64, *shape))).astype(np.float32)
    learner, batch = made(Continuous(shape=shape, bounded=len(shape) > 1), data)
    items = Batch(torch.from_numpy(data))
    before = learner.eval().held_out_loss(items, torch.Generator().manual_seed(0))
    trained(learner, batch, 30, data)
    assert learner.held_out_loss(items, torch.Generator().manual_seed(0)) < before
    first = draw(learner, 7)
    assert first.shape == (7, *shape)
    assert np.isfinite(first).all()
    assert len(shape) == 1 or np.abs(first).max() <= 1.0
    assert np.array_equal(first, draw(learner, 7)), "the same seed"
    assert not np.array_equal(first, draw(learner, 7, seed=1)), "another seed"


@pytest.mark.parametrize("shape", SHAPES)
def test_bfloat16_reaches_the_same_loss(shape):
    data = np.tanh(np.random.default_rng(0).standard_normal((64, *shape))).astype(np.float32)
    batch = Batch(torch.from_numpy(data))
    losses = []
    for autocast in (nullcontext, lambda: torch.autocast("cpu", dtype=torch.bfloat16)):
        torch.manual_seed(0)
        learner, _ = made(Continuous(shape=shape), data)
        losses.append([learner.training_step(batch, Step(i, 0.5, 0.1, autocast))["loss"] for i in range(3)])
    assert losses[0] != losses[1]
    assert np.allclose(losses[0], losses[1], rtol=0.02, atol=0.02)


def test_held_out_loss_repeats_and_leaves_the_global_generator_alone():
    data = np.random.default_rng(0).standard_normal((64, 5)).astype(np.float32)
    learner, _ = made(Continuous(shape=(5,)), data)
    state = torch.get_rng_state()
    losses = {learner.held_out_loss(Batch(torch.from_numpy(data)), torch.Generator().manual_seed(0)) for _ in range(2)}
    assert len(losses) == 1
    assert torch.equal(state, torch.get_rng_state())


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


def mixed_rows(count, seed):
    """Half of all money is exactly zero; its level hangs on the kind, the score on the money."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, count)
    money = np.where(rng.random(count) < 0.5, 0.0, (kind - 1) + 0.2 * rng.standard_normal(count))
    score = 0.8 * money + 0.3 * rng.standard_normal(count)
    data = np.concatenate([money[:, None], np.eye(3)[kind], score[:, None]], axis=1).astype(np.float32)
    conditions = np.concatenate([np.eye(3)[kind], score[:, None]], axis=1).astype(np.float32)
    return data, conditions, np.ones((count, 2), dtype=bool)


@pytest.fixture(scope="module")
def rows_learner():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data, conditions, known = mixed_rows(2000, 0)
    learner, batch = made(ROWS, data, KIND, size="small")
    return trained(learner, batch, 500, data, conditions, known)


def test_rows_beat_independent_columns(rows_learner):
    """Independent columns, each with its true marginal, cost about 2.04 nats a row more than nothing known."""
    data, conditions, known = mixed_rows(2000, 1)
    batch = Batch(*(torch.from_numpy(one) for one in (data, conditions, known)))
    loss = 3 * rows_learner.held_out_loss(batch, torch.Generator().manual_seed(0))
    assert loss < independent_loss(data) - 0.5


def independent_loss(data):
    """Nats a row when each column is coded by a histogram of itself: a bound that no independent model betters."""
    money, kind, score = data[:, 0], data[:, 1:4].argmax(axis=1), data[:, 4]
    shares = np.bincount(kind) / len(kind)
    zero = np.mean(money == 0.0)
    atom = -(zero * np.log(zero) + (1 - zero) * np.log(1 - zero))
    return -(shares * np.log(shares)).sum() + atom + (1 - zero) * entropy(money[money != 0]) + entropy(score)


def entropy(values):
    counts, edges = np.histogram(values, bins=40)
    share = counts[counts > 0] / len(values)
    return float(-(share * np.log(share / np.diff(edges)[0])).sum())


def test_rows_keep_atoms_categories_and_dependence(rows_learner):
    real, *_ = mixed_rows(2000, 1)
    drawn = draw(rows_learner, 2000)
    assert abs(np.mean(drawn[:, 0] == 0.0) - 0.5) < 0.08
    assert np.array_equal(np.unique(drawn[:, 1:4]), [0.0, 1.0])
    assert np.array_equal(drawn[:, 1:4].sum(axis=1), np.ones(2000))
    assert np.abs(drawn[:, 1:4].mean(axis=0) - 1 / 3).max() < 0.08
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 4])[0, 1] - np.corrcoef(real[:, 0], real[:, 4])[0, 1]) < 0.15
    assert abs(drawn[:, 4].std() - real[:, 4].std()) < 0.1
    assert real[:, 0].min() - 0.5 < drawn[:, 0].min()


def test_any_subset_of_conditions_can_be_asked_for(rows_learner):
    kind = np.zeros((500, 4), dtype=np.float32)
    kind[:, 2] = 1.0
    only_kind = np.tile([True, False], (500, 1))
    drawn = draw(rows_learner, 500, kind, only_kind)
    assert np.mean(drawn[:, 3] == 1.0) > 0.8
    assert drawn[drawn[:, 0] != 0, 0].mean() > 0.7
    score = np.zeros((500, 4), dtype=np.float32)
    score[:, 3] = 1.2
    drawn = draw(rows_learner, 500, score, ~only_kind)
    assert abs(np.median(drawn[:, 4]) - 1.2) < 0.25
    assert drawn[:, 0].mean() > 0.5


def test_temperature_narrows_what_is_drawn(rows_learner):
    spreads = [draw(rows_learner, 500, temperature=temperature)[:, 4].std() for temperature in (0.0, 0.5, 1.0)]
    assert spreads[0] < spreads[1] < spreads[2]
    assert spreads[0] < 1e-4


def test_digits_are_recognised_after_a_short_training():
    digits = load_digits()
    data = (digits.images[:, None] / 8.0 - 1.0).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)
    conditions = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))
    known = np.ones((len(data), 1), dtype=bool)
    learner, batch = made(Continuous(shape=(1, 8, 8), bounded=True), data, conditions, size="tiny", rate=4e-3)
    trained(learner, batch, 200, data, labels[digits.target], known)
    wanted = np.arange(200) % 10
    drawn = draw(learner, 200, labels[wanted], np.ones((200, 1), dtype=bool))
    judge = SVC(gamma=0.05).fit(data.reshape(-1, 64), digits.target)
    right = np.mean(judge.predict(drawn.reshape(-1, 64)) == wanted)
    plain = draw(learner, 200, labels[wanted], np.ones((200, 1), dtype=bool), guidance=1.0)
    assert right > 0.85
    assert right > np.mean(judge.predict(plain.reshape(-1, 64)) == wanted), "guidance follows the class more strictly"
    assert 0.8 < drawn.std() / data.std() < 1.1, "neither faint nor blown up"
    flat = drawn.reshape(200, -1)
    gaps = np.linalg.norm(flat[:, None] - flat[None], axis=2)[~np.eye(200, dtype=bool)]
    assert gaps.min() > 0.1, "no two alike"


def test_guidance_of_rows_weighs_the_prior(rows_learner):
    """Asked for a score, rows drawn under guidance agree with it more often in what hangs on it."""
    asked, known = np.zeros((500, 4), dtype=np.float32), np.tile([False, True], (500, 1))
    asked[:, 3] = 1.2
    shares = [np.mean(draw(rows_learner, 500, asked, known, guidance=one)[:, 3] == 1.0) for one in (1.0, 4.0)]
    assert shares[1] > shares[0] + 0.02


def test_models_from_before_keep_their_networks():
    """Fields that came later have defaults that leave what was there as it was."""
    data, layout = np.zeros((64, 1, 28, 28), dtype=np.float32), Continuous(shape=(1, 28, 28), bounded=True)
    conditions = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))
    config = VaeFamily().derive(layout, conditions, "tiny", VaeOptions(), data)
    before = {name: value for name, value in config.items() if name not in {"distinct", "reads", "guidance", "fine"}}
    learner = VaeFamily().build(layout, conditions, before)
    names = set(learner.served_state())
    assert not any(name.startswith(("reader", "decoder.up.fine")) for name in names)
    assert "encoder.down.stages.0.0.modulation.weight" in names
    assert learner.config.guidance == 1.0


def test_networks_over_three_axes_are_narrower():
    data = np.zeros((64, 1), dtype=np.float32)
    widths = [
        VaeFamily().derive(Continuous(shape=shape), None, "small", VaeOptions(), data)["widths"]
        for shape in ((1, 32, 32), (1, 16, 32, 32))
    ]
    assert widths[1][0] == widths[0][0] // 2


def test_tokens_are_refused():
    with pytest.raises(BadRequest, match="continuous"):
        VaeFamily().derive(Tokens(vocabulary=5, length=4), None, "tiny", VaeOptions(), np.zeros((4, 4)))
