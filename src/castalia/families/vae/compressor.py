"""The VAE as a compressor: a map of latents, or its discrete sibling, a map of tokens.

Latents are the posterior's means under a slight pull to N(0, I). Tokens come from finite scalar quantisation (Mentzer
et al., Finite Scalar Quantization: VQ-VAE Made Simple, 2024): each place has a few numbers, each rounded to one of a
few levels, and the combination is the token; unlike a learned codebook it cannot collapse.
"""

import math
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.errors import BadRequest
from castalia.core.representation import Continuous, Grammar, Layout, Tokens
from castalia.families.contract import Batch, Compressor, Size, Step, adamw, update
from castalia.families.nets.convolution import convolution, group_norm, patch_factor, strides
from castalia.families.nets.grids import GridDown, GridSizes, GridUp
from castalia.families.nets.quantisation import FiniteScalars
from castalia.families.nets.sizes import batch_size, grid_widths
from castalia.families.nets.wavelet import band_count, level_count
from castalia.families.vae.grids import BandScales
from castalia.families.vae.latent import bounded_log_std

WIDTHS = {"tiny": 32, "small": 64, "medium": 64, "large": 96}
QUANTISED = {"tiny": [7, 5, 5], "small": [8, 6, 5], "medium": [8, 8, 8], "large": [8, 5, 5, 5]}
"""Levels of each number of a place: 175, 240, 512 and 1,000 tokens."""
PLACES = {"tokens": 96, "latents": 64}
"""Most places of a code: what learns it pays for each of them, and has more features where there are fewer."""
SHORTER = (8, 16)
"""How many times fewer numbers latents have than an item: usually, and where each picture of a film has its own, as
neighbours tell much of each other."""
PULL = 1e-3
"""Weight of the KL term of latents: enough to keep their scale, too little to cost detail."""
PICTURES = 2
"""Of a film in each step, where each picture has a code of its own."""
SMALLER = {
    1: functional.adaptive_max_pool1d,
    2: functional.adaptive_max_pool2d,
    3: functional.adaptive_max_pool3d,
}
USEFUL = 60_000
"""Items after which a code gets little better: the rest of the time belongs to what learns it."""


class CompressorConfig(BaseModel):
    """Derived numbers; see `castalia.families.nets.grids.GridSizes`. ``levels`` are spatial lengths, finest first,
    ``channels`` numbers at each place of the code, ``quantised`` their levels, empty for latents."""

    rate: float
    batch: int
    epochs: float
    patch: int
    levels: list[tuple[int, ...]]
    widths: list[int]
    blocks: int
    channels: int
    quantised: list[int]
    apart: bool = False
    """Whether the first of three axes is left as it is, each picture of a film having a code of its own."""


