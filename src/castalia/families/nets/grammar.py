"""A grammar of tokens as tables: what may come next, so that a sequence can still end in time."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from castalia.core.errors import BadRequest
from castalia.core.representation import Grammar, Tokens

NEVER = 2**30
"""The distance of states from which no end is reached."""


class Rules(nn.Module):
    """The automaton of a layout; a layout without grammar has one state in which everything may come and end.

    ``kinds`` (vocabulary,) is each token's class, that of the padding one more than all others. ``following``
    (states + 1, classes + 1) is the state after a token of a class, -1 where none may come: the last row is that of
    faults (it is found at -1), which stay faults, and the last column that of padding, which changes nothing.
    ``distance`` (states + 1,) counts the fewest tokens to a state of ``ends``. In a stream nothing ends: there it is
    zero for states from which one can go on for ever, else NEVER.
    """

    kinds: Tensor
    following: Tensor
    distance: Tensor
    ends: Tensor

    def __init__(self, layout: Tokens) -> None:
        super().__init__()
        grammar = layout.grammar or Grammar(classes=(0,) * layout.vocabulary, transitions=((0,),), ends=(0,))
        self.trivial = layout.grammar is None
        self.layout = layout
        following = np.asarray(grammar.transitions)
        ends = np.isin(np.arange(len(following)), grammar.ends)
        distance = _endless(following) if layout.stream else _shortest(following, ends)
        if distance[0] > layout.length:
            raise BadRequest(
                f"No sequence of at most {layout.length} tokens obeys this grammar: it never reaches an end.",
                hint="Give a longer length, or mend the grammar.",
            )
        kinds = np.asarray(grammar.classes)
        kinds[layout.padding] = following.shape[1]
        staying = np.arange(len(following))[:, None]
        whole = np.pad(np.concatenate([following, staying], axis=1), ((0, 1), (0, 0)), constant_values=-1)
        named = {
            "kinds": kinds,
            "following": whole,
            "distance": np.append(distance, NEVER),
            "ends": np.append(ends & (not layout.stream), False),
        }
        for name, values in named.items():
            self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def allowed(self, states: Tensor, room: Tensor | int) -> Tensor:
        """Which tokens may come (..., vocabulary) in ``states`` (...) when ``room`` (...) places are left."""
        after = self.following[states]
        room = room if isinstance(room, int) else room[..., None]
        may = (self.distance[after] < room)[..., self.kinds]
        may[..., self.layout.padding] = self.ends[states]
        return may

    def after(self, states: Tensor, tokens: Tensor) -> Tensor:
        """The states after ``tokens``, -1 where one was not allowed; padding and earlier faults change nothing."""
        return self.following[states, self.kinds[tokens]]

    def read(self, data: Tensor) -> Tensor:
        """The states (batch, length + 1) before each token of ``data`` (batch, length), and after the last."""
        table, width = self.following.flatten(), self.following.shape[1]
        states = [data.new_zeros(len(data))]
        for kinds in self.kinds[data].unbind(dim=1):
            states.append(table.take(width * states[-1] + kinds))
        return torch.stack(states, dim=1)

    def check(self, data: NDArray[np.generic]) -> None:
        """Raise BadRequest unless all items (n, length) obey."""
        if self.trivial or self.layout.stream:
            return
        for start in range(0, len(data), 4096):
            states = self.read(torch.from_numpy(np.asarray(data[start : start + 4096], dtype=np.int64)))
            wrong = (states < 0).any(dim=1)
            unfinished = ~self.ends[states[:, -1]]
            if bool((wrong | unfinished).any()):
                item = int((wrong | unfinished).nonzero()[0])
                place = int((states[item] < 0).nonzero()[0]) - 1 if bool(wrong[item]) else data.shape[1]
                raise BadRequest(
                    f"Item {start + item} of the training data breaks the grammar at token {place}.",
                    hint="The modality's grammar and its encoding disagree: correct one of them.",
                )


def _shortest(following: NDArray[np.int64], ends: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The fewest tokens (states,) from each state to an end, by going backwards until nothing gets shorter."""
    distance = np.where(ends, 0, NEVER)
    while True:
        ahead = np.where(following >= 0, distance[following], NEVER).min(axis=1)
        shorter = np.minimum(distance, np.minimum(ahead + 1, NEVER))
        if np.array_equal(shorter, distance):
            return distance
        distance = shorter


def _endless(following: NDArray[np.int64]) -> NDArray[np.int64]:
    """Zero for states with a way on that never runs into a dead end, else NEVER."""
    alive = np.ones(len(following), dtype=bool)
    while True:
        still = alive & ((following >= 0) & alive[following]).any(axis=1)
        if np.array_equal(still, alive):
            return np.where(alive, 0, NEVER)
        alive = still
