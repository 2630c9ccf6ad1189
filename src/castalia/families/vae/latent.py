"""What both VAEs share: the latent vector's prior, the schedule of the KL term, the objective."""

from abc import abstractmethod

import torch
from pydantic import BaseModel
from torch import Tensor

from castalia.core.representation import Conditions
from castalia.families.contract import Batch, Learner, Step, adamw, update
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.flow import ConditionalFlow
from castalia.families.vae.options import VaeSamplingOptions

WARM_UP = 0.15
"""Share of the training during which the KL term's weight rises from a tenth to one."""


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
    flow_layers: int
    dropout: float


class Vae(Learner):
    """A VAE with a learned conditional flow prior: -ELBO = E_q[-log p(x|z,c) + log q(z|x,c) - log p(z|c)]."""

    served = ("encoder", "prior", "decoder", "embedding", "scales")
    averaged = served

    def __init__(self, conditions: Conditions | None, config: LatentConfig, numbers: int) -> None:
        super().__init__()
        self.config = config
        self.numbers = numbers
        self.embedding = ConditionEncoder(conditions, config.context)
        self.prior = ConditionalFlow(config.latent, self.embedding.features, 2 * config.latent + 32, config.flow_layers)

    @abstractmethod
    def terms(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|z,c) and the KL term, both in nats (batch,), for one z from the posterior of each item."""

    @abstractmethod
    def decode(self, z: Tensor, context: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
        """Items (batch, *shape) drawn given the latent vector (batch, latent)."""

    def vector_kl(self, z: Tensor, log_std: Tensor, noise: Tensor, context: Tensor) -> Tensor:
        """log q(z|x,c) - log p(z|c) (batch,) at z = mean + std * noise."""
        log_q = -(log_std + 0.5 * noise.square()).sum(dim=1) - 0.5 * z.shape[1] * 1.8378770664093453
        return log_q - self.prior.log_prob(z, context)

    def prepare(self) -> None:
        """One AdamW over everything."""
        self.optimisers = {"main": adamw([self], self.config.rate, self.config.weight_decay)}

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One update on -ELBO per number of an item, conditions hidden at random."""
        with step.autocast():
            context = self.embedding(len(batch.data), batch.conditions, hide_groups(batch.known))
            distortion, divergence = self.terms(batch.data, context)
        weight = 0.1 + 0.9 * min(1.0, step.fraction / WARM_UP)
        distortion, divergence = distortion.float().mean(), divergence.float().mean()
        norm = update(self.optimisers["main"], (distortion + weight * divergence) / self.numbers, step)
        loss = float((distortion + divergence).detach()) / self.numbers
        return {"loss": loss, "kl": float(divergence.detach()), "gradient": norm}

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """-ELBO in nats per number; see `_askings` for the conditions.

        The posterior's noise comes from torch's global generator, seeded from ``generator`` and put back afterwards.
        """
        state = torch.get_rng_state()
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        try:
            losses = [
                sum(self.terms(batch.data, self.embedding(len(batch.data), batch.conditions, known)), torch.zeros(()))
                for known in self._askings(batch)
            ]
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
        parameter = next(self.prior.parameters())
        noise = torch.randn(count, self.config.latent, generator=generator).to(parameter)
        context = self.embedding(count, conditions, known).to(parameter)
        z = self.prior.transform(chosen.temperature * noise, context)
        return self.decode(z, context, generator, chosen.temperature)
