"""What a trained network and its tokens are to a file of another program: neither knows the other, as in training."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

TokenKind = Literal["control", "symbol", "bytes"]
"""A token that is never text, one whose name is its text, one of byte-level byte pairs (in GPT-2's spelling)."""


@dataclass(frozen=True)
class Network:
    """Weights under the names of GGUF's ``architecture``, with its numbers (``block_count``, ...) without prefix."""

    architecture: str
    numbers: dict[str, int | float]
    tensors: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a representation in their order.

    ``end`` is the token that ends what is written. ``conditions`` holds the values of each group of conditions.
    ``closing`` is the text that ends a request before its answer; empty for what goes on from any text.
    """

    tokens: tuple[str, ...]
    kinds: tuple[TokenKind, ...]
    end: int
    merges: tuple[str, ...] = ()
    conditions: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    closing: str = ""
