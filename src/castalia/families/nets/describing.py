"""What a decoder of rows has to know of each column before training: repeated values, bounds, spacing."""

import numpy as np
from numpy.typing import NDArray

from castalia.core.representation import Continuous
from castalia.families.nets.columns import Column

MOST_ATOMS = 64
ATOM_SHARE = 0.01
ATOM_COUNT = 20
"""A value is an atom when at least so large a share of the rows, and so many of them, repeat it exactly."""


def describe_columns(layout: Continuous, data: NDArray[np.generic]) -> list[Column]:
    """One column for each categorical segment and each entry of the real ones, in the layout's order."""
    columns: list[Column] = []
    covered = 0
    for segment in sorted(layout.segments, key=lambda one: one.start):
        columns += [_real(index, data) for index in range(covered, segment.start)]
        if segment.kind == "categorical":
            columns.append(Column(kind="categorical", start=segment.start, width=segment.width))
        else:
            columns += [_real(index, data) for index in range(segment.start, segment.stop)]
        covered = segment.stop
    return columns + [_real(index, data) for index in range(covered, layout.shape[0])]


def _real(index: int, data: NDArray[np.generic]) -> Column:
    values = np.asarray(data[:, index], dtype=np.float32)
    distinct, counts = np.unique(values, return_counts=True)
    least = max(ATOM_COUNT, ATOM_SHARE * len(values))
    frequent = np.argsort(counts, kind="stable")[::-1][:MOST_ATOMS]
    atoms = [float(distinct[place]) for place in sorted(frequent) if counts[place] >= least]
    gaps = np.diff(distinct)
    floor = 0.4 * float(np.median(gaps)) if len(gaps) else 0.01
    return Column(
        kind="real",
        start=index,
        atoms=atoms,
        low=float(distinct[0]),
        high=float(distinct[-1]),
        floor=min(0.2, max(0.01, floor)),
    )
