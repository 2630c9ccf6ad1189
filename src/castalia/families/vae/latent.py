"""What both VAEs share: the latent vector's prior, the schedule of the KL term, the objective."""

from abc import abstractmethod
from typing import NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor

from castalia.core.representation import Conditions
from castalia.families.contract import Batch, Learner, Step, adamw, update
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.flow import ConditionalFlow
from castalia.families.nets.reading import Reader
from castalia.families.vae.options import VaeSamplingOptions

WARM_UP = 0.15
"""Share of the training during which the KL term's weight rises from a tenth to one."""
READING = 10.0
"""Weight of reading conditions back, in nats an item: little beside an item's description, enough to shape features."""
CANDIDATES = 16
"""Items drawn for each one kept, under guidance."""
MOST_NUMBERS = 4_000_000
"""Numbers of all candidates that are in memory together."""
LOG_STD_LIMIT = 5.0


def bounded_log_std(raw: Tensor) -> Tensor:
    """Log standard deviations kept smoothly within (-5, 5)."""
    return LOG_STD_LIMIT * torch.tanh(raw / LOG_STD_LIMIT)


class LatentConfig(BaseModel):
    """Derived numbers that every VAE has."""

    rate: float
    weight_decay: float
    batch: int
    epochs: float
    latent: int
    context: int
    """Length of the condition embedding, where there are conditions."""
    distinct: bool = False
    """Whether that embedding is normalised from the start on, see `ConditionEncoder`."""
    reads: bool = False
    """Whether the encoder is not told the conditions and learns to read them, see `Reader`."""
    guidance: float = 1.0
    """Guidance of sampling when nobody asks for one."""
    flow_layers: int
    dropout: float


class Terms(NamedTuple):
    """Parts of the loss of items x, in nats (batch,)."""

    distortion: Tensor
    """-log p(x|z,c)"""
    divergence: Tensor
    """The KL term."""
    features: Tensor | None = None
    """What a reader reads of x (batch, features), where there is one."""


