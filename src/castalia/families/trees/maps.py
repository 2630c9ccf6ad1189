"""Numbers beside the trees: how each of them sees earlier columns, and what conditions mean for the row."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from castalia.families.nets.columns import Column

MOST_CLASSES = 12
"""Categories from which the order of others is found on random projections of a column's one-hot instead."""
KNOTS = 256
"""Points of the map from a condition to the number in the row that it stands for."""


class TreeColumn(Column):
    """A column of the row (``given`` false), or of the conditions where no column of the row bears its name.

    ``group`` is the place of the condition that asks for this column, ``asked`` where its vector starts; -1 for none.
    """

    given: bool = False
    group: int = -1
    asked: int = -1

    @property
    def categories(self) -> int:
        """How many there are; 0 for a number."""
        return self.width if self.kind == "categorical" else 0


class Maps(nn.Module):
    """In which order each column's trees see the categories of earlier columns, and which number of the row a real
    condition stands for."""

    order: Tensor
    asked: Tensor
    meant: Tensor

    def __init__(self, columns: list[TreeColumn]) -> None:
        super().__init__()
        self.columns = columns
        self.starts = np.concatenate([[0], np.cumsum([column.categories for column in columns])]).tolist()
        self.register_buffer("order", torch.zeros(len(columns), self.starts[-1]))
        self.register_buffer("asked", torch.zeros(len(columns), KNOTS))
        self.register_buffer("meant", torch.zeros(len(columns), KNOTS))

    def forward(self, index: int, values: Tensor) -> Tensor:
        """The columns (batch, p) before column ``index`` as its trees see them."""
        seen = values.clone()
        for place in range(values.shape[1]):
            if self.columns[place].categories:
                seen[:, place] = self.order[index, self.starts[place] + values[:, place].long()]
        return seen

    def rank(self, index: int, values: NDArray[np.float32]) -> Tensor:
        """Set the order in which column ``index``'s trees see categories: by the mean of its target along the target's
        main direction given them (exact for one number, Breiman et al., 1984). Returns what they see (n, index)."""
        target = _targets(self.columns[index], values[:, index], index)
        target = target - target.mean(axis=0)
        for place in range(index):
            width = self.columns[place].categories
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
        return self(index, torch.from_numpy(values[:, :index]).to(self.order.device)).cpu()

    def relate(self, values: NDArray[np.float32], conditions: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        """Learn what number of the row (n, columns) each real condition (n, width) stands for."""
        for index, column in enumerate(self.columns):
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
        if self.columns[index].categories:
            return wanted
        meant = np.interp(wanted.cpu().numpy(), self.asked[index].cpu().numpy(), self.meant[index].cpu().numpy())
        return torch.from_numpy(meant.astype(np.float32)).to(wanted.device)


def value_of(part: Tensor, column: Column) -> Tensor:
    """One number (batch,) for a column's entries (batch, width): itself, or the place of the category."""
    return part[:, 0] if column.kind == "real" else part.argmax(dim=1).float()


def _targets(column: TreeColumn, values: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """What categories are ordered by (n, k): the number, or its category as one-hot, projected when that is wide."""
    if not column.categories:
        return values.astype(np.float64)[:, None]
    basis = np.eye(column.width)
    if column.width > MOST_CLASSES:
        basis = np.random.default_rng(seed).standard_normal((column.width, MOST_CLASSES))
    return basis[values.astype(np.intp)]
