"""Rows drawn column by column, each from a tree given the columns before it.

Sequential CART synthesis (Reiter, 2005; Nowok, Raab and Dibben, synthpop, 2016). What is asked for of a row is met by
sequential importance resampling: several candidates are drawn for it, weighed at every known column by the likelihood
of the known value, and drawn again by these weights (Gordon, Salmond and Smith, 1993).
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from castalia.families.contract import Batch, Learner, Step
from castalia.families.nets.columns import Column
from castalia.families.trees.forest import Forest, cells
from castalia.families.trees.growing import Tree, grow

CANDIDATES = 24
"""Candidates of each row of which something is known."""
SHARES = 20
"""How many times as many rows a leaf of categories holds as one of numbers. With equally many, made rows take over the
combinations of single training rows (docs/experiments.md)."""
FEWEST_LEAVES = 40
"""So many such leaves there may be at least."""
WORTH = 8.0
WORTHR = 0.0
MOST_CLASSES = 12
"""Categories from which a column is grown on random projections of its one-hot instead."""
KNOTS = 256
"""Points of the map from a condition to the number in the row that it stands for."""


class TreeColumn(Column):
    """A column of the row (``given`` false), or of the conditions where no column of the row bears its name.

    ``group`` is the place of the condition that asks for this column, ``asked`` where its vector starts; -1 for none.
    """

    given: bool = False
    group: int = -1
    asked: int = -1


class TreesConfig(BaseModel):
    """Derived numbers of the trees; ``nodes`` and ``cells`` are known once they are grown."""

    columns: list[TreeColumn]
    leaf: int
    rows: int
    seed: int = 0
    nodes: int = 0
    cells: int = 0


class RowTrees(Learner):
    """x (batch, features) of real and one-hot columns, by one tree a column."""

    served = ("forest", "maps")
    averaged = ()

    def __init__(self, features: int, config: TreesConfig) -> None:
        super().__init__()
        self.features, self.config, self.columns = features, config, config.columns
        self.forest = Forest(config.nodes, config.cells, len(self.columns))
        self.maps = Maps(self.columns)
        self.optimisers = {}

    def prepare(self) -> None:
        """See `Trainable.prepare`: nothing is optimised."""

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """See `Trainable.training_step`: there are no steps."""
        raise NotImplementedError("trees are fitted in one go")

    def fit(self, batch: Batch, tell: Callable[[float], None]) -> dict[str, object]:
        """See `Learner.fit`."""
        if len(batch.data) > self.config.rows:
            kept = np.sort(np.random.default_rng(len(batch.data)).permutation(len(batch.data))[: self.config.rows])
            places = torch.from_numpy(kept)
            parts = [None if one is None else one[places] for one in (batch.conditions, batch.known)]
            batch = Batch(batch.data[places], parts[0], parts[1])
        values = self._values(batch.data, batch.conditions).numpy()
        trees: list[Tree] = []
        leaves: list[tuple[NDArray[np.float32], ...]] = []
        for index, column in enumerate(self.columns):
            tell(index / len(self.columns))
            ranks = self.maps.rank(index, values, self.columns)
            tree = grow(ranks, _targets(column, values[:, index], index), self._least(column, len(values)), WORTH if column.kind == "categorical" else WORTHR)
            exact = np.isin(values[:, index], np.asarray(column.atoms, dtype=np.float32))
            trees.append(tree)
            leaves.append(cells(tree, values[:, index], exact | (column.kind == "categorical")))
        self.forest = Forest.fill(trees, leaves)
        if batch.conditions is not None and batch.known is not None:
            self.maps.relate(self.columns, values, batch.conditions.numpy(), batch.known.numpy())
        return {"nodes": len(self.forest.feature), "cells": len(self.forest.low)}

    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """Minus the mean log-likelihood of rows, in nats."""
        values = self._values(batch.data, batch.conditions)
        total = torch.zeros(len(values))
        for index, column in enumerate(self.columns):
            if not column.given:
                leaves = self.forest.leaves(index, self.maps(index, values[:, :index]))
                total -= self._log_likelihood(index, leaves, values[:, index])
        return float(total.mean())

    @torch.no_grad()
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,
        given: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """See `Learner.sample`."""
        asked, settled = self._asked(count, conditions, known, given)
        several = CANDIDATES if bool(settled.any()) else 1
        values = torch.zeros(count * several, len(self.columns))
        weights = torch.zeros(count, several)
        for index in range(len(self.columns)):
            leaves = self.forest.leaves(index, self.maps(index, values[:, :index]))
            values[:, index] = self.forest.draw(leaves, generator)
            held = settled[:, index]
            if not bool(held.any()):
                continue
            wide = held.repeat_interleave(several)
            wanted = asked[:, index].repeat_interleave(several)
            values[:, index] = torch.where(wide, wanted, values[:, index])
            likelihood = self._log_likelihood(index, leaves, wanted)
            weights += torch.where(wide, likelihood, torch.zeros(())).reshape(count, several)
            if bool(settled[:, index + 1 :].any()):
                chosen = _chosen(weights, several, generator)
                values = values.reshape(count, several, -1).gather(
                    1, chosen[:, :, None].expand(-1, -1, len(self.columns))
                ).reshape(count * several, -1)
                weights.zero_()
        if several > 1:
            chosen = _chosen(weights, 1, generator)
            values = values.reshape(count, several, -1)[torch.arange(count), chosen[:, 0]]
        return self._rows(values)

    def _least(self, column: TreeColumn, rows: int) -> int:
        """Fewest rows of a leaf: shares of categories need many more than numbers do, as far as there are rows."""
        leaf = self.config.leaf
        return leaf if column.kind == "real" else max(leaf, min(SHARES * leaf, rows // FEWEST_LEAVES))

    def _log_likelihood(self, index: int, leaves: Tensor, values: Tensor) -> Tensor:
        column = self.columns[index]
        if column.kind == "categorical":
            return self.forest.log_mass(leaves, values, column.width)
        return self.forest.log_density(leaves, values)

    def _values(self, data: Tensor, conditions: Tensor | None) -> Tensor:
        """One number (batch, columns) a column: itself, or the category."""
        found: list[Tensor] = []
        for column in self.columns:
            source = conditions if column.given else data
            assert source is not None  # noqa: S101 - a set with such a group has conditions
            found.append(_value(source[:, column.start : column.start + column.width], column))
        return torch.stack(found, dim=1)

    def _asked(
        self, count: int, conditions: Tensor | None, known: Tensor | None, given: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """What is settled of each row (count, columns): the numbers, and where."""
        asked = torch.zeros(count, len(self.columns))
        settled = torch.zeros(count, len(self.columns), dtype=torch.bool)
        for index, column in enumerate(self.columns):
            part = slice(column.start, column.start + column.width)
            if conditions is not None and known is not None and column.group >= 0:
                wanted = _value(conditions[:, column.asked : column.asked + column.width], column)
                asked[:, index] = wanted if column.given else self.maps.settle(index, wanted)
                settled[:, index] = known[:, column.group]
            if given is not None and not column.given:
                whole = given[1][:, part].all(dim=1)
                asked[:, index] = torch.where(whole, _value(given[0][:, part], column), asked[:, index])
                settled[:, index] |= whole
        return asked, settled

    def _rows(self, values: Tensor) -> Tensor:
        rows = torch.zeros(len(values), self.features)
        for index, column in enumerate(self.columns):
            if column.given:
                continue
            if column.kind == "real":
                rows[:, column.start] = values[:, index]
            else:
                coded = functional.one_hot(values[:, index].long(), column.width)
                rows[:, column.start : column.start + column.width] = coded.float()
        return rows


class Maps(nn.Module):
    """Numbers beside the trees: in which order each tree sees the categories of earlier columns, and which number of
    the row a real condition stands for."""

    order: Tensor
    asked: Tensor
    meant: Tensor

    def __init__(self, columns: list[TreeColumn]) -> None:
        super().__init__()
        widths = [column.width if column.kind == "categorical" else 0 for column in columns]
        self.starts = np.concatenate([[0], np.cumsum(widths)]).tolist()
        self.widths = widths
        self.register_buffer("order", torch.zeros(len(columns), self.starts[-1]))
        self.register_buffer("asked", torch.zeros(len(columns), KNOTS))
        self.register_buffer("meant", torch.zeros(len(columns), KNOTS))

    def forward(self, index: int, values: Tensor) -> Tensor:
        """The columns (batch, p) before a tree's own as it sees them."""
        seen = values.clone()
        for place in range(values.shape[1]):
            if self.widths[place]:
                seen[:, place] = self.order[index, self.starts[place] + values[:, place].long()]
        return seen

    def rank(self, index: int, values: NDArray[np.float32], columns: list[TreeColumn]) -> NDArray[np.float64]:
        """Set the order in which tree ``index`` sees categories: by the mean of its target along the target's main
        direction given them (exact for one number, Breiman et al., 1984). Returns the features (n, index)."""
        target = _targets(columns[index], values[:, index], index)
        target = target - target.mean(axis=0)
        for place in range(index):
            width = self.widths[place]
            if not width:
                continue
            codes = values[:, place].astype(np.intp)
            counts = np.bincount(codes, minlength=width)[:, None]
            sums = np.stack([np.bincount(codes, weights=one, minlength=width) for one in target.T], axis=1)
            means = sums / np.maximum(counts, 1)
            if means.shape[1] > 1:
                means = means @ np.linalg.svd(np.sqrt(counts) * means, full_matrices=False)[2][0][:, None]
            ranks = np.empty(width)
            ranks[np.argsort(means[:, 0], kind="stable")] = np.arange(width)
            self.order[index, self.starts[place] : self.starts[place] + width] = torch.from_numpy(ranks)
        return self(index, torch.from_numpy(values[:, :index])).numpy().astype(np.float64)

    def relate(
        self,
        columns: list[TreeColumn],
        values: NDArray[np.float32],
        conditions: NDArray[np.float32],
        known: NDArray[np.bool_],
    ) -> None:
        """Learn what number of the row (n, columns) each real condition (n, width) stands for."""
        for index, column in enumerate(columns):
            if column.kind != "real" or column.group < 0 or column.given:
                continue
            rows = known[:, column.group]
            wanted, meant = conditions[rows, column.asked], values[rows, index]
            if not len(wanted):
                continue
            order = np.lexsort((meant, wanted))
            wanted, meant = wanted[order], meant[order]
            distinct, start, count = np.unique(wanted, return_index=True, return_counts=True)
            middles = meant[start + count // 2]
            places = np.linspace(0, len(distinct) - 1, KNOTS).astype(np.intp)
            self.asked[index] = torch.from_numpy(distinct[places])
            self.meant[index] = torch.from_numpy(middles[places])

    def settle(self, index: int, wanted: Tensor) -> Tensor:
        """The numbers (batch,) of the row that real conditions (batch,) stand for; categories are themselves."""
        if self.widths[index]:
            return wanted
        meant = np.interp(wanted.numpy(), self.asked[index].numpy(), self.meant[index].numpy())
        return torch.from_numpy(meant.astype(np.float32))


def _value(part: Tensor, column: Column) -> Tensor:
    return part[:, 0] if column.kind == "real" else part.argmax(dim=1).float()


def _targets(column: Column, values: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """What a column's tree is grown on (n, k): the number, or its category as one-hot, projected when that is wide."""
    if column.kind == "real":
        return values.astype(np.float64)[:, None]
    basis = np.eye(column.width)
    if column.width > MOST_CLASSES:
        basis = np.random.default_rng(seed).standard_normal((column.width, MOST_CLASSES))
    return basis[values.astype(np.intp)]


def _chosen(weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """``count`` candidates (rows, count) of each row drawn by log-weights (rows, candidates)."""
    return torch.multinomial(torch.softmax(weights, dim=1), count, replacement=True, generator=generator)
