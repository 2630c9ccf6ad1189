"""The distribution of a row of mixed columns, one column after the other, each given those before it.

p(x|c) = prod_j p(x_j | x_<j, c). A categorical column answers with a softmax. A real column answers with a mixture of
Gaussians and, where the training data repeats single values (zeros, round numbers), point masses ("atoms") on them:
p(x_j) = p(atom) or p(no atom) sum_k w_k N(x_j; m_k, s_k). Masked residual layers keep the order (MADE, Germain et al.,
2015; Durkan and Nash, 2019), so that training needs one pass and drawing a row one pass for each column.
"""

import math
from typing import Literal, cast

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional


class Column(BaseModel):
    """One column of the layout: ``width`` entries from ``start``, one for a real column.

    ``atoms`` are values with a point mass; ``low`` and ``high`` bound what is drawn; ``floor`` is the least spread of a
    mixture component, so that no component collapses onto the grid of the data.
    """

    kind: Literal["real", "categorical"]
    start: int
    width: int = 1
    atoms: list[float] = []
    low: float = -10.0
    high: float = 10.0
    floor: float = 0.01


class MaskedLinear(nn.Linear):
    """A linear layer whose weights are zero wherever ``mask`` (outputs, inputs) is false."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.float(), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """(batch, inputs) -> (batch, outputs)."""
        return functional.linear(input, self.weight * self.mask, self.bias)


class ColumnNet(nn.Module):
    """Log-density and sampler of rows (batch, features) under a context (batch, context).

    Its outputs are first all choices (categories, atoms and "no atom"), column after column, then the mixtures'
    logits, means and raw spreads of all real columns, each (real columns, components).
    """

    places: Tensor
    floors: Tensor

    def __init__(
        self, columns: list[Column], context: int, hidden: int, blocks: int, components: int, dropout: float
    ) -> None:
        super().__init__()
        self.columns, self.components = columns, components
        self.features = max(column.start + column.width for column in columns)
        self.choices = Choices(columns)
        self.real = [index for index, column in enumerate(columns) if column.kind == "real"]
        real_columns = [columns[index] for index in self.real]
        places = torch.tensor([column.start for column in real_columns], dtype=torch.long)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("floors", torch.tensor([column.floor for column in real_columns]), persistent=False)
        order = torch.tensor(self.real, dtype=torch.long)
        inputs = torch.cat([self.choices.owners, order, order])
        outputs = torch.cat([self.choices.owners, order.repeat_interleave(components).repeat(3)])
        degrees = torch.arange(hidden) % len(columns)  # a unit of degree d sees the first d columns
        same = degrees[:, None] >= degrees[None, :]
        self.first = MaskedLinear(degrees[:, None] > inputs[None, :])
        self.contexts = nn.ModuleList(nn.Linear(context, hidden) for _ in range(blocks + 1))
        self.layers = nn.ModuleList(nn.ModuleList([MaskedLinear(same), MaskedLinear(same)]) for _ in range(blocks))
        self.dropout = nn.Dropout(dropout)
        self.last = MaskedLinear(outputs[:, None] >= degrees[None, :])
        self._start()

    def _start(self) -> None:
        """Small weights at the end, and the mixtures' means spread over the columns' unit scale."""
        self.last.weight.data.mul_(0.2)
        _, means, raw = self._split(self.last.bias.data[None])[1]
        means.copy_(torch.linspace(-1.5, 1.5, self.components).expand_as(means))
        raw.fill_(-0.5)

    def _split(self, parameters: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Choice logits (batch, choices) and three views (batch, real columns, components) of the mixtures."""
        count = len(self.choices.owners)
        mixtures = parameters[:, count:].unflatten(1, (3, len(self.real), self.components))
        logits, means, raw = mixtures.unbind(1)
        return parameters[:, :count], (logits, means, raw)

    def forward(self, x: Tensor, context: Tensor, taken: Tensor | None = None) -> Tensor:
        """All parameters (batch, outputs); those of a column depend on earlier columns only.

        ``taken`` (batch, choices) are the choices that x makes, when they are known already.
        """
        taken = self.choices.taken(x) if taken is None else taken
        values = x[:, self.places]
        hidden = self.first(torch.cat([taken, values.clamp(-5.0, 5.0), torch.tanh(values)], dim=1))
        hidden = hidden + self.contexts[0](context)
        for index, layers in enumerate(self.layers):
            enter, leave = cast("nn.ModuleList", layers)
            inner = enter(functional.silu(hidden)) + self.contexts[index + 1](context)
            hidden = hidden + leave(self.dropout(functional.silu(inner)))
        return self.last(functional.silu(hidden))

    def log_prob(self, x: Tensor, context: Tensor) -> Tensor:
        """log p(x|c) in nats (batch,): mass for categories and atoms, density for other numbers."""
        taken = self.choices.taken(x)
        choice_logits, (logits, means, raw) = self._split(self(x, context, taken).float())
        total = (taken * self.choices.log_softmax(choice_logits)).sum(dim=1)
        if not self.real:
            return total
        spreads = functional.softplus(raw) + self.floors[:, None]
        standard = (x[:, self.places, None] - means) / spreads
        each = -0.5 * standard.square() - spreads.log() - 0.5 * math.log(2.0 * math.pi)
        density = torch.logsumexp(functional.log_softmax(logits, dim=2) + each, dim=2)
        return total + (density * self.choices.dense(taken, self.real)).sum(dim=1)

    def draw(self, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        """Rows (batch, features) drawn column by column; ``temperature`` sharpens or flattens every choice."""
        x = context.new_zeros(context.shape[0], self.features)
        for index, column in enumerate(self.columns):
            choice_logits, (logits, means, raw) = self._split(self(x, context))
            choice = _choose(choice_logits[:, self.choices.slices[index]], generator, temperature)
            if column.kind == "categorical":
                x[:, column.start : column.start + column.width] = functional.one_hot(choice, column.width).to(x)
                continue
            place = self.real.index(index)
            component = _choose(logits[:, place], generator, temperature)[:, None]
            mean = means[:, place].gather(1, component)[:, 0]
            spread = (functional.softplus(raw[:, place]) + column.floor).gather(1, component)[:, 0]
            noise = torch.randn(x.shape[0], generator=generator).to(x)
            value = (mean + temperature * noise * spread).clamp(column.low, column.high)
            if column.atoms:
                atoms = torch.tensor([*column.atoms, 0.0]).to(x)
                value = torch.where(choice < len(column.atoms), atoms[choice], value)
            x[:, column.start] = value
        return x


class Choices(nn.Module):
    """All discrete choices of a row side by side: categories of a column, or its atoms and, last, "no atom"."""

    owners: Tensor
    sources: Tensor
    values: Tensor
    is_atom: Tensor
    rests: Tensor
    rest_owners: Tensor

    def __init__(self, columns: list[Column]) -> None:
        super().__init__()
        self.count = len(columns)
        self.slices: list[slice] = []
        owners: list[int] = []
        sources: list[int] = []
        values: list[float] = []
        rests: list[int] = []
        for index, column in enumerate(columns):
            start = len(owners)
            if column.kind == "categorical":
                sources += range(column.start, column.start + column.width)
                values += [math.nan] * column.width
            elif column.atoms:
                sources += [column.start] * (len(column.atoms) + 1)
                values += [*column.atoms, math.nan]
                rests.append(len(sources) - 1)
            owners += [index] * (len(sources) - start)
            self.slices.append(slice(start, len(sources)))
        atoms = [columns[owner].kind == "real" for owner in owners]
        named = {
            "owners": torch.tensor(owners, dtype=torch.long),
            "sources": torch.tensor(sources, dtype=torch.long),
            "values": torch.tensor(values, dtype=torch.float32),
            "is_atom": torch.tensor(atoms, dtype=torch.bool),
            "rests": torch.tensor(rests, dtype=torch.long),
            "rest_owners": torch.tensor([owners[rest] for rest in rests], dtype=torch.long),
        }
        for name, value in named.items():
            self.register_buffer(name, value, persistent=False)

    def taken(self, x: Tensor) -> Tensor:
        """Which choices (batch, choices) the rows x (batch, features) make, as zeros and ones."""
        entries = x[:, self.sources]
        made = torch.where(self.is_atom, (entries == self.values).to(x.dtype), entries)
        if len(self.rests):
            made = made.index_copy(1, self.rests, 1.0 - self._sums(made)[:, self.rest_owners])
        return made

    def log_softmax(self, logits: Tensor) -> Tensor:
        """Log-probabilities within each column's choices (batch, choices)."""
        index = self.owners.expand_as(logits)
        tops = logits.new_full((len(logits), self.count), -math.inf).scatter_reduce(1, index, logits.detach(), "amax")
        shifted = logits - tops[:, self.owners]
        return shifted - self._sums(shifted.exp()).clamp(min=1e-30).log()[:, self.owners]

    def dense(self, taken: Tensor, columns: list[int]) -> Tensor:
        """One (batch, given columns) where a real column's value is no atom, else zero."""
        dense = taken.new_ones(len(taken), self.count)
        if len(self.rests):
            dense = dense.index_copy(1, self.rest_owners, taken[:, self.rests])
        return dense[:, columns]

    def _sums(self, values: Tensor) -> Tensor:
        return values.new_zeros(len(values), self.count).index_add(1, self.owners, values)


def _choose(logits: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
    """One index (batch,) for each row of logits (batch, choices), by the Gumbel trick; zeros without choices.

    The noise is drawn on the CPU, so that a seed means the same everywhere.
    """
    if logits.shape[1] == 0:
        return logits.new_zeros(logits.shape[0], dtype=torch.long)
    uniform = torch.rand(logits.shape, generator=generator).clamp(1e-7, 1.0 - 1e-7)
    gumbel = -torch.log(-torch.log(uniform))
    return (logits + temperature * gumbel.to(logits)).argmax(dim=1)