class VaeCompressorMaker:
    """Implements `castalia.families.contract.CompressorMaker` for grids of one to three spatial axes."""

    def derive(
        self, layout: Layout, kind: Literal["latents", "tokens"], size: Size, data: NDArray[np.generic]
    ) -> dict[str, object]:
        """See the contract."""
        if not isinstance(layout, Continuous) or len(layout.shape) < 2:
            raise BadRequest(
                "Only pictures, sounds and films can be compressed first.", hint="Leave --compress out for this data."
            )
        apart = kind == "latents" and len(layout.shape) == 4
        space = layout.shape[2:] if apart else layout.shape[1:]
        patch = patch_factor(space)
        levels = _levels([length // patch for length in space], PLACES[kind])
        quantised = QUANTISED[size] if kind == "tokens" else []
        numbers, places = layout.shape[0] * math.prod(space), math.prod(levels[-1])
        return {
            "rate": 2e-3,
            "batch": batch_size(len(data), 480, 16, 64),
            "epochs": float(min(400, max(4, math.ceil(USEFUL / len(data))))),
            "patch": patch,
            "levels": [list(level) for level in levels],
            "widths": grid_widths(WIDTHS[size], len(levels)),
            "blocks": 2 if size == "large" else 1,
            "channels": len(quantised) or max(1, math.ceil(numbers / places / SHORTER[apart])),
            "quantised": quantised,
            "apart": apart,
        }

    def build(self, layout: Layout, config: dict[str, object]) -> Compressor:
        """See the contract."""
        return VaeCompressor(cast("Continuous", layout), CompressorConfig.model_validate(config))


class VaeCompressor(Compressor):
    """x (batch, channels, *space) <-> latents (batch, code channels, *places) or tokens (batch, places)."""

    served = ("encoder", "decoder", "standard")
    averaged = (*served, "scales")

    def __init__(self, layout: Continuous, config: CompressorConfig) -> None:
        super().__init__()
        self.config = config
        frames = layout.shape[1:2] if config.apart else ()
        if config.apart:
            layout = Continuous(shape=(layout.shape[0], *layout.shape[2:]), bounded=layout.bounded)
        self.numbers = math.prod(layout.shape)
        self.levels = level_count(layout.shape)
        sizes = GridSizes(
            channels=layout.shape[0],
            patch=config.patch,
            levels=tuple(config.levels),
            widths=tuple(config.widths),
            blocks=config.blocks,
            latent=0,
            dropout=0.0,
        )
        self.places = config.levels[-1]
        self.scalars = FiniteScalars(config.quantised) if config.quantised else None
        outputs = config.channels if self.scalars else 2 * config.channels
        self.encoder = _Encoder(sizes, outputs)
        self.decoder = _Decoder(sizes, config.channels, layout.bounded)
        self.standard = Standard(config.channels, len(frames) + len(self.places))
        self.scales = BandScales(band_count(layout.shape, self.levels))
        if self.scalars is None:
            self.layout: Layout = Continuous(shape=(config.channels, *frames, *self.places))
        else:
            self.layout = _token_layout(self.scalars.count, math.prod(self.places))

    def prepare(self) -> None:
        """One AdamW over everything."""
        self.optimisers = {"main": adamw([self], self.config.rate, 0.01)}

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One update on the reconstruction's likelihood, per number of an item."""
        with step.autocast():
            distortion, pull = self._terms(_some_pictures(batch.data) if self.config.apart else batch.data)
        distortion, pull = distortion.float().mean(), pull.float().mean()
        norm = update(self.optimisers["main"], (distortion + PULL * pull) / self.numbers, step)
        return {"loss": float(distortion.detach()) / self.numbers, "gradient": norm}

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:  # noqa: ARG002 - no chance in it
        """-log p(x | code) in nats per number."""
        return float(self._terms(batch.data)[0].mean()) / self.numbers

    @torch.no_grad()
    def calibrate(self, data: Tensor) -> None:
        """Latents: zero mean and unit deviation in each channel."""
        if self.scalars is None:
            self.standard.fit(self._mean(data))

    @torch.no_grad()
    def encode(self, data: Tensor) -> Tensor:
        """See the contract."""
        if self.scalars is not None:
            return self.scalars.tokens(self.encoder(data)).flatten(1)
        return self.standard(self._mean(data))

    @torch.no_grad()
    def decode(self, code: Tensor) -> Tensor:
        """See the contract. Tokens that stand for no code, such as padding, count as the last one."""
        if self.scalars is not None:
            tokens = code.clamp(max=self.scalars.count - 1).reshape(len(code), *self.places)
            return self.decoder(self.scalars.values(tokens))
        code = self.standard.inverse(code)
        return _together(self.decoder(_apart(code)), len(code)) if self.config.apart else self.decoder(code)

    @torch.no_grad()
    def settles(self, mask: Tensor) -> Tensor:
        """See the contract: the numbers of a place whose own block is masked throughout."""
        missing = (~mask).float()
        blocks = _apart(missing) if self.config.apart else missing
        blocks = SMALLER[len(self.places)](blocks.amax(dim=1, keepdim=True), self.places)
        blocks = _together(blocks, len(mask)) if self.config.apart else blocks
        return (blocks == 0.0).expand(len(mask), *cast("Continuous", self.layout).shape)

    def _mean(self, x: Tensor) -> Tensor:
        if self.config.apart:
            return _together(self.encoder(_apart(x)).chunk(2, dim=1)[0], len(x))
        return self.encoder(x).chunk(2, dim=1)[0]

    def _terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x | code) and the KL term, in nats (batch,); the latter is zero for tokens. Of a film whose pictures
        have their own codes: (batch * frames,)."""
        x = _apart(x) if self.config.apart else x
        encoded = self.encoder(x).float()
        if self.scalars is not None:
            code, pull = self.scalars(encoded), encoded.new_zeros(len(x))
        else:
            mean, raw = encoded.chunk(2, dim=1)
            log_std = bounded_log_std(raw)
            code = mean + log_std.exp() * torch.randn_like(mean) if self.training else mean
            pull = 0.5 * (mean.square() + (2 * log_std).exp() - 1 - 2 * log_std).flatten(1).sum(dim=1)
        return self.scales(x - self.decoder(code).float(), self.levels), pull


def _some_pictures(x: Tensor) -> Tensor:
    """A few random pictures of each film: neighbours say much the same."""
    return x[:, :, torch.randperm(x.shape[2])[:PICTURES]]


def _apart(x: Tensor) -> Tensor:
    """(batch, channels, frames, *space) -> (batch * frames, channels, *space)."""
    return x.transpose(1, 2).flatten(0, 1)


def _together(x: Tensor, count: int) -> Tensor:
    """The inverse of `_apart` for ``count`` films."""
    return x.unflatten(0, (count, -1)).transpose(1, 2)


class Standard(nn.Module):
    """Brings each channel to zero mean and unit deviation, and back."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, dimensions: int) -> None:
        super().__init__()
        shape = (1, channels, *(1,) * dimensions)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))

    def fit(self, x: Tensor) -> None:
        """Take over mean and deviation of x (batch, channels, *places)."""
        axes = [axis for axis in range(x.ndim) if axis != 1]
        self.mean.copy_(x.mean(dim=axes, keepdim=True))
        self.deviation.copy_(x.std(dim=axes, keepdim=True).clamp(min=1e-4))

    def forward(self, x: Tensor) -> Tensor:
        """To unit scale."""
        return (x - self.mean) / self.deviation

    def inverse(self, x: Tensor) -> Tensor:
        """From unit scale."""
        return x * self.deviation + self.mean


