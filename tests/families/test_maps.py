"""What a caption says of each place: maps of the context, and the noise in which it is said."""

import numpy as np
import pytest
import torch

from castalia.core.representation import Conditions, Continuous, Segment
from castalia.families.diffusion.family import CAPTIONED, DiffusionFamily
from castalia.families.diffusion.options import DiffusionOptions
from castalia.families.nets.maps import ContextMaps
from castalia.families.nets.unet import MAPPED, UNet, UNetSizes

CAPTION = Conditions(groups=(Segment(name="caption", kind="real", start=0, width=64),))
CLASS = Conditions(groups=(Segment(name="label", kind="categorical", start=0, width=10),))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def derived(shape, conditions, **options):
    layout = Continuous(shape=shape)
    data = np.random.default_rng(0).standard_normal((8, *shape)).astype(np.float32)
    return layout, DiffusionFamily().derive(layout, conditions, "tiny", DiffusionOptions(**options), data)


def test_a_map_has_a_value_for_each_place_and_says_what_the_context_says():
    maps = ContextMaps(context=16, channels=4, width=8, space=(3, 5))
    contexts = torch.randn(2, 16)
    told = maps(contexts).detach()
    assert told.shape == (2, 8, 3, 5)
    assert float(told.std(dim=(2, 3)).mean()) > 0.05, "places differ"
    assert not torch.allclose(told[0], told[1])
    torch.testing.assert_close(maps(contexts[:1]).detach(), told[:1])


@pytest.mark.parametrize(("space", "mapped"), [((16, 16), 1), ((8, 8), 0), ((64,), 0), ((256,), 2)])
def test_the_finest_level_of_few_places_is_mapped(space, mapped):
    levels = [tuple(length // 2**level for length in space) for level in range(3)]
    sizes = UNetSizes(2, 1, tuple(levels), (8, 8, 8), (False, False, False), 1, 16, 0.0, maps=4)
    net = UNet(sizes)
    assert net.mapped == mapped
    assert np.prod(levels[net.mapped]) <= MAPPED
    assert net(torch.randn(2, 2, *space), torch.randn(2, 16)).shape == (2, 2, *space)


def test_maps_are_made_where_there_is_something_to_say():
    assert derived((3, 16, 16), CAPTION)[1]["maps"] > 0
    assert derived((3, 16, 16), CLASS)[1]["maps"] > 0
    assert derived((3, 16, 16), None)[1]["maps"] == 0
    assert derived((3, 16, 16), CAPTION, net="dit")[1]["maps"] == 0


def test_models_from_before_have_no_maps():
    layout, config = derived((3, 16, 16), CLASS)
    old = {name: value for name, value in config.items() if name != "maps"}
    state = DiffusionFamily().build(layout, CLASS, old).state_dict()
    assert not any("maps" in name for name in state)


def test_captions_are_heard_in_noise():
    plain = derived((24, 8, 8), CLASS)[1]["shift"]
    assert plain == derived((24, 8, 8), None)[1]["shift"] == 1.0
    assert derived((24, 8, 8), CAPTION)[1]["shift"] == CAPTIONED * plain
    assert derived((24, 8, 8), CAPTION, shift=1.0)[1]["shift"] == 1.0
