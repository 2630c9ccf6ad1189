"""The transformer family: sizes from the dial and the data, and the learner."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Layout
from castalia.families.contract import Learner, Size
from castalia.families.nets.autoregressive import Autoregressive, TokenConfig, common_config, tokens_of
from castalia.families.nets.llama import Llama, LlamaSizes
from castalia.families.transformer.options import TransformerOptions

_SHAPES: dict[str, tuple[int, int]] = {"tiny": (128, 4), "small": (160, 4), "medium": (192, 5), "large": (320, 6)}
"""Width and layers by size."""
HEAD = 32
"""Width of a head."""
TOKENS_A_STEP = {"tiny": 1024, "small": 1024, "medium": 2048, "large": 4096}


class TransformerConfig(TokenConfig):
    """Derived numbers: those of the training, and of the network."""

    net: LlamaSizes


class TransformerFamily:
    """Builds decoders of the Llama kind."""

    def derive(
        self,
        layout: Layout,
        conditions: Conditions | None,  # noqa: ARG002 - the size does not depend on them
        size: Size,
        options: BaseModel,
        data: NDArray[np.generic],
    ) -> dict[str, object]:
        """See `castalia.families.contract.Family.derive`."""
        options = cast("TransformerOptions", options)
        common = common_config(layout, options, data, TOKENS_A_STEP[size])
        layout = tokens_of(layout)
        width, layers = options.width or _SHAPES[size][0], options.layers or _SHAPES[size][1]
        heads = options.heads or max(1, width // HEAD)
        key_heads = options.key_heads or heads
        if width % heads or heads % key_heads or (width // heads) % 2:
            raise BadRequest(
                f"{heads} heads and {key_heads} heads of keys do not fit a width of {width}.",
                hint="The width must be an even multiple of the heads, and these a multiple of those of keys.",
            )
        sizes = LlamaSizes(
            vocabulary=layout.vocabulary,
            layers=layers,
            width=width,
            heads=heads,
            key_heads=key_heads,
            hidden=max(32, 32 * round(width * 8 / 3 / 32)),
            context=layout.length,
            tied=layout.vocabulary > 1024 if options.tied is None else options.tied,
            rope_base=10000.0,
            epsilon=1e-5,
            dropout=options.dropout if options.dropout is not None else 0.0,
            repeating=options.repeating,
        )
        return common | {"net": sizes.model_dump()}

    def build(self, layout: Layout, conditions: Conditions | None, config: dict[str, object]) -> Learner:
        """See `castalia.families.contract.Family.build`."""
        checked = TransformerConfig.model_validate(config)
        return Transformer(tokens_of(layout), conditions, checked)


class Transformer(Autoregressive):
    """A decoder of the Llama kind under training, or serving."""

    def __init__(self, layout: Layout, conditions: Conditions | None, config: TransformerConfig) -> None:
        super().__init__(tokens_of(layout), conditions, config, Llama(config.net), config.net.width)
