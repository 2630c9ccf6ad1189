"""A diagonal Gaussian, its mean and its spread trained by one optimiser each, as the two sides of a GAN are."""

import math

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from castalia.families.contract import Diverged, Learner, update


class MomentsOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    explode_above: float = math.inf
    """Raise Diverged at step 7 while the rate's factor is above this."""


class Moments:
    def derive(self, layout, conditions, size, options, data):
        return {"batch": 16, "epochs": 1000.0, "explode_above": min(options.explode_above, 1e9)}

    def build(self, layout, conditions, config):
        return MomentsLearner(layout.shape, config["explode_above"])


class Vector(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.value = nn.Parameter(torch.zeros(shape))


class MomentsLearner(Learner):
    served = averaged = ("mean", "log_std")

    def __init__(self, shape, explode_above):
        super().__init__()
        self.explode_above = explode_above
        self.mean, self.log_std = Vector(shape), Vector(shape)

    def prepare(self):
        self.optimisers = {
            "mean": torch.optim.SGD(self.mean.parameters(), lr=0.05, momentum=0.9),
            "spread": torch.optim.Adam(self.log_std.parameters(), lr=0.05),
        }

    def loss(self, x):
        standard = (x - self.mean.value) / self.log_std.value.exp()
        return (0.5 * standard.square() + self.log_std.value).mean()

    def training_step(self, batch, step):
        if step.index == 7 and step.rate > self.explode_above:
            raise Diverged("the test wants it")
        loss = self.loss(batch.data)
        update(self.optimisers["mean"], loss, step)
        update(self.optimisers["spread"], self.loss(batch.data), step)
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def held_out_loss(self, batch, generator):
        return float(self.loss(batch.data))

    @torch.no_grad()
    def sample(self, count, conditions, known, generator, options=None):
        noise = torch.randn((count, *self.mean.value.shape), generator=generator)
        return self.mean.value + self.log_std.value.exp() * noise
