"""Growing one tree: exact splits of presorted features, all nodes of a level at once.

CART (Breiman et al., 1984). A split is worth what it takes from the squared error of the targets around their mean,
gain = |S_l|^2 / n_l + |S_r|^2 / n_r - |S|^2 / n, S the sum of the targets; over one-hot targets that is the Gini gain.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

LEAF = -1
"""In place of a feature: the node has no children."""
LEAST_GAIN = 1e-9
"""A split must take more than this share of the whole squared error."""


@dataclass
class Tree:
    """Nodes in order of depth: ``feature`` asked (or LEAF), its ``threshold`` (at most it: the left child), the places
    of the ``left`` child (the right one follows); ``nodes`` (n,) is the leaf of each training row."""

    feature: list[int] = field(default_factory=list[int])
    threshold: list[float] = field(default_factory=list[float])
    left: list[int] = field(default_factory=list[int])
    nodes: Places = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @classmethod
    def bare(cls, rows: int = 0) -> "Tree":
        """One leaf that holds all rows."""
        return cls([LEAF], [0.0], [0], np.zeros(rows, dtype=np.intp))


def grow(features: Floats, targets: Floats, leaf: int, worth: float = 0.0) -> Tree:
    """The tree of ``targets`` (n, k) given ``features`` (n, p) whose leaves hold at least ``leaf`` rows each.

    A split must take more than ``worth`` times its node's mean squared error.
    """
    count, width = features.shape
    tree = Tree.bare(count)
    targets = targets - targets.mean(axis=0)
    least = LEAST_GAIN * float(np.square(targets).sum())
    orders = [np.argsort(features[:, one], kind="stable") for one in range(width)]
    if least <= 0.0:
        return tree
    while orders and len(orders[0]):
        level = _Level(tree.nodes[orders[0]], leaf)
        best = np.maximum(least, worth * level.errors(targets[orders[0]]))
        feature = np.full(len(level.starts), LEAF)
        threshold = np.zeros(len(level.starts))
        for one, order in enumerate(orders):
            gain, at = level.best(features[order, one], targets[order])
            better = gain > best
            best[better], feature[better], threshold[better] = gain[better], one, at[better]
        orders = _descend(tree, features, orders, level, feature, threshold, leaf)
    return tree


def _descend(
    tree: Tree,
    features: Floats,
    orders: list[Places],
    level: "_Level",
    feature: Places,
    threshold: Floats,
    leaf: int,
) -> list[Places]:
    """Split the nodes of a level; the orders of the rows that may be split further, node by node."""
    names = level.names
    for place in np.flatnonzero(feature != LEAF):
        node = names[place]
        tree.feature[node], tree.threshold[node] = int(feature[place]), float(threshold[place])
        tree.left[node] = len(tree.feature)
        tree.feature += [LEAF, LEAF]
        tree.threshold += [0.0, 0.0]
        tree.left += [0, 0]
    rows = orders[0]
    split = feature[level.owners] != LEAF
    rows, owner = rows[split], level.owners[split]
    right = features[rows, feature[owner]] > threshold[owner]
    tree.nodes[rows] = np.asarray(tree.left, dtype=np.intp)[names[owner]] + right
    sizes = np.bincount(tree.nodes[rows], minlength=len(tree.feature))
    going = np.zeros(len(features), dtype=bool)
    going[rows] = sizes[tree.nodes[rows]] >= 2 * leaf
    kept = [order[going[order]] for order in orders]
    return [order[np.argsort(tree.nodes[order], kind="stable")] for order in kept]


class _Level:
    """The nodes of a level: rows come node by node, the same number for every feature."""

    def __init__(self, nodes: Places, leaf: int) -> None:
        self.starts = np.flatnonzero(np.concatenate([[True], nodes[1:] != nodes[:-1]]))
        self.names = nodes[self.starts]
        sizes = np.diff(np.append(self.starts, len(nodes)))
        self.owners = np.repeat(np.arange(len(self.starts)), sizes)
        self.left = np.arange(len(nodes)) - self.starts[self.owners] + 1.0
        self.right = sizes[self.owners] - self.left
        self.sizes = sizes.astype(np.float64)
        self.allowed = (self.left >= leaf) & (self.right >= leaf)

    def errors(self, targets: Floats) -> Floats:
        """The mean squared error (nodes,) of the targets around each node's mean."""
        squares = np.add.reduceat(np.square(targets).sum(axis=1), self.starts)
        sums = np.add.reduceat(targets, self.starts, axis=0)
        return (squares - np.square(sums).sum(axis=1) / self.sizes) / self.sizes

    def best(self, values: Floats, targets: Floats) -> tuple[Floats, Floats]:
        """The gain and the threshold of the best split of each node, gain below zero where there is none."""
        allowed = self.allowed.copy()
        allowed[:-1] &= values[1:] > values[:-1]
        upto = np.cumsum(targets, axis=0)
        ends = np.append(self.starts[1:], len(values)) - 1
        before = upto[self.starts] - targets[self.starts]
        total = upto[ends] - before
        places = np.flatnonzero(allowed)
        gains = np.full(len(values), -1.0)
        if len(places):
            owners = self.owners[places]
            left = upto[places] - before[owners]
            right = total[owners] - left
            whole = np.square(total).sum(axis=1) / self.sizes
            gains[places] = (
                np.square(left).sum(axis=1) / self.left[places]
                + np.square(right).sum(axis=1) / self.right[places]
                - whole[owners]
            )
        best = np.maximum.reduceat(gains, self.starts)
        hit = np.flatnonzero(gains == best[self.owners])
        first = hit[np.searchsorted(self.owners[hit], np.arange(len(self.starts)))]
        return best, (values[first] + values[np.minimum(first + 1, len(values) - 1)]) / 2
