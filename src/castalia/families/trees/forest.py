"""What is learnt as flat arrays: the boosted trees of all columns, and the cells from which numbers are drawn.

A number is its expected value, told by boosted trees, and what it differs from that, drawn from the leaf of one more
tree. Such a leaf is a list of cells, one for each training row in it and equally likely. A cell reaches to its
neighbours in the leaf, so that drawing evenly from it gives new numbers. Repeated values are cells without extent that
hold the number itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from castalia.families.trees.boosting import Boosted
from castalia.families.trees.growing import LEAF, Tree

NEIGHBOURS = 2
"""How many values of the leaf a cell reaches over to each side: the more, the less is left of single rows."""
TYPICAL_GAPS = 4.0
"""A gap counts as at most so many typical gaps of its leaf: nothing is drawn in the middle of an empty stretch."""
BACKGROUND = 0.01
"""Share of the broad distribution that keeps every likelihood above zero."""
BROAD = 1.5
"""Standard deviation of that distribution."""
NARROW = 0.01
"""Least bandwidth of a likelihood; a repeated value counts as a peak of this width."""
FLOATS = ("threshold", "low", "high")
PLACES = ("feature", "left", "start", "count", "fixed", "roots")


@dataclass(frozen=True)
class Cells:
    """The cells of one column's tree: ``start``, ``count`` and ``fixed`` (nodes,), ``low`` and ``high`` (n,)."""

    start: NDArray[np.intp]
    count: NDArray[np.intp]
    fixed: NDArray[np.intp]
    low: NDArray[np.floating]
    high: NDArray[np.floating]

    @classmethod
    def none(cls) -> "Cells":
        """Of a tree without rows."""
        nothing, empty = np.zeros(1, dtype=np.intp), np.zeros(0, dtype=np.float32)
        return cls(nothing, nothing, nothing, empty, empty)

    @classmethod
    def of(
        cls, tree: Tree, values: NDArray[np.float32], differences: NDArray[np.float32], exact: NDArray[np.bool_]
    ) -> "Cells":
        """Of a column's ``values`` (n,) and what they differ from the expected ones; ``exact`` values are fixed."""
        nodes = len(tree.feature)
        held = np.where(exact, values, differences)
        order = np.lexsort((held, exact, tree.nodes))
        part, held = (2 * tree.nodes + exact)[order], held[order]
        counts = np.bincount(part, minlength=2 * nodes)
        starts = np.cumsum(counts) - counts
        gaps = np.where(part[1:] == part[:-1], np.diff(held), 0.0)
        roots = np.bincount(part[1:], weights=np.sqrt(gaps), minlength=2 * nodes)
        typical = TYPICAL_GAPS * np.square(roots / np.maximum(counts - 1, 1))
        upto = np.cumsum(np.concatenate([[0.0], np.minimum(gaps, typical[part[1:]])]))
        places, first, last = np.arange(len(order)), starts[part], (starts + counts - 1)[part]
        free = ~exact[order]
        low = held - free * (upto[places] - upto[np.maximum(places - NEIGHBOURS, first)])
        high = held + free * (upto[np.minimum(places + NEIGHBOURS, last)] - upto[places])
        return cls(starts[::2], counts[::2] + counts[1::2], counts[1::2], low, high)


class Boosts(nn.Module):
    """Symmetric trees (columns, rounds, depth); ``values`` of column after column, each (rounds, 2^depth, width)."""

    feature: Tensor
    threshold: Tensor
    values: Tensor
    base: Tensor

    def __init__(self, widths: Sequence[int], rounds: int, depth: int) -> None:
        super().__init__()
        self.widths, self.rounds, self.depth = widths, rounds, depth
        self.firsts = np.concatenate([[0], np.cumsum(widths)]).tolist()
        self.register_buffer("feature", torch.zeros(len(widths), rounds, depth, dtype=torch.int32))
        self.register_buffer("threshold", torch.full((len(widths), rounds, depth), torch.inf))
        self.values = nn.Parameter(torch.zeros(rounds * 2**depth * self.firsts[-1]), requires_grad=False)
        self.base = nn.Parameter(torch.zeros(self.firsts[-1]), requires_grad=False)

    def keep(self, column: int, found: Boosted) -> None:
        """Take over what was grown for a column."""
        with torch.no_grad():
            self._leaves(column).copy_(torch.from_numpy(found.values))
            self.base[self.firsts[column] : self.firsts[column + 1]] = torch.from_numpy(found.base).float()
        self.feature[column] = torch.from_numpy(found.feature)
        self.threshold[column] = torch.from_numpy(found.threshold)

    def forward(self, column: int, features: Tensor) -> Tensor:
        """The expected number or the log-odds (batch, width) of a column given ``features`` (batch, p)."""
        leaves = self._leaves(column)
        told = self.base[self.firsts[column] : self.firsts[column + 1]].expand(len(features), -1).clone()
        grown = leaves.flatten(1).any(dim=1).nonzero()
        for index in range(int(grown.max()) + 1 if len(grown) else 0):
            leaf = torch.zeros(len(features), dtype=torch.long, device=features.device)
            for level in range(self.depth):
                asked = features[:, int(self.feature[column, index, level])]
                leaf = 2 * leaf + (asked > self.threshold[column, index, level])
            told += leaves[index, leaf]
        return told

    def _leaves(self, column: int) -> Tensor:
        size = self.rounds * 2**self.depth
        part = self.values[size * self.firsts[column] : size * self.firsts[column + 1]]
        return part.view(self.rounds, 2**self.depth, self.widths[column])


