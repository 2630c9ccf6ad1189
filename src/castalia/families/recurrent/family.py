"""The recurrent family: sizes from the dial and the data, and the learner."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.representation import Conditions, Layout
from castalia.families.contract import Learner, Size
from castalia.families.nets.autoregressive import Autoregressive, TokenConfig, common_config, tokens_of
from castalia.families.nets.cells import Recurrent, RecurrentSizes
from castalia.families.recurrent.options import RecurrentOptions

_SHAPES: dict[str, tuple[int, int]] = {"tiny": (192, 2), "small": (224, 2), "medium": (256, 2), "large": (384, 3)}
"""Width and layers by size."""
TOKENS_A_STEP = {"tiny": 1024, "small": 1024, "medium": 2048, "large": 4096}


class RecurrentConfig(TokenConfig):
    """Derived numbers: those of the training, and of the network."""

    net: RecurrentSizes


class RecurrentFamily:
    """Builds LSTMs and GRUs."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,  # noqa: ARG002 - the size does not depend on them
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`."""
        options = cast("RecurrentOptions", options)
        common = common_config(layout, options, data, TOKENS_A_STEP[size])
        layout = tokens_of(layout)
        sizes = RecurrentSizes(
            vocabulary=layout.vocabulary,
            layers=options.layers or _SHAPES[size][1],
            width=options.width or _SHAPES[size][0],
            cell=options.cell,
            tied=layout.vocabulary > 1024,
            dropout=options.dropout if options.dropout is not None else 0.0,
        )
        return common | {"net": sizes.model_dump()}

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """See `castalia.families.contract.Family.build`."""
        return RecurrentLearner(layout, conditions, RecurrentConfig.model_validate(config))


class RecurrentLearner(Autoregressive):
    """An LSTM or GRU under training, or serving."""

    def __init__(self, layout: Layout, conditions: Conditions | None, config: RecurrentConfig) -> None:
        net = Recurrent(config.net)
        self.parts = net.gates
        super().__init__(tokens_of(layout), conditions, config, net, config.net.width)
