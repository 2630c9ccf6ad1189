"""Layouts: what a modality and a family agree on, without knowing each other.

A modality turns its items into arrays of one layout and back; a family learns arrays of that layout. Arrays cross the
boundary as NumPy float32 (continuous) or int64 (tokens).
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Segment(BaseModel):
    """A run of entries along the feature axis that belong together.

    ``real``: standardised numbers, width 1 or more. ``categorical``: one-hot of ``width`` categories (decoders answer
    with probabilities or a one-hot draw).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["real", "categorical"]
    start: int
    width: int

    @property
    def stop(self) -> int:
        """One past the last entry."""
        return self.start + self.width


class Continuous(BaseModel):
    """Arrays of real numbers, roughly zero-mean and unit-scale.

    ``shape`` is that of one item without the batch axis: ``(features,)``, ``(channels, length)``,
    ``(channels, height, width)`` or ``(channels, frames, height, width)``. Flat layouts may name ``segments`` that
    cover all features; without them every entry is real. ``bounded`` says that all values lie in [-1, 1].
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["continuous"] = "continuous"
    shape: tuple[int, ...]
    segments: tuple[Segment, ...] = ()
    bounded: bool = False


class Tokens(BaseModel):
    """Sequences of token numbers below ``vocabulary``, at most ``length`` long; ``padding`` fills the rest."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["tokens"] = "tokens"
    vocabulary: int
    length: int
    padding: int = 0


Layout = Continuous | Tokens


class Conditions(BaseModel):
    """What a sample may be conditioned on: a vector in named groups, each known or unknown by itself.

    An array of conditions is float32 ``(batch, width)``; beside it goes a boolean ``known`` ``(batch, groups)``.
    Entries of unknown groups are zero. Training hides groups at random so that any subset can be asked for.
    """

    model_config = ConfigDict(frozen=True)

    groups: tuple[Segment, ...]

    @property
    def width(self) -> int:
        """Length of the condition vector."""
        return sum(group.width for group in self.groups)