class Vae(Learner):
    """A VAE with a learned conditional flow prior: -ELBO = E_q[-log p(x|z,c) + log q(z|x,c) - log p(z|c)]."""

    served = ("encoder", "prior", "decoder", "embedding", "scales", "reader")
    averaged = served
    reader: Reader | None

    def __init__(self, conditions: Conditions | None, config: LatentConfig, numbers: int) -> None:
        super().__init__()
        self.config = config
        self.numbers = numbers
        self.reader = None
        self.embedding = ConditionEncoder(conditions, config.context, config.distinct)
        self.prior = ConditionalFlow(config.latent, self.embedding.features, 2 * config.latent + 32, config.flow_layers)

    @abstractmethod
    def terms(self, x: Tensor, context: Tensor) -> Terms:
        """What is learnt from items, for one z from the posterior of each."""

    @abstractmethod
    def decode(self, z: Tensor, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        """Items (batch, *shape) drawn given the latent vector (batch, latent)."""

    def vector_kl(self, z: Tensor, log_std: Tensor, noise: Tensor, context: Tensor) -> Tensor:
        """log q(z|x,c) - log p(z|c) (batch,) at z = mean + std * noise."""
        log_q = -(log_std + 0.5 * noise.square()).sum(dim=1) - 0.5 * z.shape[1] * 1.8378770664093453
        return log_q - self.prior.log_prob(z, context)

    def evidence(self, z: Tensor, items: Tensor, conditions: Tensor, known: Tensor) -> Tensor:  # noqa: ARG002 - for those that read items
        """How much likelier what was drawn makes the conditions, in nats (batch,), up to a constant of theirs."""
        given, nothing = (self.embedding(len(z), *asked).to(z) for asked in ((conditions, known), (None, None)))
        return self.prior.log_prob(z, given) - self.prior.log_prob(z, nothing)

    def prepare(self) -> None:
        """One AdamW over everything."""
        self.optimisers = {"main": adamw([self], self.config.rate, self.config.weight_decay)}

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One update on -ELBO per number of an item, conditions hidden at random."""
        with step.autocast():
            context = self.embedding(len(batch.data), batch.conditions, hide_groups(batch.known))
            distortion, divergence, features = self.terms(batch.data, context)
            read = self._unread(features, batch)
        weight = 0.1 + 0.9 * min(1.0, step.fraction / WARM_UP)
        distortion, divergence = distortion.float().mean(), divergence.float().mean()
        norm = update(self.optimisers["main"], (distortion + weight * divergence + READING * read) / self.numbers, step)
        loss = float((distortion + divergence).detach()) / self.numbers
        return {"loss": loss, "kl": float(divergence.detach()), "read": float(read.detach()), "gradient": norm}

    def _unread(self, features: Tensor | None, batch: Batch) -> Tensor:
        """What the reader misses of the conditions; zero without one."""
        if self.reader is None or features is None or batch.conditions is None or batch.known is None:
            return batch.data.new_zeros(())
        return self.reader.loss(features, batch.conditions, batch.known)

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """-ELBO in nats per number; see `_askings` for the conditions.

        The posterior's noise comes from torch's global generator, seeded from ``generator`` and put back afterwards.
        """
        state = torch.get_rng_state()
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        try:
            losses: list[Tensor] = []
            for known in self._askings(batch):
                context = self.embedding(len(batch.data), batch.conditions, known)
                distortion, divergence, _ = self.terms(batch.data, context)
                losses.append(distortion + divergence)
        finally:
            torch.set_rng_state(state)
        return float(torch.stack(losses).mean()) / self.numbers

    @staticmethod
    def _askings(batch: Batch) -> list[Tensor | None]:
        """What is known when judging: nothing, and with one group also that; several groups all known say too much."""
        return [None] if batch.known is None or batch.known.shape[1] > 1 else [None, batch.known]

    @torch.no_grad()
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,
        given: tuple[Tensor, Tensor] | None = None,  # noqa: ARG002 - this family does not complete
    ) -> Tensor:
        """See `castalia.families.contract.Learner.sample`. The temperature scales all noise."""
        chosen = options if isinstance(options, VaeSamplingOptions) else VaeSamplingOptions()
        guidance = self.config.guidance if chosen.guidance is None else chosen.guidance
        if conditions is None or known is None or guidance == 1.0:
            return self._drawn(self.embedding(count, conditions, known), chosen.temperature, generator)[1]
        at_once = max(1, MOST_NUMBERS // (CANDIDATES * self.numbers))
        parts = zip(conditions.split(at_once), known.split(at_once), strict=True)
        return torch.cat([self._guided(*part, guidance, chosen.temperature, generator) for part in parts])

    def _drawn(self, context: Tensor, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Latent vectors (batch, latent) and the items of those."""
        parameter = next(self.prior.parameters())
        context = context.to(parameter)
        noise = torch.randn(len(context), self.config.latent, generator=generator).to(parameter)
        z = self.prior.transform(temperature * noise, context)
        return z, self.decode(z, context, generator, temperature)

    def _guided(
        self, conditions: Tensor, known: Tensor, guidance: float, temperature: float, generator: torch.Generator
    ) -> Tensor:
        """One item of each CANDIDATES from p(x|c), drawn with weight p(c|x)^(guidance - 1)."""
        wanted, seen = (one.repeat_interleave(CANDIDATES, dim=0) for one in (conditions, known))
        z, items = self._drawn(self.embedding(len(wanted), wanted, seen), temperature, generator)
        evidence = self.evidence(z, items, wanted, seen)
        weights = ((guidance - 1.0) * evidence).unflatten(0, (-1, CANDIDATES)).softmax(dim=1)
        taken = torch.multinomial(weights.cpu(), 1, generator=generator)[:, 0]
        return items[CANDIDATES * torch.arange(len(conditions)) + taken]
