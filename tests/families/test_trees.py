"""Trees learn rows in one step: shares, dependences, repeated values, what is asked for, and no row by heart."""

import numpy as np
import pytest
import torch

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Segment, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.trees.boosting import boost
from castalia.families.trees.family import TreesFamily
from castalia.families.trees.growing import LEAF, grow
from castalia.families.trees.options import TreesOptions

LAYOUT = Continuous(
    shape=(6,),
    segments=(
        Segment(name="kind", kind="categorical", start=0, width=3),
        Segment(name="size", kind="real", start=3, width=1),
        Segment(name="gain", kind="real", start=4, width=1),
        Segment(name="hint", kind="real", start=5, width=1),
    ),
)
ASKED = Conditions(
    groups=(
        Segment(name="kind", kind="categorical", start=0, width=3),
        Segment(name="size", kind="real", start=3, width=1),
        Segment(name="elsewhere", kind="real", start=4, width=1),
    )
)


def rows(count, seed=0):
    """Kinds in shares .5, .3, .2; size depends on the kind, gain on size, but is exactly 0 in half of the rows."""
    draw = np.random.default_rng(seed)
    kind = draw.choice(3, count, p=[0.5, 0.3, 0.2])
    size = np.array([-1.0, 0.0, 1.5])[kind] + 0.3 * draw.standard_normal(count)
    gain = np.where(draw.random(count) < 0.5, 0.0, np.sin(2 * size) + 0.1 * draw.standard_normal(count))
    data = np.concatenate([np.eye(3)[kind], size[:, None], gain[:, None], draw.standard_normal((count, 1))], axis=1)
    elsewhere = np.tanh(size) + 0.05 * draw.standard_normal(count)
    conditions = np.concatenate([np.eye(3)[kind], 2 * size[:, None] + 1, elsewhere[:, None]], axis=1)
    return data.astype(np.float32), conditions.astype(np.float32)


def fitted(conditions=ASKED, count=3000, **options):
    data, asked = rows(count)
    family = TreesFamily()
    config = family.derive(LAYOUT, conditions, "tiny", TreesOptions(**options), data)
    learner = family.build(LAYOUT, conditions, config)
    learner.prepare()
    known = np.ones((count, 3), dtype=bool)
    tensors = [torch.from_numpy(one[: config["batch"]]) for one in (data, asked, known)]
    batch = Batch(*tensors) if conditions is not None else Batch(tensors[0])
    told = learner.training_step(batch, Step(0, 0.0, 1.0))
    return learner, data, told


@pytest.fixture(scope="module")
def learnt():
    return fitted()


