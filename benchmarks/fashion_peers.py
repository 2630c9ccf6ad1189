"""Two peers of the Fashion-MNIST benchmark: diffusers' U-Net and scheduler, and a VAE in plain PyTorch.

Both get what our trainer gives ours: warm-up and a cosine, an exponential moving average, batches of 64, one thread.
"""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fashion_measures import NAMES, Stopwatch

BATCH = 64
DDPM_STEPS = 20


def fit(net: nn.Module, loss_of: Callable[[nn.Module, Tensor, Tensor], Tensor], data, labels, seconds, rate, seed):
    """Train for so many processor seconds; returns the averaged network, steps and seconds."""
    average = copy.deepcopy(net).requires_grad_(False)
    optimiser = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.01, betas=(0.9, 0.99), fused=True)
    draw, watch, step = np.random.default_rng(seed), Stopwatch(), 0
    while (fraction := watch.seconds / seconds) < 1.0:
        factor = min(1.0, (step + 1) / 50) * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * fraction)))
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        chosen = draw.integers(0, len(data), BATCH)
        loss = loss_of(net, torch.from_numpy(data[chosen]), torch.from_numpy(labels[chosen]))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        weight = 1.0 - min(0.9995, (1.0 + step) / (10.0 + step))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), net.parameters(), strict=True):
                mean.lerp_(value, weight)
        step += 1
    return average.eval(), step, watch.seconds


def diffusers_peer(data, labels, seconds, parameters, wanted, seed, rate=5e-4):
    """diffusers' UNet2DModel with class embeddings under its DDPM objective, drawn with its DPM-Solver++."""
    from diffusers import DDPMScheduler, DPMSolverMultistepScheduler, UNet2DModel

    def build(width: int) -> nn.Module:
        return UNet2DModel(
            sample_size=28,
            in_channels=1,
            out_channels=1,
            layers_per_block=1,
            block_out_channels=(width, 2 * width, 2 * width),
            down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
            norm_num_groups=8,
            num_class_embeds=len(NAMES),
        )

    torch.manual_seed(seed)
    sizes = {width: sum(one.numel() for one in build(width).parameters()) for width in range(8, 97, 8)}
    width = min(sizes, key=lambda one: abs(sizes[one] - parameters))
    net = build(width)
    scheduler = DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")

    def loss_of(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        noise, times = torch.randn_like(x), torch.randint(0, 1000, (len(x),))
        told = net(scheduler.add_noise(x, noise, times), times, class_labels=y).sample
        return functional.mse_loss(told, noise)

    net, steps, used = fit(net, loss_of, data, labels, seconds, rate, seed)
    solver = DPMSolverMultistepScheduler.from_config(scheduler.config)
    watch, pieces = Stopwatch(), []
    generator = torch.Generator().manual_seed(seed)
    for part in torch.from_numpy(wanted).split(250):
        solver.set_timesteps(DDPM_STEPS)
        x = torch.randn(len(part), 1, 28, 28, generator=generator)
        with torch.no_grad():
            for time in solver.timesteps:
                x = solver.step(net(x, time, class_labels=part).sample, time, x).prev_sample
        pieces.append(x.clamp(-1.0, 1.0))
    facts = {"parameters": sizes[width], "width": width, "steps": steps, "training_seconds": used, "rate": rate}
    return torch.cat(pieces).numpy(), facts | {"sampling_seconds": watch.seconds}


class PlainVae(nn.Module):
    """Four convolutions each way, 16 latent numbers, the class beside them."""

    def __init__(self, width: int = 40, latent: int = 16) -> None:
        super().__init__()
        self.latent = latent
        classes = len(NAMES)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1 + classes, width, 4, 2, 1), nn.ReLU(), nn.Conv2d(width, 2 * width, 4, 2, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(2 * width * 49, 128), nn.ReLU(), nn.Linear(128, 2 * latent)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent + classes, 128), nn.ReLU(), nn.Linear(128, 2 * width * 49), nn.ReLU()),
            *(nn.Unflatten(1, (2 * width, 7, 7)), nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh()),
        )

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Pictures of latent vectors and classes."""
        return self.decoder(torch.cat([z, functional.one_hot(y, len(NAMES)).float()], dim=1))

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Squared error in grey levels of [0, 1] and the divergence from N(0, I), as pythae's VAE has it."""
        maps = functional.one_hot(y, len(NAMES)).float()[:, :, None, None].expand(-1, -1, 28, 28)
        mean, log_variance = self.encoder(torch.cat([x, maps], dim=1)).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        error = 0.25 * (self.decode(z, y) - x).square().flatten(1).sum(dim=1)
        divergence = -0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).sum(dim=1)
        return (error + divergence).mean()


def vae_peer(data, labels, seconds, wanted, seed):
    """A plain conditional VAE."""
    torch.manual_seed(seed)
    loss_of = PlainVae.loss
    net, steps, used = fit(PlainVae(), loss_of, data, labels, seconds, 1e-3, seed)
    watch, generator = Stopwatch(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        made = net.decode(torch.randn(len(wanted), net.latent, generator=generator), torch.from_numpy(wanted)).numpy()
    parameters = sum(one.numel() for one in net.parameters())
    facts = {"parameters": parameters, "steps": steps, "training_seconds": used}
    return made, facts | {"sampling_seconds": watch.seconds}
