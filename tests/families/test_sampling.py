"""Drawing a token: edges of temperature, top-k and top-p; grammars as tables; orthogonalised updates."""

import numpy as np
import pytest
import torch

from castalia.core.representation import Grammar, Tokens
from castalia.families.nets.grammar import NEVER, Rules
from castalia.families.nets.muon import Muon, orthogonalise
from castalia.families.nets.sampling import choose, probabilities, sample_tokens
from castalia.families.nets.token_options import TokenSamplingOptions

LOGITS = torch.log(torch.tensor([[0.1, 0.4, 0.2, 0.3]]))


def chances(**options):
    return probabilities(LOGITS, TokenSamplingOptions(**options))[0].tolist()


def test_temperature_sharpens_to_the_likeliest():
    assert chances() == pytest.approx([0.1, 0.4, 0.2, 0.3], abs=1e-6)
    assert chances(temperature=0.0) == [0, 1, 0, 0]
    assert chances(temperature=0.5)[1] == pytest.approx(0.16 / 0.30, abs=1e-6)
    assert chances(temperature=2.0)[0] > 0.1


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 1}, {1}),
        ({"top_k": 2}, {1, 3}),
        ({"top_k": 0}, {0, 1, 2, 3}),
        ({"top_k": 99}, {0, 1, 2, 3}),
        ({"top_p": 1e-9}, {1}),
        ({"top_p": 0.39}, {1}),
        ({"top_p": 0.41}, {1, 3}),
        ({"top_p": 0.75}, {1, 2, 3}),
        ({"top_p": 1.0}, {0, 1, 2, 3}),
        ({"top_k": 3, "top_p": 0.5}, {1, 3}),
        ({"top_k": 2, "temperature": 0.0}, {1}),
    ],
)
def test_top_k_and_top_p_keep_the_likeliest(options, kept):
    found = chances(**options)
    assert {index for index, chance in enumerate(found) if chance > 0} == kept
    drawn = choose(LOGITS.expand(300, 4), torch.Generator().manual_seed(0), TokenSamplingOptions(**options))
    assert set(drawn.tolist()) == kept


def test_forbidden_tokens_are_never_drawn():
    logits = torch.full((2000, 5), -torch.inf)
    logits[:, 2], logits[:, 4] = -80.0, 3.0
    logits[1000:, 4] = -torch.inf
    drawn = choose(logits, torch.Generator().manual_seed(0), TokenSamplingOptions(temperature=2.0))
    assert set(drawn[:1000].tolist()) == {4}
    assert set(drawn[1000:].tolist()) == {2}


def test_barred_tokens_come_only_where_nothing_else_may():
    """Ones and twos come first, twos and threes after a one; twos are barred, then ones as well."""
    grammar = Grammar(classes=(0, 1, 2, 3), transitions=((-1, 1, 1, -1), (-1, -1, 2, 2), (-1, 1, -1, -1)), ends=(1, 2))
    rules = Rules(Tokens(vocabulary=4, length=6, grammar=grammar))

    class Reader:
        def read(self, tokens):
            return torch.zeros(len(tokens), 4)

    def drawn(*barred):
        options = TokenSamplingOptions(barred=barred)
        made = sample_tokens(lambda part: Reader(), rules, 400, 400, torch.Generator().manual_seed(0), options, None)
        return set(made[:, 0].tolist()), set(made[:, 1].tolist())

    assert drawn() == ({1, 2}, {0, 2, 3})
    assert drawn(2) == ({1}, {0, 3})
    assert drawn(1, 2) == ({1, 2}, {0, 3}), "one of them must come first"


def test_shares_are_those_of_the_probabilities():
    drawn = choose(LOGITS.expand(20000, 4), torch.Generator().manual_seed(0), TokenSamplingOptions())
    assert np.bincount(drawn.numpy()) / 20000 == pytest.approx([0.1, 0.4, 0.2, 0.3], abs=0.015)


def test_distances_to_the_end_and_dead_ends():
    grammar = Grammar(classes=(0, 0, 1, 2), transitions=((1, -1, 3), (2, 0, -1), (-1, 2, -1), (-1, -1, -1)), ends=(2,))
    rules = Rules(Tokens(vocabulary=4, length=5, grammar=grammar))
    assert rules.distance.tolist() == [2, 1, 0, NEVER, NEVER]
    assert rules.allowed(torch.tensor([0, 0, 1, 2]), torch.tensor([5, 1, 1, 1])).tolist() == [
        [False, True, False, False],
        [False, False, False, False],
        [False, True, False, False],
        [True, False, True, False],
    ]
    endless = Rules(Tokens(vocabulary=4, length=5, grammar=grammar, stream=True))
    assert endless.allowed(torch.tensor([0]), 1).tolist() == [[False, True, False, False]], "no way into a dead end"


@pytest.mark.parametrize("shape", [(24, 64), (64, 24), (32, 32)])
def test_orthogonalised_matrices_keep_directions_and_lose_their_lengths(shape):
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(2, *shape), full_matrices=False)
    lengths = 5.0 * torch.logspace(-1.8, 0, min(shape))
    made = orthogonalise(left * lengths @ right)
    assert torch.linalg.matrix_norm(made - left @ right, ord=2).max() < 0.06


def test_muon_goes_on_from_its_state_and_treats_parts_by_themselves():
    torch.manual_seed(0)
    start, gradients = torch.randn(8, 6), [torch.randn(8, 6) for _ in range(4)]

    def run(parts, break_at):
        weight = torch.nn.Parameter(start.clone())
        optimiser = Muon([weight], lr=0.1, decay=0.1, parts=parts)
        for index, gradient in enumerate(gradients):
            if index == break_at:
                state = optimiser.state_dict()
                optimiser = Muon([weight], lr=0.5, parts=parts)
                optimiser.load_state_dict(state)
            weight.grad = gradient.clone()
            optimiser.step()
        return weight.detach()

    assert torch.equal(run(2, 2), run(2, None))
    weight = torch.nn.Parameter(torch.zeros(8, 6))
    weight.grad = torch.cat([torch.ones(4, 1) @ torch.ones(1, 6), torch.randn(4, 6)])
    Muon([weight], lr=1.0, parts=2).step()
    alone = torch.nn.Parameter(torch.zeros(4, 6))
    alone.grad = weight.grad[4:]
    Muon([alone], lr=1.0).step()
    assert torch.allclose(weight[4:], alone, atol=1e-4)
