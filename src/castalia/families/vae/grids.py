"""The VAE of signals, pictures and films: convolutions, and a likelihood with a scale for each band of detail."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.representation import Conditions, Continuous
from castalia.families.nets.grids import GridDecoder, GridEncoder, GridSizes
from castalia.families.nets.reading import Reader
from castalia.families.nets.wavelet import band_count, haar_bands, level_count
from castalia.families.vae.latent import LatentConfig, Terms, Vae, bounded_log_std

LEAST_LOG_SCALE = math.log(0.01)
"""A band's scale stays above a hundredth of the data's: finer differences cannot be seen."""


class GridConfig(LatentConfig):
    """Derived numbers of the VAE of grids; see `castalia.families.nets.grids.GridSizes`."""

    patch: int
    levels: list[tuple[int, ...]]
    widths: list[int]
    blocks: int
    fine: int = 0


class BandScales(nn.Module):
    """The log-scale of each wavelet band of the residual x - mean: the optimal-sigma decoder (Rybkin et al., 2021)."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.log_scales = nn.Parameter(torch.full((bands,), -1.0))

    def forward(self, residual: Tensor, levels: int) -> Tensor:
        """-log p(x|z) in nats (batch,) under a Laplace distribution of that scale in every band."""
        total = residual.new_zeros(residual.shape[0])
        for band, raw in zip(haar_bands(residual, levels), self.log_scales, strict=True):
            log_scale = LEAST_LOG_SCALE + nn.functional.softplus(raw - LEAST_LOG_SCALE)
            numbers = band[0].numel()
            total = (
                total + band.abs().flatten(1).sum(dim=1) * (-log_scale).exp() + numbers * (log_scale + math.log(2.0))
            )
        return total


class GridVae(Vae):
    """x (batch, channels, *space) with one to three spatial axes."""

    encoder: GridEncoder
    decoder: GridDecoder
    scales: BandScales
    reader: Reader | None

    def __init__(self, layout: Continuous, conditions: Conditions | None, config: GridConfig) -> None:
        super().__init__(conditions, config, math.prod(layout.shape))
        sizes = GridSizes(
            channels=layout.shape[0],
            patch=config.patch,
            levels=tuple(config.levels),
            widths=tuple(config.widths),
            blocks=config.blocks,
            latent=config.latent,
            dropout=config.dropout,
            fine=config.fine,
        )
        self.levels = level_count(layout.shape)
        self.told = 0 if config.reads else self.embedding.features
        self.encoder = GridEncoder(sizes, self.told, 2 * config.latent)
        if config.reads and conditions is not None:
            self.reader = Reader(conditions, sizes.bottom)
        self.decoder = GridDecoder(sizes, self.embedding.features, layout.bounded)
        self.scales = BandScales(band_count(layout.shape, self.levels))

    def terms(self, x: Tensor, context: Tensor) -> Terms:
        """See `Vae.terms`."""
        hidden = self.encoder.down(x, context[:, : self.told])
        mean, log_std = self.encoder.head(hidden).float().chunk(2, dim=1)
        log_std = bounded_log_std(log_std)
        noise = torch.randn_like(mean)
        z = mean + log_std.exp() * noise
        mean_x = self.decoder(torch.cat([z, context], dim=1))
        divergence = self.vector_kl(z, log_std, noise, context)
        return Terms(self.scales(x - mean_x.float(), self.levels), divergence, _readable(hidden))

    def evidence(self, z: Tensor, items: Tensor, conditions: Tensor, known: Tensor) -> Tensor:
        """See `Vae.evidence`: what is read from the items themselves, where that was learnt."""
        if self.reader is None:
            return super().evidence(z, items, conditions, known)
        hidden = self.encoder.down(items, items.new_zeros(len(items), 0))
        return (self.reader(_readable(hidden), conditions) * known).sum(dim=1)

    def decode(self, z: Tensor, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:  # noqa: ARG002 - the contract's
        """See `Vae.decode`: the mean of the pixels; their noise is below what can be seen."""
        return self.decoder(torch.cat([z, context], dim=1))


def _readable(hidden: Tensor) -> Tensor:
    """Coarsest features (batch, channels, *space) for a reader, of one scale for all items."""
    flat = hidden.flatten(1)
    return functional.silu(functional.layer_norm(flat, flat.shape[1:]))
