"""A table of logits for each three tokens (hashed): learns any tokens, obeys a grammar, goes on from a prefix."""

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from castalia.core.representation import Tokens
from castalia.families.contract import Learner, update

ROWS = 8192


class TriplesOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TriplesSampling(BaseModel):
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0


class Triples:
    def derive(self, layout, conditions, size, options, data):
        assert isinstance(layout, Tokens)
        return {"batch": 32, "epochs": 1000.0}

    def build(self, layout, conditions, config):
        return TriplesLearner(layout, conditions.width if conditions else 0)


class Table(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(ROWS, vocabulary))
        self.asked = nn.Parameter(torch.zeros(width, vocabulary))

    def forward(self, rows, wanted):
        return self.logits[rows] + (0.0 if wanted is None else (wanted @ self.asked)[:, None])


class TriplesLearner(Learner):
    served = averaged = ("table",)

    def __init__(self, layout, width):
        super().__init__()
        self.layout, self.width = layout, width
        self.table = Table(layout.vocabulary, width)

    def prepare(self):
        self.optimisers = {"main": torch.optim.Adam(self.table.parameters(), lr=0.5)}

    @staticmethod
    def rows(data):
        """The place in the table for what comes after each token, from it and the two before."""
        before = nn.functional.pad(data, (2, 0))
        return (data * 8191 + before[:, 1:-1] * 131 + before[:, :-2] * 31 + 7) % ROWS

    def loss(self, batch):
        data = batch.data if self.layout.stream else nn.functional.pad(batch.data, (1, 0))
        logits = self.table(self.rows(data)[:, :-1], batch.conditions if self.width else None)
        target = data[:, 1:].clone()
        if not self.layout.stream:
            ended = (target == self.layout.padding).cumsum(dim=1) > 1
            target[ended] = -100
        return nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)

    def training_step(self, batch, step):
        loss = self.loss(batch)
        update(self.optimisers["main"], loss, step, clip=10.0)
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def held_out_loss(self, batch, generator):
        return float(self.loss(batch))

    @torch.no_grad()
    def sample(self, count, conditions, known, generator, options=None, given=None):
        chosen = options or TriplesSampling()
        layout, grammar = self.layout, self.layout.grammar
        data = torch.zeros(count, 1 + layout.length, dtype=torch.int64)
        state = torch.zeros(count, dtype=torch.int64)
        ended = torch.zeros(count, dtype=torch.bool)
        if grammar is not None:
            classes, moves = torch.tensor(grammar.classes), torch.tensor(grammar.transitions)
            ends = torch.isin(torch.arange(len(moves)), torch.tensor(grammar.ends))
        wanted = None if conditions is None else conditions
        for place in range(1, layout.length + 1):
            logits = self.table(self.rows(data[:, :place])[:, -1:], wanted)[:, 0]
            if grammar is not None:
                allowed = moves[state][:, classes] >= 0
                allowed[:, layout.padding] = ends[state]
                logits = logits.masked_fill(~allowed, -torch.inf)
            if layout.stream:
                logits[:, layout.padding] = -torch.inf
            if chosen.temperature == 0:
                drawn = logits.argmax(dim=1)
            else:
                shares = torch.softmax(logits / chosen.temperature, dim=1)
                drawn = torch.multinomial(shares, 1, generator=generator)[:, 0]
            if given is not None:
                drawn = torch.where(given[1][:, place - 1], given[0][:, place - 1], drawn)
            drawn = torch.where(ended, torch.full_like(drawn, layout.padding), drawn)
            if not layout.stream:
                ended |= drawn == layout.padding
            if grammar is not None:
                state = torch.where(ended, state, moves[state, classes[drawn]].clamp(min=0))
            data[:, place] = drawn
        return data[:, 1:]
