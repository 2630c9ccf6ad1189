"""A folder of sounds: which files count, at what rate and length they are learnt, and their samples."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from castalia.core.errors import DatasetError, TooLarge, UnsupportedInput
from castalia.modalities import folders
from castalia.modalities.audio.options import AudioData
from castalia.modalities.audio.representation import frames_for
from castalia.modalities.audio.spec import SPEC
from castalia.modalities.audio.spectrum import HOP
from castalia.modalities.folders import Listing
from castalia.modalities.sound import Samples, decode

FEWEST = 16
"""Fewer sounds than this are not a distribution."""

SHORTEST, LONGEST = 0.25, 4.0
"""Lengths in seconds that are trained at without being asked for."""

PEAK = 0.9
"""The peak that every sound is brought to."""

SILENCE_DB = -60.0
"""What is fainter than the loudest moment by more is silence, at either end of a sound."""

SILENT = 1e-3
"""A whole sound whose peak stays below this (-60 dB of full scale) is silent."""

FAINT = 0.01
"""A piece of a cut sound whose peak is below this share of the whole sound's is left out: it would become noise."""

UNREADABLE = (UnsupportedInput, TooLarge)
FADE = 0.01
PIECE_LEAST = 0.2
"""The last piece of a sound that is cut must fill this share of the length."""


@dataclass(frozen=True)
class Heard:
    """What decoding showed: native ``rate``, ``seconds`` without the silence around it, ``peak``."""

    rate: int
    seconds: float
    peak: float


def list_folder(root: Path, options: AudioData) -> Listing:
    """All sounds below ``root`` with their classes, see `castalia.modalities.folders.list_folder`."""
    return folders.list_folder(root, SPEC.suffixes, options.labels, options.max_items)


def refuse(problems: list[str]) -> DatasetError:
    """The error that lists all problems of a training set."""
    return folders.refuse("sounds", problems)


def heard(samples: Samples, rate: int) -> Heard:
    """Facts of one decoded sound."""
    peak = float(np.abs(samples).max(initial=0.0))
    return Heard(rate, len(without_silence(samples, rate)) / rate, peak)


def rate_for(rates: list[int], options: AudioData) -> int:
    """The rate to train at: asked for, or 22,050 when most sounds have at least that."""
    if options.rate is not None:
        return options.rate
    high = sum(rate >= 22_050 for rate in rates)
    return 22_050 if 2 * high > len(rates) else 16_000


def frames_of(seconds: list[float], rate: int, options: AudioData) -> int:
    """The length to train at, in frames: asked for, or what holds nine in ten sounds, within 0.25 to 4 seconds."""
    wanted = options.seconds
    if wanted is None:
        ninth = float(np.quantile(np.asarray(seconds), 0.9)) if seconds else SHORTEST
        wanted = min(LONGEST, max(SHORTEST, ninth))
    return frames_for(wanted, rate)


def without_silence(samples: Samples, rate: int, lead: bool = True) -> Samples:
    """The sound without the silence after it and, with ``lead``, before it."""
    block = max(1, rate // 100)
    blocks = np.abs(np.pad(samples, (0, -len(samples) % block))).reshape(-1, block).max(axis=1)
    loud = np.flatnonzero(blocks > blocks.max(initial=0.0) * 10.0 ** (SILENCE_DB / 20.0))
    if not len(loud):
        return samples[:0]
    return samples[int(loud[0]) * block if lead else 0 : (int(loud[-1]) + 1) * block]


def faded(samples: Samples, rate: int) -> Samples:
    """The sound with its last hundredth of a second faded out, so that it does not end in a click."""
    count = min(len(samples), int(FADE * rate))
    ending = samples[len(samples) - count :] * np.linspace(1.0, 0.0, count, dtype=np.float32)
    return np.concatenate([samples[: len(samples) - count], ending])


def pieces(data: bytes, rate: int, frames: int, options: AudioData) -> list[Samples]:
    """The training sounds that a file holds: one, or several when longer ones are cut; none when it is silent.

    Raises UnsupportedInput or TooLarge for a file that cannot be decoded.
    """
    samples, _ = decode(data, rate)
    whole = float(np.abs(samples).max(initial=0.0))
    if whole < SILENT:
        return []
    sound = without_silence(samples, rate)
    length = frames * HOP
    starts = range(0, len(sound), length) if options.longer == "cut" else range(1)
    found: list[Samples] = []
    for start in starts:
        piece = sound[start : start + length]
        peak = float(np.abs(piece).max(initial=0.0))
        if peak < max(SILENT, FAINT * whole) or (start and len(piece) < PIECE_LEAST * length):
            continue
        if start + length < len(sound):
            piece = faded(piece, rate)
        found.append(piece * np.float32(PEAK / peak) if options.level == "peak" else piece)
    return found


def digest(samples: Samples) -> bytes:
    """A hash of the sound at 16 bits: the same sound in another file or encoding without loss has the same one."""
    whole = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    return hashlib.sha256(whole.tobytes()).digest()
