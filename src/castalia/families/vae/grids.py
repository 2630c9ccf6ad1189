"""The VAE of signals, pictures and films: convolutions, and a likelihood with a scale for each band of detail."""

import math

import torch
from torch import Tensor, nn

from castalia.core.representation import Conditions, Continuous
from castalia.families.nets.grids import GridDecoder, GridEncoder, GridSizes
from castalia.families.nets.wavelet import band_count, haar_bands, level_count
from castalia.families.vae.latent import LatentConfig, Vae, bounded_log_std

LEAST_LOG_SCALE = math.log(0.01)
"""A band's scale stays above a hundredth of the data's: finer differences cannot be seen."""


class GridConfig(LatentConfig):
    """Derived numbers of the VAE of grids; see `castalia.families.nets.grids.GridSizes`."""

    patch: int
    levels: list[tuple[int, ...]]
    widths: list[int]
    blocks: int


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
        )
        self.levels = level_count(layout.shape)
        self.encoder = GridEncoder(sizes, self.embedding.features, 2 * config.latent)
        self.decoder = GridDecoder(sizes, self.embedding.features, layout.bounded)
        self.scales = BandScales(band_count(layout.shape, self.levels))

    def terms(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """See `Vae.terms`."""
        mean, log_std = self.encoder(x, context).float().chunk(2, dim=1)
        log_std = bounded_log_std(log_std)
        noise = torch.randn_like(mean)
        z = mean + log_std.exp() * noise
        mean_x = self.decoder(torch.cat([z, context], dim=1))
        return self.scales(x - mean_x.float(), self.levels), self.vector_kl(z, log_std, noise, context)

    def decode(self, z: Tensor, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:  # noqa: ARG002 - the contract's
        """See `Vae.decode`: the mean of the pixels; their noise is below what can be seen."""
        return self.decoder(torch.cat([z, context], dim=1))