def draw(learner, count, conditions=None, known=None, given=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return learner.sample(count, conditions, known, generator, given=given).numpy()


def test_shares_dependences_and_repeated_values_come_back(learnt):
    learner, data, _ = learnt
    made = draw(learner, 3000)
    assert np.array_equal(made[:, :3].sum(axis=1), np.ones(3000)), "one category a row"
    assert made[:, :3].mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    for kind, middle in enumerate([-1.0, 0.0, 1.5]):
        mine = made[made[:, kind] == 1, 3]
        assert mine.mean() == pytest.approx(middle, abs=0.06)
        assert mine.std() == pytest.approx(0.3, abs=0.12)
    zero = made[:, 4] == 0.0
    assert zero.mean() == pytest.approx(0.5, abs=0.04)
    off = made[~zero, 4] - np.sin(2 * made[~zero, 3])
    assert np.median(np.abs(off)) < 0.2, "of independent columns it is 0.8"
    assert abs(np.corrcoef(made[:, 3], made[:, 5])[0, 1]) < 0.06
    assert np.abs(made[:, 3:]).max() <= np.abs(data[:, 3:]).max()


def test_unseen_rows_are_likelier_than_under_independent_columns(learnt):
    learner, _, told = learnt
    fresh, asked = rows(1000, seed=5)
    known = torch.ones(1000, 3, dtype=torch.bool)
    loss = learner.held_out_loss(Batch(torch.from_numpy(fresh), torch.from_numpy(asked), known), torch.Generator())
    mixed = fresh.copy()
    order = np.random.default_rng(0).permutation(1000)
    mixed[:, 3], mixed[:, 4] = fresh[order, 3], fresh[order[::-1], 4]
    shuffled = learner.held_out_loss(Batch(torch.from_numpy(mixed), torch.from_numpy(asked), known), torch.Generator())
    assert loss < shuffled - 1.0
    assert told["loss"] == pytest.approx(loss, abs=0.5), "training rows are little likelier than unseen ones"


def test_no_row_is_a_training_row_and_none_is_drawn_twice(learnt):
    learner, data, _ = learnt
    made = draw(learner, 3000)
    seen = {tuple(row) for row in data[:, [3, 5]].tolist()}
    pairs = [tuple(row) for row in made[:, [3, 5]].tolist()]
    assert not seen & set(pairs)
    assert len(set(pairs)) > 2950


def test_the_same_seed_makes_the_same_rows_and_another_does_not(learnt):
    learner, *_ = learnt
    assert np.array_equal(draw(learner, 50, seed=3), draw(learner, 50, seed=3))
    assert not np.array_equal(draw(learner, 50, seed=3), draw(learner, 50, seed=4))


@pytest.mark.parametrize("group", [0, 1, 2])
def test_any_condition_is_met_alone_and_the_rest_follows_it(learnt, group):
    learner, *_ = learnt
    conditions = torch.zeros(400, 5)
    conditions[:, 2], conditions[:, 3], conditions[:, 4] = 1.0, 2 * 1.5 + 1, float(np.tanh(1.5))
    known = torch.zeros(400, 3, dtype=torch.bool)
    known[:, group] = True
    made = draw(learner, 400, conditions, known)
    assert made[:, 2].mean() > (0.97 if group < 2 else 0.85), "the third kind, asked for or told by a size of 1.5"
    assert made[:, 3].mean() == pytest.approx(1.5, abs=0.15)
    if group == 0:
        assert made[:, 3].std() > 0.2, "the size stays free"


def test_a_later_column_tells_of_earlier_ones(learnt):
    learner, *_ = learnt
    data = torch.zeros(400, 6)
    data[:, 3] = 1.5
    mask = torch.zeros(400, 6, dtype=torch.bool)
    mask[:, 3] = True
    made = draw(learner, 400, given=(data, mask))
    assert np.array_equal(made[:, 3], np.full(400, 1.5, dtype=np.float32))
    assert made[:, 2].mean() > 0.95


def test_without_conditions_and_with_fewer_rows_than_there_are():
    learner, data, _ = fitted(conditions=None, rows=500)
    config = TreesFamily().derive(LAYOUT, None, "tiny", TreesOptions(rows=500), data)
    assert (config["batch"], config["epochs"]) == (500, pytest.approx(1 / 6))
    assert draw(learner, 10).shape == (10, 6)


def test_a_tree_finds_a_step_and_leaves_noise_alone():
    draws = np.random.default_rng(0)
    features = draws.random((500, 2))
    target = (features[:, [1]] > 0.4).astype(float)
    tree = grow(features, target, 10)
    assert (tree.feature[0], tree.threshold[0]) == (1, pytest.approx(0.4, abs=0.02))
    assert grow(features, draws.standard_normal((500, 1)), 10, worth=20.0).feature == [LEAF]


def test_boosting_stops_where_nothing_is_to_be_learnt():
    draws = np.random.default_rng(0)
    features = draws.random((2000, 3)).astype(np.float32)
    noise = boost(features, draws.integers(0, 4, 2000).astype(np.float32), 4, 60, 4, 0.25, 0)
    told = boost(features, (4 * features[:, 0]).astype(np.int64).astype(np.float32), 4, 60, 4, 0.25, 0)
    assert np.abs(noise.values).sum() < 0.1 * np.abs(told.values).sum()


def test_other_layouts_are_refused():
    for layout in (Continuous(shape=(1, 8, 8)), Tokens(vocabulary=4, length=5)):
        with pytest.raises(BadRequest, match="rows of columns"):
            TreesFamily().derive(layout, None, "tiny", TreesOptions(), np.zeros((10, 5), dtype=np.float32))
