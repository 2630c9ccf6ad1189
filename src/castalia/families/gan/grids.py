"""The GAN of signals, pictures and films."""

import torch
from torch import Tensor

from castalia.core.representation import Conditions, Continuous
from castalia.families.gan.critics import GridCritic
from castalia.families.gan.game import GameConfig, Gan
from castalia.families.nets.grids import GridDecoder, GridSizes
from castalia.families.nets.reading import Reader
from castalia.families.nets.wavelet import haar_bands, level_count


class GridConfig(GameConfig):
    """Derived numbers of the GAN of grids; see `castalia.families.nets.grids.GridSizes`."""

    patch: int
    levels: list[tuple[int, ...]]
    widths: list[int]
    blocks: int
    fine: int = 0
    critic_patch: int
    critic_levels: list[tuple[int, ...]]
    critic_widths: list[int]


class GridGan(Gan):
    """x (batch, channels, *space) with one to three spatial axes."""

    def __init__(self, layout: Continuous, conditions: Conditions | None, config: GridConfig) -> None:
        super().__init__(conditions, config)
        sizes = GridSizes(
            channels=layout.shape[0],
            patch=config.patch,
            levels=tuple(config.levels),
            widths=tuple(config.widths),
            blocks=config.blocks,
            latent=config.latent,
            dropout=0.0,
            fine=config.fine,
        )
        judged = GridSizes(
            channels=layout.shape[0],
            patch=config.critic_patch,
            levels=tuple(config.critic_levels),
            widths=tuple(config.critic_widths),
            blocks=config.blocks,
            latent=config.latent,
            dropout=0.0,
        )
        self.bands = level_count(layout.shape)
        self.generator = GridDecoder(sizes, self.embedding.features, layout.bounded)
        self.critic = GridCritic(judged, self.critic_embedding.features)
        if conditions is not None and config.reading > 0:
            self.reader = Reader(conditions, self.critic.width)

    def make(self, noise: Tensor, context: Tensor, generator: torch.Generator | None, temperature: float) -> Tensor:  # noqa: ARG002 - the noise is all the chance
        """See `Gan.make`."""
        return self.generator(torch.cat([noise, context], dim=1))

    def seen(self, x: Tensor) -> Tensor:
        """The items themselves."""
        return x

    def finished(self, made: Tensor) -> Tensor:
        """The items themselves."""
        return made

    def compared(self, seen: Tensor) -> list[Tensor]:
        """Wavelet bands, so that fine detail, whose numbers are small, counts by itself."""
        return [band.flatten(1) for band in haar_bands(seen, self.bands)]
