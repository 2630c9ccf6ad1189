"""The trees of all columns as flat arrays: finding leaves, drawing from them, and how likely a value is in one.

A leaf is a list of cells, one for each training row in it and equally likely. The cell of a number reaches to its
neighbours in the leaf, so that drawing evenly from it gives new numbers; a repeated value or a category is a cell
without extent.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from castalia.families.trees.growing import LEAF, Tree

NEIGHBOURS = 1
"""How many values of the leaf a cell reaches over to each side: the more, the less of a single row is in what is drawn."""
TYPICAL_GAPS = 4.0
"""A gap counts as at most so many typical gaps of its leaf: nothing is drawn in the middle of an empty stretch."""
BACKGROUND = 0.01
"""Share of the broad distribution that keeps every likelihood above zero."""
BROAD = 1.5
"""Standard deviation of that distribution."""
FLOATS = ("threshold", "low", "high")
PLACES = ("feature", "left", "start", "count", "roots")


class Forest(nn.Module):
    """One tree a column. ``nodes`` and ``cells`` over all trees, ``columns`` of them; filled by `fill`."""

    threshold: Tensor
    low: Tensor
    high: Tensor
    feature: Tensor
    left: Tensor
    start: Tensor
    count: Tensor
    roots: Tensor

    def __init__(self, nodes: int, cells: int, columns: int) -> None:
        super().__init__()
        sizes = {"low": cells, "high": cells, "roots": columns}
        for name in FLOATS:
            values = torch.zeros(sizes.get(name, nodes))
            self.register_parameter(name, nn.Parameter(values, requires_grad=False))
        for name in PLACES:
            self.register_buffer(name, torch.zeros(sizes.get(name, nodes), dtype=torch.int32))

    @classmethod
    def fill(cls, trees: Sequence[Tree], leaves: Sequence[tuple[NDArray[np.float32], ...]]) -> "Forest":
        """Of grown trees with the cells of each: ``start`` and ``count`` of its nodes, ``low`` and ``high``."""
        forest = cls(sum(len(tree.feature) for tree in trees), sum(len(one[2]) for one in leaves), len(trees))
        node = cell = 0
        for index, (tree, (start, count, low, high)) in enumerate(zip(trees, leaves, strict=True)):
            nodes, cells = slice(node, node + len(tree.feature)), slice(cell, cell + len(low))
            forest.roots[index] = node
            forest.feature[nodes] = torch.tensor(tree.feature, dtype=torch.int32)
            forest.threshold[nodes] = torch.tensor(tree.threshold, dtype=torch.float32)
            forest.left[nodes] = torch.tensor(tree.left, dtype=torch.int32) + node
            forest.start[nodes] = torch.from_numpy(start.astype(np.int32)) + cell
            forest.count[nodes] = torch.from_numpy(count.astype(np.int32))
            forest.low[cells], forest.high[cells] = torch.from_numpy(low), torch.from_numpy(high)
            node, cell = nodes.stop, cells.stop
        return forest

    def leaves(self, column: int, features: Tensor) -> Tensor:
        """The leaf (batch,) of each row of ``features`` (batch, p) in a column's tree."""
        node = self.roots[column].long().expand(len(features)).clone()
        going = torch.arange(len(features))
        while len(going):
            here = node[going]
            asked = self.feature[here].long()
            inner = asked != LEAF
            going, here, asked = going[inner], here[inner], asked[inner]
            node[going] = self.left[here].long() + (features[going, asked] > self.threshold[here])
        return node

    def draw(self, leaves: Tensor, generator: torch.Generator) -> Tensor:
        """One value (batch,) from each leaf."""
        chance = torch.rand(2, len(leaves), generator=generator, dtype=torch.float64)
        count = self.count[leaves].long()
        cell = self.start[leaves].long() + (chance[0] * count).long().clamp(max=count - 1)
        low, high = self.low[cell], self.high[cell]
        return low + chance[1].float() * (high - low)

    def log_mass(self, leaves: Tensor, codes: Tensor, width: int) -> Tensor:
        """The log-probability (batch,) of a category in each leaf, in nats."""
        hits = self._below(leaves, codes + 0.5) - self._below(leaves, codes - 0.5)
        return torch.log((1.0 - BACKGROUND) * hits / self.count[leaves] + BACKGROUND / width)

    def log_density(self, leaves: Tensor, values: Tensor) -> Tensor:
        """The log-density (batch,) of a number in each leaf: what lies within a bandwidth around it, in nats."""
        start, count = self.start[leaves].long(), self.count[leaves].long()
        spread = self.high[start + (0.84 * count).long()] - self.low[start + (0.16 * count).long()]
        reach = (spread * count.float().pow(-0.2)).clamp(min=0.01)
        inside = self._below(leaves, values + reach) - self._below(leaves, values - reach)
        broad = torch.distributions.Normal(0.0, BROAD).log_prob(values).exp()
        return torch.log((1.0 - BACKGROUND) * inside / count / (2.0 * reach) + BACKGROUND * broad)

    def _below(self, leaves: Tensor, values: Tensor) -> Tensor:
        """How many cells (batch,) of each leaf lie below the values, by their middles; by halving."""
        start = self.start[leaves].long()
        low, high = start.clone(), start + self.count[leaves].long()
        while bool((low < high).any()):
            middle = (low + high) // 2
            place = middle.clamp(max=len(self.low) - 1)
            under = ((self.low[place] + self.high[place]) / 2 < values) & (low < high)
            low = torch.where(under, middle + 1, low)
            high = torch.where(under, high, torch.minimum(middle, high))
        return (low - start).float()


def cells(
    tree: Tree, values: NDArray[np.float32], exact: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Start, count (nodes,), low and high (n,) of the cells of a column's ``values``; ``exact`` ones have no extent."""
    order = np.lexsort((values, tree.nodes))
    leaf, sorted_values = tree.nodes[order], values[order]
    count = np.bincount(leaf, minlength=len(tree.feature))
    start = np.cumsum(count) - count
    same = leaf[1:] == leaf[:-1]
    gaps = np.where(same, np.diff(sorted_values), 0.0)
    roots = np.bincount(leaf[1:], weights=np.sqrt(gaps), minlength=len(tree.feature))
    typical = TYPICAL_GAPS * np.square(roots / np.maximum(count - 1, 1))
    steps = np.concatenate([[0.0], np.minimum(gaps, typical[leaf[1:]]), [0.0]])
    places, first, last = np.arange(len(order)), start[leaf], (start + count)[leaf]
    upto = np.cumsum(steps)
    low = sorted_values - (upto[places] - upto[np.maximum(places - NEIGHBOURS, first)])
    high = sorted_values + (upto[np.minimum(places + NEIGHBOURS, last - 1)] - upto[places])
    fixed = exact[order]
    low[fixed], high[fixed] = sorted_values[fixed], sorted_values[fixed]
    return start, count, low.astype(np.float32), high.astype(np.float32)  # pyright: ignore[reportReturnType]
