"""A small synthesiser in NumPy: a few timbres by adding partials, and drums from noise. Needs nothing installed.

It is there so that every machine can listen; with FluidSynth and a soundfont installed those play instead, and sound
like instruments. A note is a sum of partials, sum_k a_k exp(-d_k t) sin(2 pi k f t), under an envelope of attack,
decay, sustain and release; one timbre stands for each family of General MIDI.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.piece import DURATION, PART, PITCH, START, VELOCITY, Part, Piece

Samples = NDArray[np.float32]
TAIL = 1.2
"""Seconds after the last note for it to die away."""
PEAK = 0.89
"""-1 dB below full scale."""
ROOM = 0.18
"""Share of reverberation."""


@dataclass(frozen=True)
class Timbre:
    """Strengths of the partials; seconds of attack and release; ``sustain`` level; ``fade`` a second (struck and
    plucked strings), faster by ``damping`` for each higher partial; depth of vibrato in semitones."""

    partials: tuple[float, ...]
    attack: float = 0.01
    release: float = 0.12
    sustain: float = 1.0
    fade: float = 0.0
    damping: float = 0.0
    vibrato: float = 0.0


STRUCK = Timbre((1, 0.55, 0.35, 0.22, 0.14, 0.1, 0.07, 0.04), 0.004, 0.15, 1.0, 1.1, 0.5)
BELL = Timbre((1, 0.1, 0.6, 0.05, 0.35, 0.02, 0.2), 0.002, 0.6, 1.0, 1.5, 0.3)
PIPES = Timbre((1, 0.6, 0.35, 0.45, 0.1, 0.15, 0.03, 0.2), 0.03, 0.1)
PLUCKED = Timbre((1, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.06), 0.003, 0.12, 1.0, 1.8, 0.7)
DEEP = Timbre((1, 0.5, 0.25, 0.1, 0.05), 0.008, 0.1, 1.0, 0.9, 0.6)
BOWED = Timbre((1, 0.6, 0.45, 0.35, 0.28, 0.2, 0.15, 0.1, 0.07), 0.07, 0.18, 0.9, 0.0, 0.0, 0.12)
SUNG = Timbre((1, 0.45, 0.3, 0.12, 0.06, 0.08, 0.05, 0.02), 0.06, 0.2, 0.95, 0.0, 0.0, 0.1)
BLOWN = Timbre((1, 0.85, 0.75, 0.55, 0.4, 0.3, 0.2, 0.12), 0.04, 0.1, 0.85)
REED = Timbre((1, 0.25, 0.7, 0.2, 0.45, 0.15, 0.25, 0.08), 0.03, 0.08, 0.9, 0.0, 0.0, 0.06)
FLUTE = Timbre((1, 0.3, 0.12, 0.04), 0.05, 0.1, 0.95, 0.0, 0.0, 0.1)
SQUARE = Timbre((1, 0.0, 0.33, 0.0, 0.2, 0.0, 0.14), 0.005, 0.06, 0.8)
PAD = Timbre((1, 0.5, 0.3, 0.2, 0.1), 0.25, 0.5, 0.9, 0.0, 0.0, 0.06)
TIMBRES = (STRUCK, BELL, PIPES, PLUCKED, DEEP, BOWED, SUNG, BLOWN, REED, FLUTE, SQUARE, PAD, PAD, PLUCKED, BELL, PAD)
"""By family of General MIDI."""


def synthesise(piece: Piece, rate: int) -> Samples:
    """The piece as mono samples in [-1, 1] at ``rate``, with a little room, its peak at -1 dB."""
    quarter = 60.0 / (piece.tempo or 100.0)
    mix = np.zeros(int((piece.length * quarter + TAIL) * rate) + 1, dtype=np.float64)
    for note in piece.notes:
        part = piece.parts[int(note[PART])]
        gain = 0.25 + 0.75 * note[VELOCITY] / 127.0
        sound = _sound(part, int(note[PITCH]), round(float(note[DURATION]) * quarter, 4), rate) * gain
        start = int(note[START] * quarter * rate)
        sound = sound[: len(mix) - start]
        mix[start : start + len(sound)] += sound
    mix = _in_a_room(mix, rate)
    loudest = float(np.abs(mix).max())
    return (mix * (PEAK / loudest) if loudest > 0 else mix).astype(np.float32)


@lru_cache(maxsize=512)
def _sound(part: Part, pitch: int, seconds: float, rate: int) -> NDArray[np.float64]:
    return _drum(pitch, rate) if part.drums else _tone(TIMBRES[part.program // 8], pitch, seconds, rate)


def _tone(timbre: Timbre, pitch: int, seconds: float, rate: int) -> NDArray[np.float64]:
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    time = np.arange(int((seconds + timbre.release) * rate)) / rate
    phase = 2 * np.pi * frequency * time
    if timbre.vibrato:
        # it sets in when the note stands; the phase is the integral of the frequency
        depth = timbre.vibrato * np.log(2) / 12 * np.clip((time - 0.2) / 0.3, 0.0, 1.0)
        phase = phase - depth * frequency / 5.2 * np.cos(2 * np.pi * 5.2 * time)
    sound = np.zeros(len(time))
    for number, strength in enumerate(timbre.partials, start=1):
        if strength and number * frequency < 0.45 * rate:
            fade = timbre.fade * (1 + timbre.damping * (number - 1)) * (frequency / 260.0) ** 0.4
            sound += strength * np.exp(-fade * time) * np.sin(number * phase)
    return sound * _envelope(timbre, time, seconds) / sum(timbre.partials)


def _envelope(timbre: Timbre, time: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    rise = np.clip(time / timbre.attack, 0.0, 1.0)
    settled = timbre.sustain + (1 - timbre.sustain) * np.exp(-time / 0.15)
    fall = np.clip(1 - (time - seconds) / timbre.release, 0.0, 1.0) ** 2
    return rise * settled * fall


def _drum(pitch: int, rate: int) -> NDArray[np.float64]:
    """A kick, a snare, a tom or a cymbal, by the General MIDI number."""
    noise = np.random.default_rng(pitch)
    time = np.arange(int(0.5 * rate)) / rate
    hiss = noise.standard_normal(len(time))
    if pitch in {35, 36}:
        return 1.2 * np.sin(2 * np.pi * (45 * time + 9 * (1 - np.exp(-time * 28)))) * np.exp(-time * 9)
    if pitch in {37, 38, 39, 40}:
        return 0.5 * hiss * np.exp(-time * 18) + 0.4 * np.sin(2 * np.pi * 190 * time) * np.exp(-time * 22)
    if pitch in {41, 43, 45, 47, 48, 50}:
        return np.sin(2 * np.pi * (70 + 7 * (pitch - 41)) * time) * np.exp(-time * 8)
    slow = {46: 6.0, 49: 4.0, 51: 5.0, 52: 4.0, 55: 4.0, 57: 4.0, 59: 5.0}
    return 0.35 * np.diff(hiss, prepend=0.0) * np.exp(-time * slow.get(pitch, 30.0))


def _in_a_room(dry: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """With the reverberation of a small room: noise that dies away within 0.9 s, by way of the Fourier transform."""
    time = np.arange(int(0.9 * rate)) / rate
    echo = np.random.default_rng(0).standard_normal(len(time)) * np.exp(-time * 7.0)
    echo /= np.sqrt(np.square(echo).sum())
    size = 1 << (len(dry) + len(echo) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(echo, size), size)[: len(dry)]
    return (1 - ROOM) * dry + ROOM * wet
