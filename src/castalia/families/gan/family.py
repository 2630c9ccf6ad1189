"""The GAN family: sizes from the dial and the data, and the learner for rows or for grids."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.representation import Conditions, Continuous, Layout
from castalia.families.contract import Learner, Size
from castalia.families.gan.grids import GridConfig, GridGan
from castalia.families.gan.options import GanOptions
from castalia.families.gan.rows import RowConfig, RowGan
from castalia.families.nets.convolution import patch_factor
from castalia.families.nets.describing import describe_columns
from castalia.families.nets.sizes import SCALES, batch_size, continuous, fine_channels, grid_levels, grid_widths


class GanFamily:
    """Builds GANs: dense networks for layouts of rank 1, convolution networks for signals, pictures and films."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`."""
        options = cast("GanOptions", options)
        layout = continuous(layout, "A GAN")
        common: dict[str, object] = {
            "epochs": options.epochs or 1000.0,
            "context": min(256, max(32, 0 if conditions is None else conditions.width)),
        }
        derived = _rows if len(layout.shape) == 1 else _grid
        return common | derived(layout, size, options, data)

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """See `castalia.families.contract.Family.build`."""
        layout = cast("Continuous", layout)
        if len(layout.shape) == 1:
            return RowGan(conditions, RowConfig.model_validate(config))
        return GridGan(layout, conditions, GridConfig.model_validate(config))


def _rows(layout: Continuous, size: Size, options: GanOptions, data: NDArray[np.generic]) -> dict[str, object]:
    scale = SCALES[size]
    columns = describe_columns(layout, data)
    return {
        "rate": options.rate or 2e-3,
        "batch": options.batch or batch_size(len(data), 30, 32, 256),
        "penalty": 0.1 if options.penalty is None else options.penalty,
        "penalty_every": options.penalty_every or 1,
        "columns": [column.model_dump() for column in columns],
        "latent": options.latent or min(128, max(16, 2 * len(columns))),
        "hidden": min(512, 96 * scale),
        "blocks": 1 if scale < 2 else 2,
    }


def _grid(layout: Continuous, size: Size, options: GanOptions, data: NDArray[np.generic]) -> dict[str, object]:
    scale = SCALES[size]
    space = layout.shape[1:]
    patch = patch_factor(space)
    critic_patch = patch
    width = 32 * scale
    levels, critic_levels = grid_levels(space, patch), grid_levels(space, critic_patch)
    return {
        "rate": options.rate or 2e-3,
        "distinct": True,
        "reading": 0.3,
        "batch": options.batch or batch_size(len(data), 30, 32, 64),
        "penalty": 1.0 if options.penalty is None else options.penalty,
        "penalty_every": options.penalty_every or 2,
        "patch": patch,
        "levels": levels,
        "widths": grid_widths(width, len(levels)),
        "blocks": 1 if scale < 3 else 2,
        "fine": fine_channels(layout.shape[0], patch),
        "latent": options.latent or 32 * min(scale, 2),
        "critic_patch": critic_patch,
        "critic_levels": critic_levels,
        "critic_widths": grid_widths(width, len(critic_levels)),
    }
