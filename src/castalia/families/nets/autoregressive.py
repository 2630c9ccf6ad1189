"""What families of token sequences share: p(x) = prod_i p(x_i | x_<i, c), its loss, its likelihood, its sampling.

Every sequence begins with a start vector, the embedding of the padding token, from which the first token is predicted:
all tokens of an item count, in a stream all tokens of a window. The end of a sequence is predicted once, as the padding
token; a sequence that fills the layout's length ends there without it.
"""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Layout, Tokens
from castalia.families.contract import Batch, Learner, Step
from castalia.families.nets.cells import Recurrent
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.grammar import Rules
from castalia.families.nets.llama import Llama
from castalia.families.nets.muon import Muon, update_all
from castalia.families.nets.sampling import Given, Reader, sample_tokens
from castalia.families.nets.token_options import TokenOptions, TokenSamplingOptions


class TokenConfig(BaseModel):
    """Derived numbers that every family of token sequences has."""

    optimiser: str
    matrix_rate: float
    rate: float
    weight_decay: float
    grammar_loss: bool
    batch: int
    epochs: float


def common_config(
    layout: Layout, options: TokenOptions, data: NDArray[np.generic], tokens_a_step: int
) -> dict[str, object]:
    """The part of a derived configuration that does not depend on the network.

    Raises BadRequest for other layouts, and for data that break their grammar.
    """
    if not isinstance(layout, Tokens):
        raise BadRequest(
            "This family learns sequences of tokens; this representation is another kind.",
            hint="Choose another family with --family.",
        )
    Rules(layout).check(data)
    length = layout.length if layout.stream else float((np.asarray(data) != layout.padding).sum() / max(1, len(data)))
    items = len(data) // layout.length if layout.stream else len(data)
    batch = min(max(8, min(256, round(tokens_a_step / (length + 1.0)))), max(4, items // 10))
    return {
        "optimiser": options.optimiser,
        "matrix_rate": options.matrix_rate,
        "rate": options.rate,
        "weight_decay": options.weight_decay,
        "grammar_loss": options.grammar_loss and layout.grammar is not None and not layout.stream,
        "batch": options.batch or batch,
        "epochs": options.epochs or 60.0,
    }


class Autoregressive(Learner):
    """``net`` predicts each token from those before it, the conditions are added to its start."""

    served = ("net", "embedding")
    averaged = served
    parts = 1
    """Blocks of rows in each matrix that are made orthogonal by themselves."""

    def __init__(
        self, layout: Tokens, conditions: Conditions | None, config: TokenConfig, net: Llama | Recurrent, width: int
    ) -> None:
        super().__init__()
        self.layout, self.config, self.net = layout, config, net
        self.rules = Rules(layout)
        self.embedding = ConditionEncoder(conditions, width)

    def prepare(self) -> None:
        """Muon for the matrices inside, fused AdamW for embeddings, head, gains and shifts; or AdamW for all."""
        config = self.config
        inside = self.net.matrices() if config.optimiser == "muon" else []
        names = {id(one) for one in inside}
        rest = [one for one in self.parameters() if id(one) not in names]
        decay = config.weight_decay if not inside else 0.0
        groups = [
            {"params": [one for one in rest if one.ndim > 1], "weight_decay": decay},
            {"params": [one for one in rest if one.ndim <= 1], "weight_decay": 0.0},
        ]
        adam = torch.optim.AdamW(
            [one for one in groups if one["params"]], lr=config.rate, betas=(0.9, 0.99), fused=True
        )
        self.optimisers = {"rest": adam}
        if inside:
            self.optimisers["matrices"] = Muon(inside, config.matrix_rate, decay=config.weight_decay, parts=self.parts)

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One update on the mean loss of a token, conditions hidden at random."""
        with step.autocast():
            losses, counted = self.token_losses(batch, hide_groups(batch.known), self.config.grammar_loss)
        loss = losses.sum() / counted.sum()
        norm = update_all(self.optimisers.values(), loss, step)
        return {"loss": float(loss.detach()), "gradient": norm}

    def token_losses(self, batch: Batch, known: Tensor | None, obeying: bool) -> tuple[Tensor, Tensor]:
        """-log p(x_i | x_<i, c) in nats (batch, longest), zero where not counted, and which are counted.

        ``obeying`` gives tokens that the grammar forbids no probability, as in sampling.
        """
        data, counted = self._counted(batch.data)
        start = self._start(len(data), batch.conditions, known)
        inputs = torch.cat([data.new_full((len(data), 1), self.layout.padding), data[:, :-1]], dim=1)
        logits = self.net(inputs, start).float()
        if obeying:
            states = self.rules.read(data)[:, :-1]
            room = self.layout.length - torch.arange(data.shape[1], device=data.device)
            allowed = self.rules.allowed(states, room.expand_as(states)) | ~counted[..., None]
            logits = logits.masked_fill(~allowed, -torch.inf)
        losses = functional.cross_entropy(logits.flatten(0, 1), data.flatten(), reduction="none").view_as(data)
        return losses.masked_fill(~counted, 0.0), counted

    def log_likelihood(self, batch: Batch) -> Tensor:
        """log p(x | c) in nats (batch,), exact: of whole sequences with their end, of a stream's windows by themselves.

        It is the probability with which `sample` at temperature 1 draws the item.
        """
        obeying = not self.rules.trivial and not self.layout.stream
        return -self.token_losses(batch, batch.known, obeying)[0].sum(dim=1)

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:  # noqa: ARG002 - no chance here
        """Nats per token; with one group of conditions the mean of nothing known and all known, with more nothing."""
        askings = [None] if batch.known is None or batch.known.shape[1] > 1 else [None, batch.known]
        means: list[float] = []
        for known in askings:
            losses, counted = self.token_losses(batch, known, self.config.grammar_loss)
            means.append(float(losses.sum() / counted.sum()))
        return sum(means) / len(means)

    @torch.no_grad()
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,
        given: Given | None = None,
    ) -> Tensor:
        """See `castalia.families.contract.Learner.sample`: int64 (count, length), padded.

        A stream gives ``max_tokens`` (else the layout's length) tokens after what is given.
        """
        chosen = options if isinstance(options, TokenSamplingOptions) else TokenSamplingOptions()
        start = self._start(count, conditions, known)

        def reader(part: slice) -> Reader:
            return self.net.reader(self.layout.padding, None if start is None else start[part])

        return sample_tokens(reader, self.rules, count, self.net.rows, generator, chosen, given)

    def _start(self, count: int, conditions: Tensor | None, known: Tensor | None) -> Tensor | None:
        """The conditions' embedding (count, width), None for a layout without conditions."""
        return self.embedding(count, conditions, known) if self.embedding.features else None

    def _counted(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Data cut to the longest item with its end, and which tokens count: all up to and with the first padding."""
        if self.layout.stream:
            return data, torch.ones_like(data, dtype=torch.bool)
        lengths = (data != self.layout.padding).sum(dim=1)
        longest = min(data.shape[1], int(lengths.max()) + 1)
        return data[:, :longest], torch.arange(longest, device=data.device) <= lengths[:, None]


def tokens_of(layout: Layout) -> Tokens:
    """The layout, which `common_config` has checked before."""
    return cast("Tokens", layout)


def parameters_in(module: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(one.numel() for one in module.parameters())
