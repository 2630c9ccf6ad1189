"""Recurrent layers over tokens: LSTM or GRU with a residual path around each."""

from typing import Literal, cast

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

Cell = Literal["lstm", "gru"]
State = list[Tensor | tuple[Tensor, Tensor]]
"""For each layer its hidden state (1, batch, width), with an LSTM its memory beside it."""


class RecurrentSizes(BaseModel):
    """Numbers of the network."""

    vocabulary: int
    layers: int
    width: int
    cell: Cell
    tied: bool
    dropout: float


class Recurrent(nn.Module):
    """Tokens (batch, length) -> logits of the next token (batch, length, vocabulary): h <- h + cell(norm(h))."""

    def __init__(self, sizes: RecurrentSizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.tokens = nn.Embedding(sizes.vocabulary, width)
        kind = nn.LSTM if sizes.cell == "lstm" else nn.GRU
        self.cells = nn.ModuleList(kind(width, width, batch_first=True) for _ in range(sizes.layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(sizes.layers + 1))
        self.dropout = nn.Dropout(sizes.dropout)
        self.head = None if sizes.tied else nn.Linear(width, sizes.vocabulary)
        nn.init.normal_(self.tokens.weight, std=width**-0.5 if sizes.tied else 0.5)
        if self.head is not None:
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)
        for cell in self.cells:
            self._prepare(cast("nn.LSTM | nn.GRU", cell))

    @torch.no_grad()
    def _prepare(self, cell: "nn.LSTM | nn.GRU") -> None:
        """Orthogonal recurrence; gates that forget little at first."""
        width = self.sizes.width
        for piece in cast("Tensor", cell.weight_hh_l0).split(width):
            nn.init.orthogonal_(piece)
        nn.init.normal_(cast("Tensor", cell.weight_ih_l0), std=width**-0.5)
        for bias in (cell.bias_ih_l0, cell.bias_hh_l0):
            nn.init.zeros_(cast("Tensor", bias))
        gate = slice(width, 2 * width)  # of an LSTM the gate that keeps its memory, of a GRU that which keeps its state
        cast("Tensor", cell.bias_ih_l0)[gate] = 1.0

    @property
    def gates(self) -> int:
        """Blocks of rows in each matrix of a cell."""
        return 4 if self.sizes.cell == "lstm" else 3

    @property
    def rows(self) -> int:
        """How many sequences are drawn side by side."""
        return 1024

    def matrices(self) -> list[nn.Parameter]:
        """The weights inside the cells that orthogonalised updates suit."""
        return [one for one in self.cells.parameters() if one.ndim == 2]

    def forward(self, tokens: Tensor, start: Tensor | None) -> Tensor:
        """``start`` (batch, width) is added to every embedding."""
        return self.run(tokens, start, None)[0]

    def run(self, tokens: Tensor, start: Tensor | None, state: State | None) -> tuple[Tensor, State]:
        """Logits (batch, length, vocabulary) and the state after the last token."""
        hidden = self.tokens(tokens)
        if start is not None:
            hidden = hidden + start[:, None]
        after: State = []
        with torch.autocast(
            hidden.device.type, enabled=hidden.device.type != "cpu"
        ):  # few CPUs have an LSTM in bfloat16
            hidden = hidden.float()
            for index, cell in enumerate(self.cells):
                made, last = cell(self.norms[index](self.dropout(hidden)), None if state is None else state[index])
                hidden = hidden + made
                after.append(last)
        hidden = self.norms[-1](self.dropout(hidden))
        if self.head is None:
            return functional.linear(hidden, self.tokens.weight), after
        return self.head(hidden), after

    def reader(self, begin: int, start: Tensor | None) -> "RecurrentReader":
        """Reads tokens one after the other, from the ``begin`` token on."""
        return RecurrentReader(self, begin, start)


class RecurrentReader:
    """Logits of what comes next, with the state carried on."""

    def __init__(self, net: Recurrent, begin: int, start: Tensor | None) -> None:
        self.net, self.begin, self.start = net, begin, start
        self.state: State | None = None

    def read(self, tokens: Tensor) -> Tensor:
        """Take in ``tokens`` (batch, new), none at the very beginning; returns logits (batch, vocabulary)."""
        if self.state is None:
            tokens = torch.cat([tokens.new_full((len(tokens), 1), self.begin), tokens], dim=1)
        logits, self.state = self.net.run(tokens, self.start, self.state)
        return logits[:, -1]
