"""The view of sounds that families learn: log-mel spectrograms, and a class where sub-folders give one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous
from castalia.modalities.asking import Askable
from castalia.modalities.audio.sounding import VOCODERS
from castalia.modalities.audio.spectrum import HOP, MELS, Magnitudes, mel_filters, spectrum
from castalia.modalities.sound import Samples

RANGE_DB = 80.0
"""Levels between the two ends of the scale: what is fainter than the loudest by more cannot be heard beside it."""

FRAMES = 16
"""Lengths are a multiple of so many frames, so that networks can halve them."""


@dataclass(frozen=True)
class MelRepresentation:
    """Spectrograms (mels, frames) in [-1, 1]: levels in decibels, from ``top_db`` - 80 (-1, silence) to ``top_db``.

    Every band is a channel: in the same time a convolution over time alone made six times the steps of one over time
    and pitch, and learnt drum hits better. ``rate`` is in samples a second. Conditions are as ``askable``
    says.
    """

    rate: int
    frames: int
    top_db: float
    askable: Askable = field(default_factory=Askable)
    mels: int = MELS
    vocoder: str = "learned"
    name: str = "log-mel"

    @property
    def layout(self) -> Continuous:
        """Bounded arrays (mels, frames)."""
        return Continuous(shape=(self.mels, self.frames), bounded=True)

    @property
    def conditions(self) -> Conditions | None:
        """See `Askable`."""
        return self.askable.conditions

    @property
    def seconds(self) -> float:
        """The longest sound that fits."""
        return self.frames * HOP / self.rate

    def encode(self, samples: Samples) -> NDArray[np.float32]:
        """The spectrogram of a sound, cut or followed by silence to the length."""
        levels = mel_levels(samples[: self.frames * HOP], self.rate, self.frames, self.mels)
        return np.clip(1.0 + 2.0 * (levels - self.top_db) / RANGE_DB, -1.0, 1.0).T.astype(np.float32)

    def decode(self, array: NDArray[np.generic], seed: int) -> Samples:
        """frames * HOP samples that sound like a spectrogram; the lowest level is silence, NaN as well."""
        values = np.clip(np.nan_to_num(np.asarray(array, dtype=np.float32).T, nan=-1.0), -1.0, 1.0)
        levels = self.top_db + (values - 1.0) * RANGE_DB / 2.0
        mel: Magnitudes = np.where(values > -1.0, 10.0 ** (levels / 20.0), 0.0).astype(np.float32)
        return VOCODERS[self.vocoder](mel, self.rate, seed)

    def config(self) -> dict[str, object]:
        """JSON-ready; `restore` reads it."""
        return {
            "name": self.name,
            "rate": self.rate,
            "frames": self.frames,
            "top_db": self.top_db,
            "mels": self.mels,
            "vocoder": self.vocoder,
            "classes": list(self.askable.classes),
            "captioned": self.askable.captioned,
            "bare": self.askable.bare,
        }


def mel_levels(samples: Samples, rate: int, frames: int, mels: int = MELS) -> Magnitudes:
    """Levels in decibels (frames, mels), -120 for nothing at all."""
    magnitudes = np.abs(spectrum(samples, frames)) @ mel_filters(rate, mels).T
    return (20.0 * np.log10(np.maximum(magnitudes, 1e-6))).astype(np.float32)


def frames_for(seconds: float, rate: int) -> int:
    """Frames that hold so many seconds, a multiple of 16."""
    return int(np.ceil(round(seconds * rate / HOP / FRAMES, 6))) * FRAMES


def restore(config: dict[str, object]) -> MelRepresentation:
    """The representation that `MelRepresentation.config` described. Raises BadRequest for anything else."""
    rate, frames, top_db, mels, classes, vocoder = (
        config.get(key) for key in ("rate", "frames", "top_db", "mels", "classes", "vocoder")
    )
    if (
        config.get("name") != "log-mel"
        or not isinstance(rate, int)
        or not isinstance(frames, int)
        or not isinstance(top_db, int | float)
        or not isinstance(mels, int)
        or not isinstance(classes, list)
        or not isinstance(vocoder, str)
    ):
        raise BadRequest(
            "The model's config.json does not describe log-mel spectrograms.",
            hint="Train the model again; its folder is damaged.",
        )
    if vocoder not in VOCODERS:
        raise BadRequest(
            f"This version has no vocoder {vocoder!r}, by which the model is made audible.",
            hint=f"There are: {', '.join(VOCODERS)}. Use the version that trained the model.",
        )
    askable = Askable(
        tuple(str(label) for label in classes), config.get("captioned") is True, config.get("bare") is True
    )
    return MelRepresentation(rate, frames, float(top_db), askable, mels, vocoder)
