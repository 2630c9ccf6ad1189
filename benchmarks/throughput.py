"""Training throughput at equal parameters: our diffusion against diffusers' training loop, pictures a CPU-second.

    python benchmarks/throughput.py [--size small] [--side 32] [--batch 32] [--rounds 7]

Both train on the same noise pictures in colour, in turns of a few seconds in one process on one thread, so that other
load of the machine meets both; told are medians of the rounds and the ratio of each round. Ours is the learner's own
step with the moving average that our trainer keeps, in float32. The peer is diffusers' UNet2DModel (widths times 1, 2,
2, 4, two layers a block, attention at the third level) with its DDPM objective, AdamW and clipping, as its example of
unconditional generation trains it by default, without a moving average; of its widths the one nearest in parameters.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from castalia.core.representation import Continuous
from castalia.families.contract import Batch, Learner, Step
from castalia.families.diffusion.family import DiffusionFamily
from castalia.families.diffusion.options import DiffusionOptions
from learning import keep, load_average, table

TURN = 3.0
"""Seconds of one turn."""
COLUMNS = ["parameters", "pictures_a_second"]


def ours(pictures: torch.Tensor, size: str, batch: int) -> tuple[Callable[[], None], int]:
    """One step of our diffusion at this size, and its parameters."""
    layout = Continuous(shape=tuple(pictures.shape[1:]), bounded=True)
    family = DiffusionFamily()
    torch.manual_seed(0)
    config = family.derive(layout, None, size, DiffusionOptions(batch=batch), pictures.numpy())  # type: ignore[arg-type]
    learner: Learner = family.build(layout, None, config)
    learner.prepare()
    learner.train()
    average = copy.deepcopy(learner).requires_grad_(requires_grad=False)
    drawn = np.random.default_rng(0)

    def step() -> None:
        chosen = drawn.integers(0, len(pictures), batch)
        learner.training_step(Batch(pictures[chosen]), Step(100, 0.5, 0.5))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(learner.parameters()), 0.001)

    return step, sum(one.numel() for one in learner.parameters())


def peer(pictures: torch.Tensor, parameters: int, batch: int) -> tuple[Callable[[], None], int]:
    """One step of diffusers' loop with about as many parameters."""
    from diffusers import DDPMScheduler, UNet2DModel

    def build(width: int) -> nn.Module:
        return UNet2DModel(
            sample_size=pictures.shape[-1],
            layers_per_block=2,
            block_out_channels=(width, 2 * width, 2 * width, 4 * width),
            down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
            norm_num_groups=8,
        )

    torch.manual_seed(0)
    sizes = {width: sum(one.numel() for one in build(width).parameters()) for width in range(8, 65, 8)}
    width = min(sizes, key=lambda one: abs(sizes[one] - parameters))
    net = build(width).train()
    scheduler = DDPMScheduler(num_train_timesteps=1000)
    optimiser = torch.optim.AdamW(net.parameters(), 1e-4, betas=(0.95, 0.999), weight_decay=1e-6, eps=1e-8)
    drawn = np.random.default_rng(0)

    def step() -> None:
        x = pictures[drawn.integers(0, len(pictures), batch)]
        noise, times = torch.randn_like(x), torch.randint(0, 1000, (batch,))
        told = net(scheduler.add_noise(x, noise, times), times).sample
        loss = functional.mse_loss(told, noise)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return step, sizes[width]


def turn(step: Callable[[], None]) -> float:
    """Steps a processor second, over `TURN` seconds and two steps at least."""
    start, count = time.process_time(), 0
    while count < 2 or time.process_time() - start < TURN:
        step()
        count += 1
    return count / (time.process_time() - start)


def main() -> int:
    """Measure in turns and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="small", choices=["tiny", "small", "medium", "large"])
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    pictures = torch.rand(256, 3, chosen.side, chosen.side) * 2.0 - 1.0
    steps: dict[str, Callable[[], None]] = {}
    counts: dict[str, int] = {}
    steps["castalia"], counts["castalia"] = ours(pictures, chosen.size, chosen.batch)
    steps["diffusers"], counts["diffusers"] = peer(pictures, counts["castalia"], chosen.batch)
    for step in steps.values():
        step()  # what is made at the first step
    speeds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(chosen.rounds):
        for name, step in steps.items():
            speeds[name].append(chosen.batch * turn(step))
    ratios = [one / other for one, other in zip(speeds["castalia"], speeds["diffusers"], strict=True)]
    load = load_average()
    rows: list[dict[str, object]] = [
        {"system": name, "seed": round_, "parameters": counts[name], "pictures_a_second": round(speed, 1), "load": load}
        for name, found in speeds.items()
        for round_, speed in enumerate(found)
    ]
    facts: dict[str, object] = {"side": chosen.side, "batch": chosen.batch, "size": chosen.size}
    facts |= {"ratio": round(statistics.median(ratios), 2), "ratios": [round(one, 2) for one in ratios]}
    keep("throughput", rows, facts)
    print(table(rows, COLUMNS))
    print(f"ours over diffusers: {facts['ratio']} (each round: {facts['ratios']})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
