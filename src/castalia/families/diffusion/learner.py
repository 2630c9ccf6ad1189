"""What diffusion models of rows and of grids share: the training step, the held-out loss, and drawing."""

from abc import abstractmethod

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from castalia.core.representation import Conditions
from castalia.families.contract import Batch, Learner, Step, adamw
from castalia.families.diffusion.completing import Settled, complete
from castalia.families.diffusion.options import DiffusionSamplingOptions, Prediction
from castalia.families.diffusion.paths import path_of
from castalia.families.diffusion.solvers import Denoiser, paced_times, solve
from castalia.families.nets.conditions import ConditionEncoder, hide_groups
from castalia.families.nets.muon import update_all

REDRAWN = 0.6
"""The strength with which a whole given item is drawn anew, unless another is asked for."""


class DiffusionConfig(BaseModel):
    """Derived numbers that every diffusion model has."""

    path: str
    shift: float = 1.0
    """See `castalia.families.diffusion.paths.FlowPath`."""
    prediction: Prediction
    rate: float
    weight_decay: float
    batch: int
    epochs: float
    context: int
    """Length of the vector that modulates every layer."""
    embedding: int
    """Length of the condition embedding, where there are conditions."""
    dropout: float
    steps: int
    """Steps of sampling when nobody asks for a number."""
    guidance: float


class Diffusion(Learner):
    """x_t = a(t) x + s(t) n; the network tells velocity or noise, and from it the data D(t, x_t) is known."""

    served = ("net", "embedding")
    averaged = served
    net: nn.Module
    """(x_t, times (batch,), condition) -> prediction, shaped as x_t."""

    def __init__(self, conditions: Conditions | None, config: DiffusionConfig) -> None:
        super().__init__()
        self.config = config
        self.path = path_of(config.path, config.shift)
        self.embedding = ConditionEncoder(conditions, config.embedding)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one item as the network sees it."""

    @abstractmethod
    def losses(self, x: Tensor, noise: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """The loss (batch,) of telling the data x (batch, *shape) behind their mixture with noise at times (batch,)."""

    @abstractmethod
    def denoise(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """D(t, x_t) (batch, *shape)."""

    def encode(self, x: Tensor) -> Tensor:
        """Items as the network sees them."""
        return x

    def decode(self, x: Tensor) -> Tensor:
        """The inverse of `encode`, within the layout's bounds."""
        return x

    def taught(self, x: Tensor, noise: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """What a training step lowers (batch,): `losses`, and those of parts that learn beside the network."""
        return self.losses(x, noise, times, condition)

    def tell(self, x_t: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        """The network's prediction for x_t (batch, *shape), in float32."""
        return self.net(x_t, times, condition).float()

    def prepare(self) -> None:
        """One AdamW over everything."""
        self.optimisers = {"main": adamw([self], self.config.rate, self.config.weight_decay)}

    def training_step(self, batch: Batch, step: Step) -> dict[str, float]:
        """One update, conditions hidden at random; times are stratified over the batch."""
        x = self.encode(batch.data)
        count = len(x)
        noise = torch.randn(x.shape).to(x.device)
        times = self.path.times((torch.arange(count) + torch.rand(count)) / count).to(x.device)
        with step.autocast():
            condition = self.embedding(count, batch.conditions, hide_groups(batch.known)).to(x.device)
            losses = self.taught(x, noise, times, condition)
        loss = losses.float().mean()
        norm = update_all(self.optimisers.values(), loss, step)
        return {"loss": float(loss.detach()), "gradient": norm}

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> float | None:
        """The training loss with fixed noise, conditions known where they are a single group, else nothing known."""
        x = self.encode(batch.data)
        count = len(x)
        noise = torch.randn(x.shape, generator=generator).to(x.device)
        uniform = (torch.randperm(count, generator=generator) + 0.5) / count
        known = batch.known if batch.known is not None and batch.known.shape[1] == 1 else None
        condition = self.embedding(count, batch.conditions if known is not None else None, known).to(x.device)
        return float(self.losses(x, noise, self.path.times(uniform).to(x.device), condition).float().mean())

    @torch.no_grad()
    def sample(
        self,
        count: int,
        conditions: Tensor | None,
        known: Tensor | None,
        generator: torch.Generator,
        options: BaseModel | None = None,
        given: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """See `castalia.families.contract.Learner.sample`.

        Of ``given`` items the masked entries are kept and the rest is drawn to fit, see `complete`. With ``strength``
        below 1 the rest starts from the given values too, on that share of the way (SDEdit, Meng et al., 2022).
        """
        device = next(self.parameters()).device
        chosen = options if isinstance(options, DiffusionSamplingOptions) else DiffusionSamplingOptions()
        noise = torch.randn(count, *self.shape, generator=generator).to(device)
        condition = self.embedding(count, conditions, known).to(device)
        if given is None:
            return self.draw(noise, condition, chosen)
        data, mask = given[0].to(noise), given[1].to(device)
        settled = Settled(self.path, self.encode(data), mask, generator)
        drawn = self.draw(noise, condition, chosen, settled)
        return torch.where(mask, data, drawn)

    def draw(
        self, noise: Tensor, condition: Tensor, options: DiffusionSamplingOptions, settled: Settled | None = None
    ) -> Tensor:
        """Items (batch, *shape) from noise and the embedding of what is asked for."""
        steps, first = options.steps or self.config.steps, 0.0
        x = noise = options.temperature * noise
        if settled is not None:
            first = 1.0 - (options.strength or (1.0 if settled.mask.any() else REDRAWN))
            steps = max(1, round(steps * (1.0 - first)))
        times = paced_times(self.path, first, steps)
        if settled is not None and first > 0.0:
            x = settled.point(times[0], noise)
        denoise = self._guided(condition, self.config.guidance if options.guidance is None else options.guidance)
        if settled is not None and settled.mask.any():
            return self.decode(complete(settled, denoise, x, times))
        return self.decode(solve(options.solver, self.path, denoise, x, times))

    def _guided(self, condition: Tensor, guidance: float) -> Denoiser:
        """D without the condition plus ``guidance`` times what the condition adds to it (Ho and Salimans, 2022)."""
        nothing = self.embedding(len(condition), None, None).to(condition)
        plain = guidance == 1.0 or torch.equal(nothing, condition)

        def denoise(time: float, x_t: Tensor) -> Tensor:
            times = torch.full((len(x_t),), time, device=x_t.device)
            if plain:
                return self.denoise(x_t, times, condition)
            both = self.denoise(torch.cat([x_t, x_t]), torch.cat([times, times]), torch.cat([nothing, condition]))
            without, with_it = both.chunk(2)
            return torch.lerp(without, with_it, guidance)

        return denoise


def squared_error(told: Tensor, target: Tensor) -> Tensor:
    """Mean square (batch,) of the difference of two (batch, *shape)."""
    return (told.float() - target).square().flatten(1).mean(dim=1)
