"""What every family of continuous arrays works out from a layout and a number of items."""

import math
from collections.abc import Sequence

from castalia.core.errors import BadRequest
from castalia.core.representation import Continuous, Layout
from castalia.families.nets.convolution import resolutions

SCALES: dict[str, int] = {"tiny": 1, "small": 2, "medium": 3, "large": 4}
"""The dial as a factor."""


def continuous(layout: Layout, family: str) -> Continuous:
    """The layout itself when it is continuous with one to four axes. Raises BadRequest, naming the family."""
    if not isinstance(layout, Continuous) or not 1 <= len(layout.shape) <= 4:
        raise BadRequest(
            f"{family} learns continuous arrays of one to four axes; this representation is another kind.",
            hint="Choose another family with --family.",
        )
    return layout


def batch_size(count: int, share: int, least: int, most: int) -> int:
    """A power of two near so small a share of the items, within bounds."""
    return int(2 ** round(math.log2(min(most, max(least, count / share)))))


def grid_levels(space: Sequence[int], patch: int) -> list[list[int]]:
    """Spatial lengths level by level, after blocks of side ``patch`` have become channels."""
    return [list(level) for level in resolutions([length // patch for length in space])]


def grid_widths(width: int, levels: int) -> list[int]:
    """Channels level by level: twice as many below the finest."""
    return [min(width * 2**index, 2 * width) for index in range(levels)]


def fine_channels(channels: int, patch: int) -> int:
    """Channels at full resolution that join the blocks a decoder tells: none without blocks or with many channels."""
    return 8 if patch > 1 and channels <= 4 else 0
