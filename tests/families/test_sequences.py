"""Both families of token sequences: they learn, obey grammars, go on from beginnings, and know their likelihood."""

import itertools
import math
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Grammar, Segment, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.nets.token_options import TokenSamplingOptions
from castalia.families.recurrent.family import RecurrentFamily
from castalia.families.recurrent.options import RecurrentOptions
from castalia.families.transformer.family import TransformerFamily
from castalia.families.transformer.options import TransformerOptions
from castalia.training.budget import rate_at

KINDS = {
    "transformer": (TransformerFamily, TransformerOptions, {"width": 32, "layers": 2}),
    "grouped": (TransformerFamily, TransformerOptions, {"width": 32, "layers": 2, "heads": 4, "key_heads": 2}),
    "lstm": (RecurrentFamily, RecurrentOptions, {"width": 32, "layers": 2}),
    "gru": (RecurrentFamily, RecurrentOptions, {"width": 32, "layers": 1, "cell": "gru"}),
}
FAMILIES = pytest.mark.parametrize("kind", ["transformer", "lstm"])


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def made(kind, layout, data, conditions=None, **options):
    family, options_type, small = KINDS[kind]
    config = family().derive(layout, conditions, "tiny", options_type(**(small | options)), data)
    learner = family().build(layout, conditions, config)
    learner.prepare()
    return learner


def trained(learner, data, steps, batch=32, conditions=None, known=None):
    rng = np.random.default_rng(0)
    learner.train()
    for index in range(steps):
        chosen = rng.integers(0, len(data), batch)
        items = [None if one is None else torch.from_numpy(one[chosen]) for one in (conditions, known)]
        step = Step(index, index / steps, rate_at(index, index / steps))
        learner.training_step(Batch(torch.from_numpy(data[chosen]), *items), step)
    return learner.eval()


def draw(learner, count, conditions=None, known=None, given=None, seed=0, **options):
    arrays = [None if one is None else torch.from_numpy(np.asarray(one)) for one in (conditions, known)]
    settled = None if given is None else tuple(torch.from_numpy(np.asarray(one)) for one in given)
    generator = torch.Generator().manual_seed(seed)
    return learner.sample(count, *arrays, generator, TokenSamplingOptions(**options), settled).numpy()


def stirred(learner):
    """Weights that are not as freshly made, so that no part is silent."""
    with torch.no_grad():
        for one in learner.net.parameters():
            one.add_(0.2 * torch.randn_like(one))
    return learner.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_reading_token_by_token_equals_reading_at_once(kind):
    layout = Tokens(vocabulary=11, length=20)
    conditions = Conditions(groups=(Segment(name="c", kind="real", start=0, width=2),))
    data = np.random.default_rng(0).integers(1, 11, (40, 20))
    learner = stirred(made(kind, layout, data, conditions))
    tokens = torch.from_numpy(data[:3])
    start = learner.embedding(3, torch.ones(3, 2), torch.ones(3, 1, dtype=torch.bool))
    with torch.no_grad():
        whole = learner.net(torch.cat([torch.zeros(3, 1, dtype=torch.long), tokens[:, :-1]], dim=1), start)
        reader = learner.net.reader(0, start)
        pieces = [reader.read(tokens[:, :0]), reader.read(tokens[:, :1]), reader.read(tokens[:, 1:4])]
        pieces += [reader.read(tokens[:, place : place + 1]) for place in range(4, 19)]
    places = [0, 1, *range(4, 20)]
    assert torch.allclose(torch.stack(pieces, dim=1), whole[:, places], atol=1e-4)
    assert whole.std() > 0.3


@FAMILIES
def test_a_stream_goes_on_past_its_window(kind):
    layout = Tokens(vocabulary=7, length=8, stream=True)
    data = np.tile(np.arange(1, 7), 200)
    windows = np.stack([data[start : start + 8] for start in range(1000)])
    learner = trained(made(kind, layout, data), windows, 150)
    drawn = draw(learner, 4, max_tokens=50, temperature=0.0)
    assert drawn.shape == (4, 50)
    assert np.array_equal(np.diff(drawn) % 6, np.ones((4, 49))), "the cycle never breaks"
    given = (np.array([[3, 4, 5, 0], [6, 1, 2, 0]]), np.array([[True] * 3 + [False]] * 2))
    drawn = draw(learner, 2, given=given, max_tokens=20, temperature=0.0)
    assert drawn.shape == (2, 23)
    assert drawn[:, :4].tolist() == [[3, 4, 5, 6], [6, 1, 2, 3]]
    assert draw(learner, 2, given=given).shape == (2, 3 + 8)
    long = (np.array([data[:30]]), np.ones((1, 30), dtype=bool))
    assert draw(learner, 1, given=long, max_tokens=5, temperature=0.0)[0, 30:].tolist() == data[30:35].tolist()


