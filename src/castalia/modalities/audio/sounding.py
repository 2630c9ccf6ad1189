"""From mel magnitudes back to samples: the vocoders, by name.

A representation's config names its vocoder, so that models which are there already sound as before; a request may name
the other one.
"""

from collections.abc import Callable

import numpy as np

from castalia.modalities.audio.detail import envelope, fine_magnitudes, knows
from castalia.modalities.audio.spectrum import Magnitudes, mel_filters, samples_of, spectrum
from castalia.modalities.sound import Samples

Vocoder = Callable[[Magnitudes, int, int], Samples]
"""Mel magnitudes (frames, mels), rate and seed to frames * HOP samples."""

UPDATES = 60
ITERATIONS = 64
MOMENTUM = 0.99
_TINY = 1e-9


def griffin_lim(mel: Magnitudes, rate: int, seed: int) -> Samples:
    """Spectra whose magnitudes come nearest to what the filters heard, with phases that agree with each other."""
    return with_phases(linear_magnitudes(mel, rate), seed)


def learned(mel: Magnitudes, rate: int, seed: int) -> Samples:
    """The same from magnitudes that a network fills in, see `castalia.modalities.audio.detail`.

    They are then brought to what the filters heard, which keeps its detail. Mel magnitudes of a kind that it does not
    know go the way of `griffin_lim`.
    """
    start = fine_magnitudes(mel, rate) if knows(rate, mel.shape[1]) else None
    return with_phases(linear_magnitudes(mel, rate, start), seed)


def with_phases(magnitudes: Magnitudes, seed: int) -> Samples:
    """Samples whose spectra have these magnitudes (frames, bins), as nearly as there are such.

    Fast Griffin-Lim (Perraudin et al., 2013): project on consistent spectra, go on beyond by the momentum, keep the
    magnitudes; from random phases.
    """
    generator = np.random.default_rng(seed)
    phases = np.exp(2j * np.pi * generator.random(magnitudes.shape)).astype(np.complex64)
    before = np.zeros_like(phases)
    for _ in range(ITERATIONS):
        consistent = spectrum(samples_of(magnitudes * phases), len(magnitudes))
        ahead = consistent + MOMENTUM * (consistent - before)
        phases, before = ahead / np.maximum(np.abs(ahead), _TINY), consistent
    return samples_of(magnitudes * phases)


def linear_magnitudes(mel: Magnitudes, rate: int, start: Magnitudes | None = None) -> Magnitudes:
    """Non-negative G (frames, bins) that minimises |G F^T - mel|, by multiplicative updates (Lee and Seung, 2001).

    Of the many that do, it is one near ``start``, or a smooth one.
    """
    filters = mel_filters(rate, mel.shape[1])
    gram, heard = filters.T @ filters, mel @ filters
    found = envelope(mel, rate) if start is None else np.maximum(start, _TINY)
    for _ in range(UPDATES):
        found *= heard / np.maximum(found @ gram, _TINY)
    return found


VOCODERS: dict[str, Vocoder] = {"griffin-lim": griffin_lim, "learned": learned}
