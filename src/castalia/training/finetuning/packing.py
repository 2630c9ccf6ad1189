"""Several examples in one row of tokens, so that few positions are empty; no example sees another.

A row is (3, length) int32: tokens, whether each is learnt, and the number of its example in the row (0 where the row
is empty). `castalia.training.finetuning.learner` makes the attention mask and the positions from the last.
"""

from collections.abc import Sequence as Several

import numpy as np
from numpy.typing import NDArray

from castalia.training.finetuning.rendering import ENOUGH, USUAL, Sequence


def packed(sequences: Several[Sequence]) -> NDArray[np.int32]:
    """All sequences in rows (n, 3, length), the longest first into the first row with room for it.

    The length is that of the longest sequence or `USUAL`, less where the rows would be too few.
    """
    total, longest = sum(len(one.tokens) for one in sequences), max(len(one.tokens) for one in sequences)
    length = max(longest, min(USUAL, total // ENOUGH))
    rows: list[list[Sequence]] = []
    room: list[int] = []
    for one in sorted(sequences, key=lambda one: -len(one.tokens)):
        place = next((index for index, left in enumerate(room) if left >= len(one.tokens)), None)
        if place is None:
            rows.append([])
            room.append(length)
            place = len(rows) - 1
        rows[place].append(one)
        room[place] -= len(one.tokens)
    data = np.zeros((len(rows), 3, length), dtype=np.int32)
    for row, content in zip(data, rows, strict=True):
        start = 0
        for number, one in enumerate(content, 1):
            end = start + len(one.tokens)
            row[0, start:end] = one.tokens
            row[1, start + 1 : end] = one.learnt[1:]  # nothing comes before the first: it cannot be predicted
            row[2, start:end] = number
            start = end
    return data
