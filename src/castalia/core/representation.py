"""Layouts: what a modality and a family agree on, without knowing each other.

A modality turns its items into arrays of one layout and back; a family learns arrays of that layout. Arrays cross the
boundary as NumPy float32 (continuous) or int64 (tokens).
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

Kind = Literal["continuous", "tokens"]
"""The two kinds of layout."""


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


class Grammar(BaseModel):
    """Which token may follow which: a finite automaton over classes of tokens.

    ``classes`` gives each token's class. ``transitions[state][class]`` is the state after a token of that class, or -1
    where none may come. A sequence starts in state 0 and may end (padding follows) in the states of ``ends``. The
    padding token stands outside: its class is never asked for.
    """

    model_config = ConfigDict(frozen=True)

    classes: tuple[int, ...]
    transitions: tuple[tuple[int, ...], ...]
    ends: tuple[int, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> "Grammar":
        count, states = max(self.classes) + 1, len(self.transitions)
        if any(len(row) != count for row in self.transitions):
            raise ValueError(f"every state needs a transition for each of the {count} classes")
        if any(not -1 <= state < states for row in self.transitions for state in (*row, *self.ends)):
            raise ValueError(f"a state is outside 0 to {states - 1}")
        return self


class Tokens(BaseModel):
    """Sequences of token numbers below ``vocabulary``, at most ``length`` long; ``padding`` fills the rest.

    ``padding`` is a token of its own: it means "the end" and comes nowhere else. A ``stream`` is learnt from one long
    sequence (n,) of which every window of ``length`` tokens is an item; it has no end, and padding is never learnt.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["tokens"] = "tokens"
    vocabulary: int
    length: int
    padding: int = 0
    stream: bool = False
    grammar: Grammar | None = None


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
