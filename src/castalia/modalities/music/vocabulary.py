"""The tokens of a music model by name, for files of other programs, and the way back from names to a piece.

``<opening><4/4><bar><at 0><voice 1 note 72><for 4>``: positions and durations are in steps of the grid, notes are MIDI
numbers before the piece is moved to its key. Models whose notes last until the next of their voice write no durations,
but ``<voice 1 rests>``.
"""

import re

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import BadRequest
from castalia.core.exporting import TokenKind, Vocabulary
from castalia.modalities.music.piece import Piece
from castalia.modalities.music.representation import PADDING, MusicRepresentation, in_key, restored

NAME = re.compile(r"<[^<>]*>")


def vocabulary(config: dict[str, object]) -> Vocabulary:
    """Of the representation that ``config`` describes. Raises KeyError, TypeError for no such representation."""
    view = restored(config)
    names = token_names(view)
    kinds: list[TokenKind] = ["control", *("symbol" for _ in names[1:])]
    return Vocabulary(names, tuple(kinds), end=PADDING, conditions=view.groups)


def token_names(view: MusicRepresentation) -> tuple[str, ...]:
    """The name of every token, in order."""
    names = [
        "<end>",
        "<opening>",
        "<middle>",
        "<final>",
        "<bar>",
        *(f"<{beats}/{kind}>" for beats, kind in view.metres),
    ]
    names += [f"<at {step}>" for step in range(max(view.steps))]
    names += [f"<for {duration}>" for duration in view.durations]
    names += [f"<loudness {velocity}>" for velocity in view.velocities]
    for number, voice in enumerate(view.voices):
        names += [f"<voice {number + 1} note {pitch}>" for pitch in range(voice.low, voice.high + 1)]
    if view.lasting:
        names += [f"<voice {number + 1} rests>" for number in range(len(view.voices))]
    return tuple(names)


def read_names(view: MusicRepresentation, text: str) -> NDArray[np.int64]:
    """The tokens (n,) that are named in a text. Raises BadRequest for names that are none."""
    numbers = {name: number for number, name in enumerate(token_names(view))}
    found = NAME.findall(text)
    unknown = [name for name in found if name not in numbers]
    if unknown or not found:
        raise BadRequest(
            f"{unknown[0] if unknown else 'The text'} is no token of this model.",
            hint="Give what the exported model wrote, and the representation in its config.json.",
        )
    return np.asarray([numbers[name] for name in found], dtype=np.int64)


def composed(view: MusicRepresentation, text: str, tonic: int = 0, *, minor: bool = False) -> Piece:
    """The piece that an exported model wrote as names, in a key. A last note that was cut off is left out.

    Raises BadRequest for names that are no tokens, and for an order of them that is no music: other programs do not
    know the grammar.
    """
    tokens = read_names(view, text)
    grammar = view.layout.grammar
    state, whole = 0, 0
    for place, token in enumerate(tokens.tolist()):
        if grammar is None or token == PADDING:
            break
        state = grammar.transitions[state][grammar.classes[token]]
        if state < 0:
            name = token_names(view)[token]
            raise BadRequest(f"{name} cannot stand at place {place}.", hint="Generate again with another seed.")
        if state in grammar.ends:
            whole = place + 1
    return in_key(view.decode(tokens[:whole]), tonic, minor=minor)
