"""What a vector says of each place of a grid."""

import math
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from castalia.families.nets.convolution import convolution


class ContextMaps(nn.Module):
    """context (batch, context) -> features (batch, width, *space), to be added to a network's own.

    A vector that scales and shifts channels says the same at every place, so a network of convolutions has to make out
    of paddings and noise where the things lie that a caption or a class names. Here a small network tells ``channels``
    numbers of each place; next to convolutions that costs nothing.
    """

    def __init__(self, context: int, channels: int, width: int, space: Sequence[int]) -> None:
        super().__init__()
        self.space = tuple(space)
        self.told = nn.Sequential(
            nn.Linear(context, 2 * context), nn.SiLU(), nn.Linear(2 * context, channels * math.prod(space))
        )
        self.output = convolution(len(self.space), channels, width, kernel=1)
        nn.init.zeros_(cast("Tensor", self.output.bias))

    def forward(self, context: Tensor) -> Tensor:
        """See the class."""
        return self.output(self.told(context).unflatten(1, (-1, *self.space)))