class _Encoder(nn.Module):
    def __init__(self, sizes: GridSizes, outputs: int) -> None:
        super().__init__()
        width = sizes.widths[-1]
        self.down = GridDown(sizes, 0)
        self.head = nn.Sequential(group_norm(width), nn.SiLU(), convolution(sizes.dimensions, width, outputs, kernel=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.down(x, x.new_zeros(len(x), 0)))


class _Decoder(nn.Module):
    def __init__(self, sizes: GridSizes, inputs: int, bounded: bool) -> None:
        super().__init__()
        self.start = convolution(sizes.dimensions, inputs, sizes.widths[-1])
        self.up = GridUp(sizes, 0, bounded)

    def forward(self, code: Tensor) -> Tensor:
        return self.up(self.start(code), code.new_zeros(len(code), 0))


def _levels(space: list[int], most: int) -> list[tuple[int, ...]]:
    """Spatial lengths, each level half of the one before where it is longer than four, until few enough are left."""
    levels = [tuple(space)]
    while math.prod(levels[-1]) > most:
        smaller = tuple(math.ceil(length / 2) if length > 4 else length for length in levels[-1])
        if strides(levels[-1], smaller) == (1,) * len(smaller):
            break
        levels.append(smaller)
    return levels


def _token_layout(count: int, places: int) -> Tokens:
    """Sequences of exactly ``places`` tokens below ``count``, in the order of the map's rows."""
    transitions = tuple((place + 1, -1) for place in range(places))
    grammar = Grammar(classes=(*(0,) * count, 1), transitions=(*transitions, (-1, -1)), ends=(places,))
    return Tokens(vocabulary=count + 1, length=places, padding=count, grammar=grammar)
