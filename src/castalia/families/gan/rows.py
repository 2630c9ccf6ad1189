"""The GAN of rows: every choice of a category or a repeated value is drawn by a straight-through Gumbel softmax."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.representation import Conditions
from castalia.families.gan.critics import RowCritic
from castalia.families.gan.game import GameConfig, Gan
from castalia.families.nets.columns import Choices, Column

SOFTNESS = 0.5
"""Temperature of the softmax through which gradients pass (Jang et al., 2017)."""
REACH = 5.0
"""Numbers are squashed smoothly to within this, so that a far outlier does not rule the critic."""


class RowConfig(GameConfig):
    """Derived numbers of the GAN of rows."""

    columns: list[Column]
    hidden: int
    blocks: int


class RowGenerator(nn.Module):
    """z and c side by side (batch, latent + context) -> choice logits and numbers (batch, outputs)."""

    def __init__(self, inputs: int, hidden: int, blocks: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Linear(hidden + inputs, hidden), nn.Linear(hidden, hidden)]) for _ in range(blocks)
        )
        self.last = nn.Linear(hidden, outputs)

    def forward(self, inner: Tensor) -> Tensor:
        """See the class."""
        hidden = self.first(inner)
        for block in self.blocks:
            enter, leave = cast("nn.ModuleList", block)
            hidden = hidden + leave(functional.silu(enter(torch.cat([functional.silu(hidden), inner], dim=1))))
        return self.last(functional.silu(hidden))


class RowGan(Gan):
    """x (batch, features) of real and one-hot columns.

    The critic sees all choices side by side (batch, choices), then the numbers of real columns where they are not a
    repeated value, zero there (batch, real columns).
    """

    places: Tensor
    lows: Tensor
    highs: Tensor

    def __init__(self, conditions: Conditions | None, config: RowConfig) -> None:
        super().__init__(conditions, config)
        self.columns = config.columns
        self.choices = Choices(config.columns)
        self.real = [index for index, column in enumerate(config.columns) if column.kind == "real"]
        real = [config.columns[index] for index in self.real]
        self.register_buffer("places", torch.tensor([one.start for one in real], dtype=torch.long), persistent=False)
        self.register_buffer("lows", torch.tensor([one.low for one in real]), persistent=False)
        self.register_buffer("highs", torch.tensor([one.high for one in real]), persistent=False)
        self.features = max(column.start + column.width for column in config.columns)
        width = len(self.choices.owners) + len(real)
        context = self.embedding.features
        self.generator = RowGenerator(config.latent + context, config.hidden, config.blocks, width)
        self.critic = RowCritic(len(self.choices.owners), len(real), config.hidden, config.blocks, context)

    def make(self, noise: Tensor, context: Tensor, generator: torch.Generator | None, temperature: float) -> Tensor:
        """See `Gan.make`: one-hot choices, whose gradient is that of a softmax, and squashed numbers."""
        outputs = self.generator(torch.cat([noise, context], dim=1)).float()
        count = len(self.choices.owners)
        taken, numbers = self._choose(outputs[:, :count], generator, temperature), outputs[:, count:]
        return torch.cat([taken, numbers * self.choices.dense(taken, self.real)], dim=1)

    def _choose(self, logits: Tensor, generator: torch.Generator | None, temperature: float) -> Tensor:
        uniform = torch.rand(logits.shape, generator=generator).clamp(1e-7, 1.0 - 1e-7)
        gumbel = -torch.log(-torch.log(uniform)).to(logits)
        noisy = logits + temperature * gumbel
        soft = self.choices.log_softmax(noisy / SOFTNESS).exp()
        hard = torch.zeros_like(soft)
        for part in self.choices.slices:
            if part.stop > part.start:
                hard[:, part] = functional.one_hot(noisy[:, part].argmax(dim=1), part.stop - part.start).to(soft)
        return hard + soft - soft.detach()

    def seen(self, x: Tensor) -> Tensor:
        """See the class."""
        taken = self.choices.taken(x)
        numbers = REACH * torch.tanh(x[:, self.places] / REACH)
        return torch.cat([taken, numbers * self.choices.dense(taken, self.real)], dim=1)

    def finished(self, made: Tensor) -> Tensor:
        """Rows: categories one-hot, repeated values exact, other numbers within what the data hold."""
        count = len(self.choices.owners)
        taken, squashed = made[:, :count], made[:, count:]
        limit = REACH * (1.0 - 1e-4)
        numbers = REACH * torch.atanh(squashed.clamp(-limit, limit) / REACH)
        numbers = torch.minimum(torch.maximum(numbers, self.lows), self.highs)
        x = made.new_zeros(len(made), self.features)
        for index, (column, part) in enumerate(zip(self.columns, self.choices.slices, strict=True)):
            chosen = taken[:, part].round()
            if column.kind == "categorical":
                x[:, column.start : column.start + column.width] = chosen
                continue
            value = numbers[:, self.real.index(index)]
            if column.atoms:
                atoms = torch.tensor([*column.atoms, 0.0]).to(made)
                choice = chosen.argmax(dim=1)
                value = torch.where(choice < len(column.atoms), atoms[choice], value)
            x[:, column.start] = value
        return x

    def compared(self, seen: Tensor) -> list[Tensor]:
        """All of it at once: dependence between columns is what matters."""
        return [seen]
