"""Rows drawn column by column, each column given those before it.

Sequential synthesis (Reiter, 2005; Nowok, Raab and Dibben, synthpop, 2016) with boosted trees in place of single ones.
A category is drawn from the softmax of its log-odds. A number is its expected value and a difference from that, drawn
from the leaf of one more tree (see `castalia.families.trees.forest`). What is asked for of a row is met by sequential
importance resampling: several candidates are drawn for it, weighed at every known column by the likelihood of the known
value, and drawn again by these weights (Gordon, Salmond and Smith, 1993).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor
from torch.nn import functional

from castalia.families.contract import Batch, Learner, Step
from castalia.families.trees.boosting import boost
from castalia.families.trees.forest import Boosts, Cells, Forest
from castalia.families.trees.growing import Tree, grow
from castalia.families.trees.maps import Maps, TreeColumn, value_of

CANDIDATES = 24
"""Candidates of each row of which something is known."""
WORTH = 4.0
"""So many mean squared errors of its node a split of the tree of differences must take."""
JUDGED = 1000
"""Rows of which a step tells the loss."""
REPEATED = 3.0
"""How much that tree is after telling repeated values from others, in standard deviations of the differences."""


class TreesConfig(BaseModel):
    """Derived numbers of the trees; ``nodes`` and ``cells`` are the room for the trees of differences."""

    columns: list[TreeColumn]
    leaf: int
    rounds: int
    depth: int
    rate: float
    nodes: int
    cells: int


class RowTrees(Learner):
    """x (batch, features) of real and one-hot columns."""

    served = ("boosts", "forest", "maps")
    averaged = ()

    def __init__(self, features: int, config: TreesConfig) -> None:
        super().__init__()
        self.features, self.config, self.columns = features, config, config.columns
        self.boosts = Boosts([column.categories or 1 for column in self.columns], config.rounds, config.depth)
        self.forest = Forest(config.nodes, config.cells, len(self.columns))
        self.maps = Maps(self.columns)
        self.optimisers = {}

    def prepare(self) -> None:
        """See `Trainable.prepare`: nothing is optimised."""

    @torch.no_grad()
    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:  # noqa: ARG002 - there is one step
        """See `Trainable.training_step`. All is learnt in one step from one batch; a further one learns it anew."""
        values = self._values(batch.data, batch.conditions).cpu().numpy()
        if batch.conditions is not None and batch.known is not None:
            self.maps.relate(values, batch.conditions.cpu().numpy(), batch.known.cpu().numpy())
        device = batch.data.device
        grown: list[tuple[Tree, Cells]] = []
        for index, column in enumerate(self.columns):
            target, seen = values[:, index], self.maps.rank(index, values)
            numbers = (self.config.rounds, self.config.depth, self.config.rate, index)
            self.boosts.keep(index, boost(seen.numpy(), target, column.categories or 1, *numbers))
            if column.categories:
                grown.append((Tree.bare(), Cells.none()))
            else:
                expected = self.boosts(index, seen.to(device)).cpu()
                grown.append(self._spread(index, seen, expected, target))
        self.forest.fill(grown)
        few = (None if one is None else one[:JUDGED] for one in (batch.conditions, batch.known))
        return {"loss": self._loss(Batch(batch.data[:JUDGED], *few))}

    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:  # noqa: ARG002 - exact
        """Minus the mean log-likelihood of rows, in nats."""
        return self._loss(batch)

    @torch.no_grad()
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,  # noqa: ARG002 - there are none
        given: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """See `Learner.sample`."""
        asked, settled = self._asked(count, conditions, known, given)
        several = CANDIDATES if bool(settled.any()) else 1
        values = asked.new_zeros(count * several, len(self.columns))
        weights = asked.new_zeros(count, several)
        for index in range(len(self.columns)):
            told = self._told(index, values[:, :index])
            values[:, index] = self._draw(index, told, generator)
            held = settled[:, index]
            if not bool(held.any()):
                continue
            wide = held.repeat_interleave(several)
            wanted = asked[:, index].repeat_interleave(several)
            values[:, index] = torch.where(wide, wanted, values[:, index])
            likelihood = self._log_likelihood(index, told, wanted)
            weights += torch.where(wide, likelihood, 0.0).reshape(count, several)
            if bool(settled[:, index + 1 :].any()):
                chosen = _chosen(weights, several, generator)[:, :, None].expand(-1, -1, len(self.columns))
                values = values.reshape(count, several, -1).gather(1, chosen).reshape(count * several, -1)
                weights.zero_()
        if several > 1:
            chosen = _chosen(weights, 1, generator)[:, 0]
            values = values.reshape(count, several, -1)[torch.arange(count, device=values.device), chosen]
        return self._rows(values)

    def _loss(self, batch: Batch) -> float:
        values = self._values(batch.data, batch.conditions)
        total = torch.zeros(len(values), device=values.device)
        for index, column in enumerate(self.columns):
            if not column.given:
                total -= self._log_likelihood(index, self._told(index, values[:, :index]), values[:, index])
        return float(total.mean())

    def _spread(self, index: int, seen: Tensor, expected: Tensor, target: NDArray[np.float32]) -> tuple[Tree, Cells]:
        """The tree of what a number differs from the ``expected`` one (n, 1), and its cells."""
        off = target - expected[:, 0].numpy()
        exact = np.isin(target, np.asarray(self.columns[index].atoms, dtype=np.float32))
        sides = np.stack([off, np.abs(off), REPEATED * off.std() * exact], axis=1).astype(np.float64)
        tree = grow(torch.cat([seen, expected], dim=1).double().numpy(), sides, self.config.leaf, WORTH)
        return tree, Cells.of(tree, target, off, exact)

    def _told(self, index: int, values: Tensor) -> tuple[Tensor, Tensor]:
        """What is told of column ``index`` by the columns before it (batch, index): by boosted trees (batch, width),
        and of a number the leaf (batch,) of its difference."""
        seen = self.maps(index, values)
        expected = self.boosts(index, seen)
        if self.columns[index].categories:
            return torch.log_softmax(expected, dim=1), torch.empty(0)
        return expected, self.forest.leaves(index, torch.cat([seen, expected], dim=1))

    def _draw(self, index: int, told: tuple[Tensor, Tensor], generator: torch.Generator) -> Tensor:
        column, (expected, leaves) = self.columns[index], told
        if column.categories:
            return _chosen(expected, 1, generator)[:, 0].float()
        return self.forest.draw(leaves, expected[:, 0], generator).clamp(column.low, column.high)

    def _log_likelihood(self, index: int, told: tuple[Tensor, Tensor], values: Tensor) -> Tensor:
        expected, leaves = told
        if self.columns[index].categories:
            return expected.gather(1, values.long()[:, None])[:, 0]
        return self.forest.log_density(leaves, expected[:, 0], values)

    def _values(self, data: Tensor, conditions: Tensor | None) -> Tensor:
        """One number (batch, columns) a column: itself, or the category."""
        found: list[Tensor] = []
        for column in self.columns:
            source = conditions if column.given else data
            assert source is not None  # noqa: S101 - a set with such a group has conditions
            found.append(value_of(source[:, column.start : column.start + column.width], column))
        return torch.stack(found, dim=1)

    def _asked(
        self, count: int, conditions: Tensor | None, known: Tensor | None, given: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """What is settled of each row (count, columns): the numbers, and where."""
        asked = self.maps.order.new_zeros(count, len(self.columns))
        settled = torch.zeros_like(asked, dtype=torch.bool)
        for index, column in enumerate(self.columns):
            part = slice(column.start, column.start + column.width)
            if conditions is not None and known is not None and column.group >= 0:
                wanted = value_of(conditions[:, column.asked : column.asked + column.width], column)
                asked[:, index] = wanted if column.given else self.maps.settle(index, wanted)
                settled[:, index] = known[:, column.group]
            if given is not None and not column.given:
                whole = given[1][:, part].all(dim=1)
                asked[:, index] = torch.where(whole, value_of(given[0][:, part], column), asked[:, index])
                settled[:, index] |= whole
        return asked, settled

    def _rows(self, values: Tensor) -> Tensor:
        rows = values.new_zeros(len(values), self.features)
        for index, column in enumerate(self.columns):
            if column.given:
                continue
            if column.kind == "real":
                rows[:, column.start] = values[:, index]
            else:
                coded = functional.one_hot(values[:, index].long(), column.width)
                rows[:, column.start : column.start + column.width] = coded.float()
        return rows


def _chosen(weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """``count`` places (rows, count) of each row drawn by log-weights (rows, places)."""
    shares = torch.softmax(weights, dim=1).cpu()  # chance is drawn on the CPU, so that a seed means the same everywhere
    return torch.multinomial(shares, count, replacement=True, generator=generator).to(weights.device)
