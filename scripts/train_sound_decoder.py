"""Train the network that fills in what mel spectrograms leave out, and write its weights into the package.

    python starter/recipes/sounds.py build/sounds
    python scripts/train_sound_decoder.py build/sounds/train --held-out build/sounds/heldout     (6 CPU-minutes)

It learns magnitudes only, see `castalia.modalities.audio.detail`; phases are still reconstructed. Besides recordings
(CC0) it hears synthesised tones, chords, glides and noises, so that it does not take every sound for a drum.

    loss = mean |ln G - ln G*| over what lies within 70 dB of the loudest + 0.5 sum |G - G*| / sum G*
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from castalia.modalities.audio.detail import FILE, LAYERS, RATES, envelope, seen
from castalia.modalities.audio.spectrum import HOP, MELS, WINDOW, mel_filters, spectrum
from castalia.modalities.sound import Samples, decode

FRAMES, BATCH = 64, 16
BINS = WINDOW // 2 + 1
HEARD = 10.0 ** (-70.0 / 20.0)


class Detail(nn.Module):
    """The network of `castalia.modalities.audio.detail` in torch: (batch, frames, mels + 1) to ln G - ln envelope."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for name, size, dilation in LAYERS:
            inside = MELS + 1 if name == "first" else width
            layer = nn.Conv1d(inside, width, size, dilation=dilation, padding=dilation * (size // 2))
            self.add_module(name, layer)
        self.out = nn.Linear(width, BINS)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        hidden = x.transpose(1, 2)
        for name, _, _ in LAYERS:
            made = torch.relu(self.get_submodule(name)(hidden))
            hidden = made if name == "first" else hidden + made
        return self.out(hidden.transpose(1, 2)).clamp(-12.0, 6.0)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--cpu-seconds", type=float, default=360.0)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--out", type=Path, default=FILE)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    files = sorted(arguments.folder.rglob("*.wav"))
    sounds = [decode(path.read_bytes())[0] for path in files]
    sounds += [synthesised(generator) for _ in range(len(sounds) // 2)]
    held = [decode(path.read_bytes())[0] for path in sorted(arguments.held_out.rglob("*.wav"))[::8]]
    probe = batch_of(held, 8 * BATCH, np.random.default_rng(1))
    net = Detail(arguments.width)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
    started, step = time.process_time(), 0
    while (share := (time.process_time() - started) / arguments.cpu_seconds) < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1.0 + np.cos(np.pi * share)))
        loss = loss_of(net, batch_of(sounds, BATCH, generator))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 0:
            with torch.no_grad():
                print(f"step {step}  loss {loss.item():.3f}  held out {loss_of(net, probe).item():.3f}", flush=True)
        step += 1
    with torch.no_grad():
        facts = {"steps": step, "held_out_loss": round(loss_of(net, probe).item(), 4), "sounds": len(sounds)}
    weights = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(weights, arguments.out, metadata={"facts": json.dumps(facts), "licence": "CC0-1.0"})
    print(facts)


def loss_of(net: Detail, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """The loss, see the module."""
    x, start, truth = batch
    floor = truth.amax(dim=(1, 2), keepdim=True) * HEARD
    told = start * torch.exp(net(x))
    logs = (torch.log(torch.maximum(told, floor)) - torch.log(torch.maximum(truth, floor))).abs().mean()
    linear = (told - truth).abs().sum(dim=(1, 2)) / truth.sum(dim=(1, 2)).clamp_min(1e-6)
    return logs + 0.5 * linear.mean()


def batch_of(sounds: list[Samples], count: int, generator: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees, its starting points and the true magnitudes of pieces of sounds, at either rate."""
    seens, starts, truths = [], [], []
    while len(seens) < count:
        sound = sounds[int(generator.integers(len(sounds)))]
        place = int(generator.integers(0, max(1, len(sound) - FRAMES * HOP // 2)))
        piece = sound[place : place + FRAMES * HOP] if generator.random() < 0.6 else sound[: FRAMES * HOP]
        if np.abs(piece).max(initial=0.0) < 1e-3:
            continue
        # the same samples taken for those of the other rate: a sound a third lower or higher
        rate = RATES[int(generator.integers(2))]
        truth = np.abs(spectrum(piece, FRAMES))
        mel = truth @ mel_filters(rate, MELS).T
        seens.append(seen(mel, rate))
        starts.append(envelope(mel, rate))
        truths.append(truth)
    found = (torch.from_numpy(np.stack(part).astype(np.float32)) for part in (seens, starts, truths))
    x, start, truth = found
    return x, start, truth


def synthesised(generator: np.random.Generator) -> Samples:
    """A second and a half of a tone, a chord, a glide or filtered noise, with an attack and a decay."""
    rate, length = 22_050, 32_768
    moments = np.arange(length) / rate
    sound: NDArray[np.float64] = np.zeros(length)
    for _ in range(int(generator.integers(1, 4))):
        pitch = 40.0 * 2.0 ** (
            generator.uniform(0.0, 6.5) + generator.uniform(-0.5, 0.5) * moments * generator.integers(2)
        )
        phase = 2.0 * np.pi * np.cumsum(pitch) / rate
        slope = generator.uniform(0.3, 2.0)
        for partial in range(1, int(generator.integers(2, 30))):
            if partial * pitch.max() < rate / 2:
                sound += np.sin(partial * phase + generator.uniform(0.0, 6.3)) * partial**-slope
    noise = np.fft.rfft(generator.standard_normal(length))
    tilt = np.linspace(1e-3, 1.0, len(noise)) ** generator.uniform(-1.0, 1.0)
    noise = np.fft.irfft(noise * tilt, length)
    share = generator.choice([0.0, 0.02, 0.2, 1.0])
    sound = (1.0 - share) * sound / max(1e-6, sound.std()) + share * noise / max(1e-6, noise.std())
    start = int(generator.integers(0, length // 3))
    shape = np.where(np.arange(length) < start, 0.0, np.exp(-(moments - start / rate) / generator.uniform(0.05, 2.0)))
    sound = sound * shape
    return (0.9 * sound / max(1e-6, np.abs(sound).max())).astype(np.float32)


if __name__ == "__main__":
    main()