CHAIN = np.array([[0.1, 0.6, 0.3], [0.05, 0.05, 0.9], [0.7, 0.2, 0.1]])
STOP = 0.1


def chains(count, length, seed=0):
    """Sequences over 1, 2, 3 that move by CHAIN and stop with chance STOP after each token; the first token is 1."""
    rng = np.random.default_rng(seed)
    data = np.zeros((count, length), dtype=np.int64)
    data[:, 0] = 1
    alive = np.ones(count, dtype=bool)
    for place in range(1, length):
        alive &= rng.random(count) >= STOP
        cumulated = CHAIN[np.maximum(data[:, place - 1], 1) - 1].cumsum(axis=1)
        data[:, place] = np.where(alive, 1 + (rng.random(count)[:, None] > cumulated).sum(axis=1), 0)
    return data


def chain_nats(data):
    """Exact nats of each sequence under the chain."""
    total = np.zeros(len(data))
    for row, item in enumerate(data):
        length = int((item != 0).sum())
        for one, other in itertools.pairwise(item[:length]):
            total[row] -= math.log((1 - STOP) * CHAIN[one - 1, other - 1])
        total[row] -= math.log(STOP) if length < len(item) else 0.0
    return total


@FAMILIES
def test_likelihood_nears_the_entropy_of_a_known_chain(kind):
    layout = Tokens(vocabulary=4, length=24)
    data, fresh = chains(4000, 24), chains(1000, 24, seed=1)
    learner = trained(made(kind, layout, data), data, 200, batch=32)
    with torch.no_grad():
        nats = -learner.log_likelihood(Batch(torch.from_numpy(fresh))).numpy()
    true = chain_nats(fresh)
    assert 0.995 < nats.mean() / true.mean() < 1.03
    assert np.corrcoef(nats, true)[0, 1] > 0.99
    tokens = np.minimum((fresh != 0).sum(axis=1) + 1, 24)
    held_out = learner.held_out_loss(Batch(torch.from_numpy(fresh)), torch.Generator())
    assert held_out == pytest.approx(nats.sum() / tokens.sum(), rel=1e-4)
    drawn = draw(learner, 1000)
    assert drawn.dtype == np.int64
    assert abs((drawn != 0).sum(axis=1).mean() - (fresh != 0).sum(axis=1).mean()) < 1.0
    assert chain_nats(drawn).mean() == pytest.approx(true.mean(), rel=0.08)


@FAMILIES
def test_probabilities_of_all_sequences_sum_to_one(kind):
    layout = Tokens(vocabulary=3, length=3)
    every = [list(one) + [0] * (3 - size) for size in range(4) for one in itertools.product((1, 2), repeat=size)]
    learner = stirred(made(kind, layout, np.array(every)))
    with torch.no_grad():
        chances = learner.log_likelihood(Batch(torch.tensor(every))).exp()
    assert float(chances.sum()) == pytest.approx(1.0, abs=1e-5)
    drawn = draw(learner, 4000)
    shares = [np.mean((drawn == one).all(axis=1)) for one in every]
    assert np.abs(np.array(shares) - chances.numpy()).max() < 0.03


BRACKETS = Grammar(
    classes=(0, 0, 1, 2, 2),
    transitions=tuple((depth + 1 if depth < 5 else -1, depth - 1 if depth else -1, depth or -1) for depth in range(6)),
    ends=(0,),
)
"""Tokens 1 opens, 2 closes, 3 and 4 may stand inside; at most five deep; everything must be closed at the end."""


