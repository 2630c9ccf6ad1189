"""What GANs of rows and of grids share: the two players, their turns, the figure on held-out items."""

from abc import abstractmethod
from contextlib import nullcontext

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from castalia.core.representation import Conditions
from castalia.families.contract import Batch, Learner, Step, update
from castalia.families.gan.critics import GridCritic, RowCritic
from castalia.families.gan.distance import energy_distance
from castalia.families.gan.losses import gradient_penalty, pairing_loss
from castalia.families.gan.options import GanSamplingOptions
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.reading import Reader

CLIP = 100.0
"""Gradients are clipped only against accidents: Adam does not mind their scale."""


class GameConfig(BaseModel):
    """Derived numbers that every GAN has."""

    rate: float
    batch: int
    epochs: float
    latent: int
    context: int
    """Length of the condition embeddings, where there are conditions."""
    distinct: bool = False
    """Whether these embeddings are normalised from the start on, see `ConditionEncoder`."""
    reading: float = 0.0
    """Weight, for the generator, of the conditions that the critic's features tell of made items; see `Reader`."""
    penalty: float
    penalty_every: int


class Gan(Learner):
    """A generator against a critic, see `castalia.families.gan.losses`; each has its own condition embedding."""

    served = ("generator", "embedding")
    averaged = served
    generator: nn.Module
    critic: GridCritic | RowCritic
    reader: Reader | None

    def __init__(self, conditions: Conditions | None, config: GameConfig) -> None:
        super().__init__()
        self.config = config
        self.reader = None
        self.embedding = ConditionEncoder(conditions, config.context, config.distinct)
        self.critic_embedding = ConditionEncoder(conditions, config.context, config.distinct)

    @abstractmethod
    def make(self, noise: Tensor, context: Tensor, generator: torch.Generator | None, temperature: float) -> Tensor:
        """Items as the critic sees them (batch, ...) from ``noise`` (batch, latent) and the condition embedding.

        Further chance comes from ``generator``, torch's global one where it is None.
        """

    @abstractmethod
    def seen(self, x: Tensor) -> Tensor:
        """Items (batch, *shape) as the critic sees them."""

    @abstractmethod
    def finished(self, made: Tensor) -> Tensor:
        """Items (batch, *shape) from what `make` gave."""

    @abstractmethod
    def compared(self, seen: Tensor) -> list[Tensor]:
        """Views (batch, features) of items as the critic sees them, each to be compared by itself."""

    def prepare(self) -> None:
        """One Adam each, without momentum: in a game it drives the players around their solution."""
        judging = [one for one in (self.critic, self.critic_embedding, self.reader) if one is not None]
        players = {"critic": judging, "generator": [self.generator, self.embedding]}
        self.optimisers = {
            name: torch.optim.Adam(
                [parameter for module in modules for parameter in module.parameters()],
                lr=self.config.rate,
                betas=(0.0, 0.99),
                fused=True,
            )
            for name, modules in players.items()
        }

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One turn of the critic, one of the generator, on the same made items; conditions hidden at random."""
        known = hide_groups(batch.known)
        count = len(batch.data)
        real = self.seen(batch.data)
        with step.autocast():
            noise = torch.randn(count, self.config.latent, device=real.device)
            made = self.make(noise, self.embedding(count, batch.conditions, known).to(noise), None, 1.0).float()
        both = torch.cat([real, made.detach()])
        losses = self._critic_turn(both, batch.conditions, known, step)
        return losses | self._generator_turn(real, made, batch.conditions, known, step)

    def _critic_turn(
        self, both: Tensor, conditions: Tensor | None, known: Tensor | None, step: Step
    ) -> dict[str, float]:
        """The pairing loss and R1 + R2; the penalties come every few steps, and those steps are in float32."""
        every, count = self.config.penalty_every, len(both) // 2
        penalised = self.config.penalty > 0 and step.index % every == 0
        both.requires_grad_(penalised)
        with nullcontext() if penalised else step.autocast():
            context = self.critic_embedding(count, conditions, known).to(both)
            logits, features = self.critic.judge(both, context.repeat(2, 1))
            read = self._unread(features[:count], conditions, known)
        logits = logits.float()
        loss = pairing_loss(logits[:count], logits[count:])
        penalty = gradient_penalty(logits, both).sum() / count if penalised else logits.new_zeros(())
        update(self.optimisers["critic"], loss + read + 0.5 * self.config.penalty * every * penalty, step, CLIP)
        told = {"loss": float(loss.detach()), "unread": float(read.detach())}
        return told | {"penalty": float(penalty.detach())} if penalised else told

    def _generator_turn(
        self, real: Tensor, made: Tensor, conditions: Tensor | None, known: Tensor | None, step: Step
    ) -> dict[str, float]:
        players = [one for one in (self.critic, self.critic_embedding, self.reader) if one is not None]
        for module in players:
            module.requires_grad_(requires_grad=False)
        with step.autocast():
            context = self.critic_embedding(len(made), conditions, known).to(made)
            with torch.no_grad():
                other = self.critic(real, context).float()
            logits, features = self.critic.judge(made, context)
            loss = pairing_loss(logits.float(), other)
            read = self._unread(features, conditions, known)
        update(self.optimisers["generator"], loss + self.config.reading * read, step, CLIP)
        for module in players:
            module.requires_grad_(requires_grad=True)
        return {"generator": float(loss.detach()), "unread_made": float(read.detach())}

    def _unread(self, features: Tensor, conditions: Tensor | None, known: Tensor | None) -> Tensor:
        """What a reader misses of the conditions that the critic's features stand for; zero without one."""
        if self.reader is None or conditions is None or known is None:
            return features.new_zeros(())
        return self.reader.loss(features, conditions, known)

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """The energy distance between the items and as many made ones under the same conditions.

        With one group of conditions it is that of items and conditions jointly; with several nothing is asked for. The
        losses of the players say nothing about quality; this figure falls as it rises and tells a collapse at once.
        A single item tells nothing: zero.
        """
        if len(batch.data) < 2:
            return 0.0
        several = batch.known is not None and batch.known.shape[1] > 1
        conditions, known = (None, None) if several else (batch.conditions, batch.known)
        made = self._drawn(len(batch.data), conditions, known, generator, 1.0)
        distance = batch.data.new_zeros(())
        real_views, made_views = self.compared(self.seen(batch.data)), self.compared(made)
        for real, other in zip(real_views, made_views, strict=True):
            if conditions is not None and known is not None:
                scale = float(real.std(dim=0).norm())
                beside = scale * conditions * known.to(conditions).repeat_interleave(conditions.shape[1], dim=1)
                real, other = torch.cat([real, beside], dim=1), torch.cat([other, beside], dim=1)  # noqa: PLW2901 - the same views, widened
            distance = distance + energy_distance(real, other)
        return float(distance)

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
        """See `castalia.families.contract.Learner.sample`. The temperature scales the noise."""
        chosen = options if isinstance(options, GanSamplingOptions) else GanSamplingOptions()
        return self.finished(self._drawn(count, conditions, known, generator, chosen.temperature))

    def _drawn(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        temperature: float,
    ) -> Tensor:
        parameter = next(self.generator.parameters())
        noise = temperature * torch.randn(count, self.config.latent, generator=generator).to(parameter)
        context = self.embedding(count, conditions, known).to(parameter)
        return self.make(noise, context, generator, temperature)
