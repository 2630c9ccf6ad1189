"""From mel magnitudes to fine spectra by a small network: where between two bands a tone lies, and how sharp it is.

A band of the mel scale holds up to 17 frequencies of the spectrum, and the spread of its level among them is what an
inversion of the filters cannot know. The network (``scripts/train_sound_decoder.py``) has heard sounds, and looks at
neighbouring bands and moments:

    x = levels below the loudest, (frames, mels)          h = relu(conv(x)), then h = h + relu(conv(h)) twice
    G = envelope(mel) * exp(W h + b), (frames, bins)

evaluated in NumPy, 0.3 million weights.
"""

import importlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.audio.spectrum import MELS, Magnitudes, mel_filters

FILE = Path(__file__).parent / "detail.safetensors"

DEPTH_DB = 80.0
"""Levels are seen from so far below the loudest on."""

LAYERS = (("first", 5, 1), ("second", 3, 1), ("third", 3, 2))
"""Name, width and dilation of the convolutions over time."""

RATES = (16_000, 22_050)
"""Rates that the network was trained at; it is told which."""

_TINY = 1e-9


def knows(rate: int, mels: int) -> bool:
    """Whether the network was trained on spectra of that kind."""
    return rate in RATES and mels == MELS


def fine_magnitudes(mel: Magnitudes, rate: int) -> Magnitudes:
    """Magnitudes (frames, bins) of mel magnitudes (frames, mels), for a rate in `RATES`."""
    weights = _weights()
    hidden = seen(mel, rate)
    for name, _, dilation in LAYERS:
        made = np.maximum(_convolution(hidden, weights[f"{name}.weight"], dilation) + weights[f"{name}.bias"], 0.0)
        hidden = made if name == "first" else hidden + made
    correction = np.clip(hidden @ weights["out.weight"].T + weights["out.bias"], -12.0, 6.0)
    return (envelope(mel, rate) * np.exp(correction)).astype(np.float32)


def seen(mel: Magnitudes, rate: int) -> NDArray[np.float32]:
    """What the network sees (frames, mels + 1): levels in [-1, 1] and the rate."""
    levels = 20.0 * np.log10(np.maximum(mel, _TINY))
    levels = np.clip(1.0 + 2.0 * (levels - levels.max(initial=-180.0)) / DEPTH_DB, -1.0, 1.0)
    told = np.full((len(mel), 1), float(RATES.index(rate)), dtype=np.float32)
    return np.concatenate([levels, told], axis=1).astype(np.float32)


def envelope(mel: Magnitudes, rate: int) -> Magnitudes:
    """The level of every band drawn between their middles (frames, bins): the network's starting point."""
    filters = mel_filters(rate, mel.shape[1])
    spread = mel @ (filters / filters.sum(axis=1, keepdims=True))
    return np.maximum(spread, _TINY).astype(np.float32)


def _convolution(x: NDArray[np.float32], kernel: NDArray[np.float32], dilation: int) -> NDArray[np.float32]:
    # kernel (out, in, width), zeros around x (frames, in)
    width = kernel.shape[2]
    reach = dilation * (width // 2)
    padded = np.pad(x, ((reach, reach), (0, 0)))
    made = np.zeros((len(x), kernel.shape[0]), dtype=np.float32)
    for tap in range(width):
        made += padded[tap * dilation : tap * dilation + len(x)] @ kernel[:, :, tap].T
    return made


@lru_cache(maxsize=1)
def _weights() -> dict[str, NDArray[np.float32]]:
    numpy_files: Any = importlib.import_module("safetensors.numpy")
    return {name: value.astype(np.float32) for name, value in numpy_files.load_file(FILE).items()}