class Forest(nn.Module):
    """One tree a column: room for ``nodes`` and ``cells`` over all trees, ``columns`` of them; filled by `fill`.

    The first cells of a leaf hold differences, the last ``fixed`` ones numbers themselves; each part is in order.
    """

    threshold: Tensor
    low: Tensor
    high: Tensor
    feature: Tensor
    left: Tensor
    start: Tensor
    count: Tensor
    fixed: Tensor
    roots: Tensor

    def __init__(self, nodes: int, cells: int, columns: int) -> None:
        super().__init__()
        sizes = {"low": cells, "high": cells, "roots": columns}
        for name in FLOATS:
            values = torch.zeros(sizes.get(name, nodes))
            self.register_parameter(name, nn.Parameter(values, requires_grad=False))
        for name in PLACES:
            self.register_buffer(name, torch.zeros(sizes.get(name, nodes), dtype=torch.int32))

    @torch.no_grad()
    def fill(self, grown: Sequence[tuple[Tree, Cells]]) -> None:
        """Take over grown trees with the cells of each; there is room for them."""
        node = cell = 0
        for index, (tree, held) in enumerate(grown):
            nodes, cells = slice(node, node + len(tree.feature)), slice(cell, cell + len(held.low))
            self.roots[index] = node
            self.feature[nodes] = torch.tensor(tree.feature, dtype=torch.int32)
            self.threshold[nodes] = torch.tensor(tree.threshold, dtype=torch.float32)
            self.left[nodes] = torch.tensor(tree.left, dtype=torch.int32) + node
            self.start[nodes] = torch.from_numpy(held.start.astype(np.int32)) + cell
            self.count[nodes] = torch.from_numpy(held.count.astype(np.int32))
            self.fixed[nodes] = torch.from_numpy(held.fixed.astype(np.int32))
            self.low[cells] = torch.from_numpy(held.low.astype(np.float32))
            self.high[cells] = torch.from_numpy(held.high.astype(np.float32))
            node, cell = nodes.stop, cells.stop

    def leaves(self, column: int, features: Tensor) -> Tensor:
        """The leaf (batch,) of each row of ``features`` (batch, p) in a column's tree."""
        node = self.roots[column].long().expand(len(features)).clone()
        going = torch.arange(len(features), device=features.device)
        while len(going):
            here = node[going]
            asked = self.feature[here].long()
            inner = asked != LEAF
            going, here, asked = going[inner], here[inner], asked[inner]
            node[going] = self.left[here].long() + (features[going, asked] > self.threshold[here])
        return node

    def draw(self, leaves: Tensor, expected: Tensor, generator: torch.Generator) -> Tensor:
        """One number (batch,) from each leaf, about what is ``expected`` (batch,)."""
        chance = torch.rand(2, len(leaves), generator=generator, dtype=torch.float64).to(leaves.device)
        count = self.count[leaves].long()
        place = (chance[0] * count).long().clamp(max=count - 1)
        cell = self.start[leaves].long() + place
        low, high = self.low[cell], self.high[cell]
        drawn = low + chance[1].float() * (high - low)
        return torch.where(place >= count - self.fixed[leaves], drawn, expected + drawn)

    def log_density(self, leaves: Tensor, expected: Tensor, values: Tensor) -> Tensor:
        """The log-density (batch,) of a number in each leaf: what lies within a bandwidth around it, in nats."""
        start, fixed = self.start[leaves].long(), self.fixed[leaves].long()
        free = self.count[leaves].long() - fixed
        last = len(self.low) - 1
        spread = self.high[(start + (0.84 * free).long()).clamp(max=last)] - self.low[start + (0.16 * free).long()]
        reach = (spread * free.clamp(min=1).float().pow(-0.2)).clamp(min=NARROW)
        off = values - expected
        inside = self._below(start, free, off + reach) - self._below(start, free, off - reach)
        hit = self._below(start + free, fixed, values + NARROW) - self._below(start + free, fixed, values - NARROW)
        dense = (inside / (2.0 * reach) + hit / (2.0 * NARROW)) / (free + fixed)
        broad = torch.distributions.Normal(0.0, BROAD).log_prob(values).exp()
        return torch.log((1.0 - BACKGROUND) * dense + BACKGROUND * broad)

    def _below(self, start: Tensor, count: Tensor, values: Tensor) -> Tensor:
        """How many of ``count`` cells from ``start`` on (batch,) lie below the values, by their middles; by halving."""
        low, high = start.clone(), start + count
        while bool((low < high).any()):
            middle = (low + high) // 2
            place = middle.clamp(max=len(self.low) - 1)
            under = ((self.low[place] + self.high[place]) / 2 < values) & (low < high)
            low = torch.where(under, middle + 1, low)
            high = torch.where(under, high, torch.minimum(middle, high))
        return (low - start).float()
