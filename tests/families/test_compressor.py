"""Codes of continuous items: quantisation there and back, latents and tokens of every rank, reconstruction."""

import math

import numpy as np
import pytest
import torch

from castalia.core.errors import BadRequest
from castalia.core.representation import Continuous, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.nets.quantisation import FiniteScalars
from castalia.families.vae.compressor import VaeCompressorMaker

SHAPES = [(1, 8, 8), (3, 32, 32), (2, 64), (1, 64, 96), (3, 8, 16, 16)]


def made(shape, kind, items=64):
    torch.manual_seed(0)
    layout = Continuous(shape=shape, bounded=True)
    data = np.random.default_rng(0).uniform(-1, 1, (items, *shape)).astype(np.float32)
    maker = VaeCompressorMaker()
    return maker.build(layout, maker.derive(layout, kind, "tiny", data)), torch.from_numpy(data)


@pytest.mark.parametrize("levels", [[3], [4], [7, 5, 5], [8, 6, 5]])
def test_every_token_is_reached_and_means_its_own_values(levels):
    scalars = FiniteScalars(levels)
    z = 4 * torch.randn(1, len(levels), 300000, generator=torch.Generator().manual_seed(0))
    tokens = scalars.tokens(z)
    assert set(tokens.unique().tolist()) == set(range(math.prod(levels)))
    assert torch.allclose(scalars.values(tokens), scalars(z))
    assert scalars(z).abs().max() <= 1


def test_gradients_pass_the_rounding():
    z = torch.zeros(1, 2, 3, requires_grad=True)
    torch.autograd.backward(FiniteScalars([5, 4])(z).sum())
    assert z.grad is not None
    assert (z.grad > 0).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["latents", "tokens"])
def test_every_rank_has_a_code_much_shorter_than_itself(shape, kind):
    compressor, data = made(shape, kind, items=8)
    compressor.eval()
    compressor.calibrate(data)
    code, layout = compressor.encode(data), compressor.layout
    if kind == "tokens":
        assert isinstance(layout, Tokens)
        assert code.dtype == torch.int64
        assert code.shape == (8, layout.length)
        assert code.max() < layout.padding == layout.vocabulary - 1
        assert 4 * layout.length <= math.prod(shape)
    else:
        assert isinstance(layout, Continuous)
        assert code.shape == (8, *layout.shape)
        assert 3 * math.prod(layout.shape) <= math.prod(shape)
        assert torch.allclose(code.mean(), torch.zeros(()), atol=1e-4)
    assert compressor.decode(code).shape == data.shape
    assert torch.equal(compressor.encode(data), code)


def test_rows_are_not_compressed():
    with pytest.raises(BadRequest, match="pictures, sounds and films"):
        VaeCompressorMaker().derive(Continuous(shape=(9,)), "tokens", "tiny", np.zeros((9, 9), np.float32))


@pytest.mark.parametrize("kind", ["latents", "tokens"])
def test_it_learns_to_give_items_back(kind):
    compressor, _ = made((1, 16, 16), kind)
    rows = torch.linspace(-1, 1, 16)
    angles = torch.rand(256, generator=torch.Generator().manual_seed(1)) * math.pi
    waves = torch.sin(4 * (angles.cos()[:, None, None] * rows + angles.sin()[:, None, None] * rows[:, None]))[:, None]
    compressor.prepare()
    compressor.train()
    for index in range(150):
        batch = Batch(waves[(index * 32) % 192 : (index * 32) % 192 + 32])
        compressor.training_step(batch, Step(index, index / 150, 1.0 - index / 150))
    compressor.eval()
    compressor.calibrate(waves[:192])
    error = (compressor.decode(compressor.encode(waves[192:])) - waves[192:]).square().mean()
    assert error < 0.06 * waves.var()


def test_each_picture_of_a_film_has_a_code_of_its_own():
    compressor, data = made((3, 8, 16, 16), "latents", items=4)
    compressor.eval()
    compressor.calibrate(data)
    code = compressor.encode(data)
    other = data.clone()
    other[:, :, 5] = 0.0
    same = (compressor.encode(other) == code).flatten(3).all(dim=3).all(dim=1)
    assert same[:, [0, 1, 2, 3, 4, 6, 7]].all()
    assert not same[:, 5].any()
    restored = compressor.decode(code)
    assert torch.allclose(restored[:, :, 2], compressor.decode(code[:, :, [2] * 8])[:, :, 4], atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 64), (3, 32, 32), (3, 8, 16, 16)])
def test_a_place_is_settled_where_all_of_its_block_is(shape):
    compressor, data = made(shape, "latents", items=2)
    mask = torch.ones(2, *shape, dtype=torch.bool)
    assert compressor.settles(mask).all()
    assert compressor.settles(mask).shape == compressor.encode(data).shape
    mask[..., -1] = False
    settled = compressor.settles(mask)
    assert not settled[..., -1].any()
    assert settled[..., :-1].all()
    assert not compressor.settles(~mask).any()
