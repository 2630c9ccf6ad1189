"""The VAE family: sizes from the dial and the data, and the learner for rows or for grids."""

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.representation import Conditions, Continuous, Layout
from castalia.families.contract import Learner, Size
from castalia.families.nets.convolution import patch_factor
from castalia.families.nets.describing import describe_columns
from castalia.families.nets.sizes import SCALES, batch_size, continuous, fine_channels, grid_levels, grid_widths
from castalia.families.vae.grids import GridConfig, GridVae
from castalia.families.vae.options import VaeOptions
from castalia.families.vae.rows import RowConfig, RowVae


class VaeFamily:
    """Builds VAEs: rows of columns for layouts of rank 1, convolution networks for signals, pictures and films."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`."""
        options = cast("VaeOptions", options)
        layout = continuous(layout, "A VAE")
        common: dict[str, object] = {
            "rate": options.rate,
            "weight_decay": options.weight_decay,
            "epochs": options.epochs or 400.0,
            "context": min(256, max(32, 0 if conditions is None else conditions.width)),
        }
        derived = _rows if len(layout.shape) == 1 else _grid
        return common | derived(layout, size, options, data)

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """See `castalia.families.contract.Family.build`."""
        layout = cast("Continuous", layout)
        if len(layout.shape) == 1:
            return RowVae(conditions, RowConfig.model_validate(config))
        return GridVae(layout, conditions, GridConfig.model_validate(config))


def _rows(layout: Continuous, size: Size, options: VaeOptions, data: NDArray[np.generic]) -> dict[str, object]:
    scale = SCALES[size]
    columns = describe_columns(layout, data)
    inner = min(1024, max(64 * scale, 16 * len(columns)))
    few = len(data) < 2000
    return {
        "batch": options.batch or batch_size(len(data), 60, 32, 256),
        "columns": [column.model_dump() for column in columns],
        "latent": options.latent or min(8 * scale, 2 * len(columns)),
        "hidden": inner // 2 if few else inner,
        "blocks": 2 if scale < 3 else 3,
        "components": 4 if few else 8,
        "flow_layers": 2 + 2 * scale,
        "dropout": _dropout(options, len(data)),
    }


def _grid(layout: Continuous, size: Size, options: VaeOptions, data: NDArray[np.generic]) -> dict[str, object]:
    scale = SCALES[size]
    patch = patch_factor(layout.shape[1:])
    levels = grid_levels(layout.shape[1:], patch)
    width = 32 * scale if patch > 1 else 16 * scale
    if len(layout.shape) == 4:
        width //= 2  # kernels over three axes cost three times as much: more steps are worth more than width
    return {
        "batch": options.batch or batch_size(len(data), 60, 32, 64),
        "distinct": True,
        "reads": True,
        "guidance": 4.0,
        "patch": patch,
        "levels": levels,
        "widths": grid_widths(width, len(levels)),
        "blocks": 1 if scale < 3 else 2,
        "fine": fine_channels(layout.shape[0], patch),
        "latent": options.latent or min(16 * scale, max(2, math.prod(layout.shape) // 4)),
        "flow_layers": 4 + 2 * scale,
        "dropout": _dropout(options, len(data)),
    }


def _dropout(options: VaeOptions, count: int) -> float:
    """A tenth, nothing where items are plenty."""
    return options.dropout if options.dropout is not None else (0.1 if count < 20000 else 0.0)
