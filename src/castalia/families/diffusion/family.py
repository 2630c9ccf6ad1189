"""The diffusion family: sizes from the dial and the data, and the learner for rows or for grids."""

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Layout
from castalia.families.contract import Learner, Size
from castalia.families.diffusion.grids import GridConfig, GridDiffusion
from castalia.families.diffusion.options import DiffusionOptions
from castalia.families.diffusion.rows import RowConfig, RowDiffusion
from castalia.families.nets.conditions import is_wide
from castalia.families.nets.convolution import patch_factor
from castalia.families.nets.sizes import SCALES, batch_size, continuous, grid_levels, grid_widths

_WIDTHS: dict[str, int] = {"tiny": 48, "small": 64, "medium": 96, "large": 128}
"""Channels at the finest level; 1.1 million parameters for 28 x 28 pictures at ``small``."""
ATTENTION_PLACES = 64
"""Attention where a level has at most so many places (and one level at least)."""
MOST_COLOURS = 4
"""Channels of a picture or film at most: what has more is a code."""
UNSHIFTED = (20, 56)
"""Root of the numbers of a signal, and of a picture or film, up to which times are not shifted (56: 32 x 32 pixels in
colour)."""

CAPTIONED = 3.0
"""Times are shifted so many times further where captions say what an item is: they do so in noise."""

DRAFTED = 8
"""Hidden units of a draft for each channel at the finest level."""


class DiffusionFamily:
    """Builds diffusion models: dense ones for rows, U-Nets or DiTs for signals, pictures and films."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`."""
        options = cast("DiffusionOptions", options)
        layout = continuous(layout, "Diffusion")
        common: dict[str, object] = {
            "path": options.path,
            "prediction": "velocity" if options.prediction == "auto" else options.prediction,
            "rate": options.rate,
            "weight_decay": options.weight_decay,
            "embedding": min(256, max(64, 0 if conditions is None else conditions.width)),
            "dropout": options.dropout if options.dropout is not None else 0.1 if len(data) < 20000 else 0.0,
        }
        if len(layout.shape) == 1:
            return common | _rows(layout, size, options, data)
        return common | _grid(layout, conditions, size, options, data)

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """See `castalia.families.contract.Family.build`."""
        layout = cast("Continuous", layout)
        if len(layout.shape) == 1:
            return RowDiffusion(conditions, RowConfig.model_validate(config))
        return GridDiffusion(layout, conditions, GridConfig.model_validate(config))


def _rows(layout: Continuous, size: Size, options: DiffusionOptions, data: NDArray[np.generic]) -> dict[str, object]:
    scale = SCALES[size]
    width = options.width or min(1024, max(128 * scale, 64 * math.ceil(layout.shape[0] / 64)))
    return {
        "batch": options.batch or batch_size(len(data), 60, 64, 512),
        "epochs": options.epochs or 1000.0,
        "context": width // 2,
        "shift": options.shift or 1.0,
        "segments": [segment.model_dump() for segment in layout.segments],
        "scale": 2.0,
        "width": width,
        "blocks": options.blocks or 2 + scale,
        "lows": [float(one) for one in np.min(data, axis=0)],
        "highs": [float(one) for one in np.max(data, axis=0)],
        "steps": 32,
        "guidance": 1.0,
    }


def _grid(
    layout: Continuous,
    conditions: Conditions | None,
    size: Size,
    options: DiffusionOptions,
    data: NDArray[np.generic],
) -> dict[str, object]:
    fold = len(layout.shape) == 4 if options.fold is None else options.fold and len(layout.shape) == 4
    scale, space = SCALES[size], layout.shape[2 if fold else 1 :]
    net = "unet" if options.net == "auto" else options.net
    patch = options.patch or _patch(layout.shape[0], space, size)
    if any(length % patch for length in space):
        raise BadRequest(f"Blocks of {patch} do not tile {' x '.join(map(str, space))}.", hint="Choose another patch.")
    levels = grid_levels(space, patch)
    width = options.width or _width(layout.shape[0], space, size)
    places = [math.prod(level) for level in levels]
    # noise of more numbers a moment than the network is wide does not fit through it, and velocity is half noise
    narrow = len(space) == 1 and layout.shape[0] * patch > width
    told: dict[str, object] = {"prediction": "data"} if narrow and options.prediction == "auto" else {}
    usual = max(1.0, math.sqrt(math.prod(layout.shape)) / UNSHIFTED[len(space) > 1])
    captioned = conditions is not None and any(is_wide(group) for group in conditions.groups)
    if captioned:
        usual *= CAPTIONED
    return told | {
        "batch": options.batch or batch_size(len(data), 60, 16, 32),
        "epochs": options.epochs or 1000.0,
        "shift": options.shift or round(usual, 2),
        "context": 2 * width,
        "centre": float(np.asarray(data, dtype=np.float32).mean()),
        "spread": max(float(np.asarray(data, dtype=np.float32).std()), 1e-3),
        "net": net,
        "fold": fold,
        "passing": net == "unet",
        "maps": width // 2 if net == "unet" and conditions is not None else 0,
        "draft": DRAFTED * width if net == "unet" and captioned and options.draft else 0,
        "muon": options.muon,
        "patch": patch,
        "levels": levels,
        "widths": grid_widths(width, len(levels)),
        "attention": [count <= ATTENTION_PLACES or count == places[-1] for count in places],
        "blocks": options.blocks or (2 + 2 * scale if net == "dit" else 1 if scale < 4 else 2),
        "steps": 12,
        "guidance": 2.0,
    }


def _is_code(channels: int, space: tuple[int, ...]) -> bool:
    return len(space) > 1 and channels > MOST_COLOURS


def _width(channels: int, space: tuple[int, ...], size: Size) -> int:
    """A third wider for a code, whose few places say much each."""
    return 8 * round(_WIDTHS[size] / 6) if _is_code(channels, space) else _WIDTHS[size]


def _patch(channels: int, space: tuple[int, ...], size: Size) -> int:
    """As coarse as time on a processor asks; half of that for signals, which are cheap, and where time is plenty.
    Places of a code are blocks already."""
    if _is_code(channels, space):
        return 1
    patch = patch_factor(space)
    return max(1, patch // 2) if len(space) == 1 or size == "large" else patch