def is_balanced(item, length):
    size = int((item != 0).sum())
    depths = np.cumsum(np.isin(item[:size], [1]).astype(int) - (item[:size] == 2))
    inside = all(depth >= 0 and (token < 3 or depth > 0) for token, depth in zip(item[:size], depths, strict=True))
    return (
        size <= length
        and not item[size:].any()
        and inside
        and (size == 0 or depths[-1] == 0)
        and max(depths, default=0) <= 5
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
def test_grammar_is_always_obeyed_and_finished_in_time(kind, temperature):
    layout = Tokens(vocabulary=5, length=13, grammar=BRACKETS)
    data = np.zeros((40, 13), dtype=np.int64)
    data[:, :4] = [1, 3, 4, 2]
    learner = stirred(made(kind, layout, data))
    drawn = draw(learner, 300, temperature=temperature)
    assert all(is_balanced(item, 13) for item in drawn)
    short = draw(learner, 300, temperature=temperature, max_tokens=4)
    assert short.shape == (300, 4)
    assert all(is_balanced(item, 4) for item in short)
    if temperature:
        assert len(np.unique(drawn, axis=0)) > 10
        assert (drawn != 0).sum(axis=1).max() >= 12


@FAMILIES
def test_a_grammar_in_the_loss_lowers_it_and_keeps_it_exact(kind):
    layout = Tokens(vocabulary=5, length=6, grammar=BRACKETS)
    every = [
        list(one) + [0] * (6 - size)
        for size in range(7)
        for one in itertools.product((1, 2, 3, 4), repeat=size)
        if is_balanced(np.array(list(one) + [0] * (6 - size)), 6)
    ]
    data = np.array(every)
    learner = stirred(made(kind, layout, data))
    batch = Batch(torch.from_numpy(data))
    with torch.no_grad():
        assert float(learner.log_likelihood(batch).exp().sum()) == pytest.approx(1.0, abs=1e-5)
        with_rules, counted = learner.token_losses(batch, None, obeying=True)
        without, _ = learner.token_losses(batch, None, obeying=False)
    assert bool((with_rules <= without + 1e-5).all())
    assert float(with_rules.sum()) < float(without.sum())
    assert counted.sum() == (data != 0).sum() + (data[:, -1] == 0).sum()


def test_data_that_break_the_grammar_are_refused_by_place():
    layout = Tokens(vocabulary=5, length=4, grammar=BRACKETS)
    data = np.array([[1, 2, 0, 0], [1, 3, 2, 4]])
    with pytest.raises(BadRequest, match=r"Item 1 .* at token 3"):
        made("transformer", layout, data)
    with pytest.raises(BadRequest, match=r"Item 0 .* at token 4"):
        made("transformer", layout, np.array([[1, 3, 3, 3]]))


def test_a_grammar_that_cannot_end_in_time_is_refused():
    grammar = Grammar(classes=(0, 0, 0), transitions=((1,), (2,), (3,), (3,)), ends=(3,))
    with pytest.raises(BadRequest, match="never reaches an end"):
        made("lstm", Tokens(vocabulary=3, length=2, grammar=grammar), np.zeros((0, 2), dtype=np.int64))


@FAMILIES
def test_a_given_beginning_is_kept(kind):
    layout = Tokens(vocabulary=5, length=12, grammar=BRACKETS)
    data = np.zeros((40, 12), dtype=np.int64)
    data[:, :4] = [1, 3, 4, 2]
    learner = stirred(made(kind, layout, data))
    beginning = np.zeros((3, 12), dtype=np.int64)
    beginning[0, :3], beginning[1, :1], beginning[2, :4] = [1, 1, 4], [1], [1, 3, 2, 0]
    mask = np.arange(12) < np.array([[3], [1], [4]])
    for seed in range(10):
        drawn = draw(learner, 3, given=(beginning, mask), seed=seed, temperature=2.0)
        assert all(is_balanced(item, 12) for item in drawn)
        assert np.array_equal(drawn[mask], beginning[mask])
        assert not drawn[2, 4:].any(), "a given end is an end"


@pytest.mark.parametrize(
    ("tokens", "mask", "words"),
    [
        ([1, 3, 2, 0], [True, False, True, False], "only a beginning"),
        ([2, 0, 0, 0], [True, False, False, False], "place 0 is not allowed"),
        ([1, 1, 3, 0], [True, True, True, False], "place 2 is not allowed"),
        ([9, 0, 0, 0], [True, False, False, False], "outside 0 to 4"),
    ],
)
def test_impossible_beginnings_are_refused(tokens, mask, words):
    layout = Tokens(vocabulary=5, length=4, grammar=BRACKETS)
    learner = made("transformer", layout, np.array([[1, 2, 0, 0]] * 10))
    with pytest.raises(BadRequest, match=words):
        draw(learner.eval(), 1, given=([tokens], [mask]))


@FAMILIES
def test_conditions_matter_and_may_be_unknown(kind):
    layout = Tokens(vocabulary=4, length=8)
    conditions = Conditions(groups=(Segment(name="token", kind="categorical", start=0, width=3),))
    wanted = np.random.default_rng(0).integers(0, 3, 600)
    data = np.repeat(wanted[:, None] + 1, 8, axis=1)
    one_hot, known = np.eye(3, dtype=np.float32)[wanted], np.ones((600, 1), dtype=bool)
    learner = trained(made(kind, layout, data, conditions), data, 150, conditions=one_hot, known=known)
    drawn = draw(learner, 60, np.eye(3, dtype=np.float32)[np.arange(60) % 3], np.ones((60, 1), dtype=bool))
    assert np.mean(drawn[:, 0] == np.arange(60) % 3 + 1) > 0.95
    free = draw(learner, 300)
    assert np.abs(np.bincount(free[:, 0], minlength=4)[1:] / 300 - 1 / 3).max() < 0.12
    batch = Batch(*(torch.from_numpy(one) for one in (data[:50], one_hot[:50], known[:50])))
    with torch.no_grad():
        told = float(learner.log_likelihood(batch).mean())
        untold = float(learner.log_likelihood(Batch(batch.data)).mean())
    assert told - untold == pytest.approx(math.log(3), abs=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same(kind, monkeypatch):
    data = chains(64, 10)
    learner = stirred(made(kind, Tokens(vocabulary=4, length=10), data))
    monkeypatch.setattr(type(learner.net), "rows", 8)
    assert np.array_equal(draw(learner, 20), draw(learner, 20))
    assert not np.array_equal(draw(learner, 20), draw(learner, 20, seed=1))


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_reaches_the_same_loss(kind):
    batch = Batch(torch.from_numpy(chains(32, 10)))
    losses = []
    for autocast in (nullcontext, lambda: torch.autocast("cpu", dtype=torch.bfloat16)):
        torch.manual_seed(0)
        learner = made(kind, Tokens(vocabulary=4, length=10), chains(32, 10)).train()
        losses.append([learner.training_step(batch, Step(i, 0.5, 1.0, autocast))["loss"] for i in range(4)])
    assert losses[0] != losses[1]
    assert losses[0][-1] < losses[0][0]
    assert np.allclose(losses[0], losses[1], rtol=0.03)


def test_other_layouts_and_sizes_that_do_not_fit_are_refused():
    with pytest.raises(BadRequest, match="sequences of tokens"):
        made("lstm", Continuous(shape=(4,)), np.zeros((4, 4)))
    with pytest.raises(BadRequest, match="5 heads"):
        made("transformer", Tokens(vocabulary=4, length=8), chains(20, 8), heads=5)


@pytest.mark.parametrize("key_heads", [4, 2])
def test_upper_layers_may_begin_by_repeating_what_they_look_at(key_heads):
    layout = Tokens(vocabulary=9, length=12)
    options = TransformerOptions(width=64, layers=4, heads=4, key_heads=key_heads, repeating=0.5)
    data = np.ones((40, 12), dtype=np.int64)
    torch.manual_seed(0)
    family = TransformerFamily()
    blocks = family.build(layout, None, family.derive(layout, None, "tiny", options, data)).net.blocks
    passed = []
    for block in blocks:
        values = block.value.weight.view(key_heads, 16, 64).repeat_interleave(4 // key_heads, dim=0).reshape(64, 64)
        passed.append((block.output.weight @ values).detach())
    assert all(not one.any() for one in passed[:2]), "the lower ones begin with nothing"
    for one in passed[2:]:
        assert torch.allclose(one, one.T, atol=1e-6)
        assert float(one.diagonal().mean()) == pytest.approx(0.5, abs=0.1), "half of it comes through"
