"""The VAE of rows: dense encoder, flow prior, and a decoder that draws column after column."""

import torch
from torch import Tensor, nn

from castalia.core.representation import Conditions
from castalia.families.nets.columns import Column, ColumnNet
from castalia.families.vae.latent import LatentConfig, Terms, Vae, bounded_log_std

FREE_NATS = 1.0
"""The KL term costs nothing below this, else a decoder that sees earlier columns would leave the latent unused."""


class RowConfig(LatentConfig):
    """Derived numbers of the VAE of rows."""

    columns: list[Column]
    hidden: int
    blocks: int
    components: int


class RowVae(Vae):
    """x (batch, features) of real and one-hot columns."""

    encoder: nn.Sequential
    decoder: ColumnNet

    def __init__(self, conditions: Conditions | None, config: RowConfig) -> None:
        super().__init__(conditions, config, len(config.columns))
        features = max(column.start + column.width for column in config.columns)
        context = self.embedding.features
        self.encoder = nn.Sequential(
            nn.Linear(features + context, config.hidden),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, 2 * config.latent),
        )
        self.decoder = ColumnNet(
            config.columns, config.latent + context, config.hidden, config.blocks, config.components, config.dropout
        )
        self.scales = nn.Module()

    def terms(self, x: Tensor, context: Tensor) -> Terms:
        """See `Vae.terms`."""
        mean, log_std = self.encoder(torch.cat([x.clamp(-5.0, 5.0), context], dim=1)).float().chunk(2, dim=1)
        log_std = bounded_log_std(log_std)
        noise = torch.randn_like(mean)
        z = mean + log_std.exp() * noise
        distortion = -self.decoder.log_prob(x, torch.cat([z, context], dim=1))
        divergence = self.vector_kl(z, log_std, noise, context)
        if self.training:
            divergence = divergence + (FREE_NATS - divergence.mean()).clamp(min=0)
        return Terms(distortion, divergence)

    def decode(self, z: Tensor, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        """See `Vae.decode`."""
        return self.decoder.draw(torch.cat([z, context], dim=1), generator, temperature)
