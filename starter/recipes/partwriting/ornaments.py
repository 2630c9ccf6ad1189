"""From beats to lines: suspensions, passing and neighbour notes in eighths, tied notes, each kept where it is right.

The grid is half beats. A score is two arrays (4, steps): the pitch that each voice has, and whether it begins there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partwriting.chords import SCALES
from partwriting.phrases import Beat, Plan
from partwriting.voicing import PAIRS, RANGES, Voices

SUSPENDED = {5, 10, 11, 1, 2}
"""Intervals above the bass that ask for resolution: the fourth, the sevenths, the seconds (ninths)."""

BELOW = {0: -1, 2: -2, 3: -1, 5: -2, 7: -2, 8: -1, 10: -2, 11: -2}
ABOVE = {0: 2, 2: 1, 3: 2, 5: 2, 7: 1, 8: 2, 10: 2, 11: 1}
"""The neighbours of each degree of a minor key (semitones above the tonic), in semitones."""


@dataclass
class Score:
    """``pitches`` and ``begun`` (4, steps), in half beats from ``first`` (in beats) on."""

    pitches: NDArray[np.int64]
    begun: NDArray[np.bool_]
    first: int

    def copy(self) -> "Score":
        """One to try something on."""
        return Score(self.pitches.copy(), self.begun.copy(), self.first)


@dataclass(frozen=True)
class Spot:
    """The way of one voice from a beat to the next one."""

    draw: np.random.Generator
    plan: Plan
    voices: Voices
    place: int
    voice: int

    @property
    def beats(self) -> tuple[Beat, Beat]:
        """Both beats."""
        return self.plan.beats[self.place], self.plan.beats[self.place + 1]

    @property
    def pitches(self) -> tuple[int, int]:
        """What the voice sings on both."""
        return int(self.voices[self.place, self.voice]), int(self.voices[self.place + 1, self.voice])

    @property
    def last_half(self) -> int:
        """The step at which the second half of the first chord's last beat begins."""
        beat = self.beats[0]
        return 2 * (beat.start + beat.length - self.plan.first) - 1

    def goes_on(self, score: Score, step: int) -> bool:
        """Whether no note of the voice begins there and no phrase ends between the beats."""
        return not score.begun[self.voice, step] and self.beats[0].phrase == self.beats[1].phrase


def adorned(draw: np.random.Generator, plan: Plan, voices: Voices, liveliness: float) -> Score:
    """The chorale with ornaments; ``liveliness`` (0 to 1) is the share of possible ones that is tried."""
    score = plain(plan, voices)
    for place in map(int, draw.permutation(len(plan.beats) - 1)):
        for voice in map(int, draw.permutation(4)):
            makers = (_suspended, _between, _neighbour, _chordal)
            for make, chance in zip(makers, (0.5, 0.9, 0.2, 0.35), strict=True):
                if draw.random() > chance * liveliness:
                    continue
                tried = make(Spot(draw, plan, voices, place, voice), score)
                if tried is not None and _right(tried, 2 * (plan.beats[place].start - plan.first)):
                    score = tried
                    break
    _tie(draw, plan, score)
    return score


def plain(plan: Plan, voices: Voices) -> Score:
    """Every note as long as its chord."""
    steps = 2 * (plan.beats[-1].start + plan.beats[-1].length - plan.first)
    score = Score(np.zeros((4, steps), dtype=np.int64), np.zeros((4, steps), dtype=bool), plan.first)
    for beat, chord in zip(plan.beats, voices, strict=True):
        start = 2 * (beat.start - plan.first)
        score.pitches[:, start : start + 2 * beat.length] = chord[:, None]
        score.begun[:, start] = True
    return score


def _between(spot: Spot, score: Score) -> Score | None:
    """A note between two that are a third apart."""
    beat, (start, end), step = spot.beats[0], spot.pitches, spot.last_half
    if abs(end - start) not in {3, 4} or not spot.goes_on(score, step):
        return None
    inside = range(min(start, end) + 1, max(start, end))
    found = [pitch for pitch in inside if (pitch - beat.tonic) % 12 in SCALES[beat.minor]]
    if beat.minor and len(found) == 2:
        found = [max(found) if end > start else min(found)]
    if beat.minor and {(start - beat.tonic) % 12, (end - beat.tonic) % 12} == {7, 11}:
        found = [min(start, end) + 2]
    return _with(score, spot.voice, step, found[0]) if len(found) == 1 else None


def _neighbour(spot: Spot, score: Score) -> Score | None:
    """A note a step away between two that are the same."""
    beat, (pitch, after), step = spot.beats[0], spot.pitches, spot.last_half
    if after != pitch or not spot.goes_on(score, step):
        return None
    way = 1 if spot.draw.random() < 0.4 else -1
    near = next((pitch + way * size for size in (1, 2) if (pitch + way * size - beat.tonic) % 12 in SCALES[False]), 0)
    if beat.minor:
        degree = (pitch - beat.tonic) % 12
        if degree not in BELOW or (degree == 11 and way < 0):
            return None
        near = pitch + (BELOW if way < 0 else ABOVE)[degree]
    return _with(score, spot.voice, step, near) if near else None


def _chordal(spot: Spot, score: Score) -> Score | None:
    """The bass leaps to another tone of its chord, or its octave, where it would repeat a note or leap a fourth."""
    beat, (start, end), step = spot.beats[0], spot.pitches, spot.last_half
    if spot.voice != 3 or not spot.goes_on(score, step) or beat.length > 1 or abs(end - start) not in {0, 5, 7, 12}:
        return None
    found = [
        pitch
        for pitch in range(start - 12, start + 13)
        if pitch % 12 in beat.chord.tones[:2] and abs(pitch - start) in {3, 4, 8, 9, 12} and abs(pitch - end) <= 5
    ]
    return _with(score, spot.voice, step, int(spot.draw.choice(found))) if found else None


def _suspended(spot: Spot, score: Score) -> Score | None:
    """A note that stays into the next chord, where it is a dissonance, and falls a step."""
    (start, end), step = spot.pitches, 2 * (spot.beats[1].start - spot.plan.first)
    if end - start not in {-1, -2} or not spot.goes_on(score, step + 1) or not spot.goes_on(score, step - 1):
        return None
    if not score.begun[spot.voice, step]:
        return None
    others = [int(spot.voices[spot.place + 1, other]) for other in range(4) if other != spot.voice]
    if spot.voice < 3:
        clashes = (start - others[-1]) % 12 in SUSPENDED
        doubled = others[:-1]
    else:
        clashes = any((other - start) % 12 in {1, 2} for other in others)
        doubled = others
    if not clashes or any((other - end) % 12 == 0 for other in doubled):
        return None
    tried = score.copy()
    tried.pitches[spot.voice, step], tried.begun[spot.voice, step] = start, False
    tried.pitches[spot.voice, step + 1], tried.begun[spot.voice, step + 1] = end, True
    return tried


def _with(score: Score, voice: int, step: int, pitch: int) -> Score | None:
    """The score with a new note of half a beat."""
    if not RANGES[voice][0] <= pitch <= RANGES[voice][1]:
        return None
    tried = score.copy()
    tried.pitches[voice, step], tried.begun[voice, step] = pitch, True
    return tried


def _right(score: Score, near: int) -> bool:
    """Whether about a step no fifths or octaves run parallel, no voices cross, and what moves together fits."""
    start, stop = max(0, near - 3), min(score.pitches.shape[1], near + 12)
    steps = [step for step in range(start, stop) if score.begun[:, step].any()]
    sounding = score.pitches[:, steps]
    if (np.diff(sounding, axis=0) > 0).any():
        return False
    for upper, lower in PAIRS:
        apart = sounding[upper] - sounding[lower]
        moved = (np.diff(sounding[upper]) != 0) & (np.diff(sounding[lower]) != 0)
        same = (apart[1:] - apart[:-1]) % 12 == 0
        if (moved & same & np.isin(apart[1:] % 12, (0, 7))).any():
            return False
    for place, step in enumerate(steps):
        if step % 2 == 0:
            continue
        new = [voice for voice in range(4) if score.begun[voice, step]]
        for voice in new:
            for other in range(4):
                apart = abs(int(sounding[voice, place]) - int(sounding[other, place]))
                if other == voice:
                    continue
                if apart == 0 or apart % 12 == 1 or (apart == 2 and other in new):
                    return False
                if other in new and apart % 12 not in {0, 3, 4, 5, 7, 8, 9}:
                    return False
    return True


def _tie(draw: np.random.Generator, plan: Plan, score: Score) -> None:
    """Some notes that are repeated become one."""
    for place in range(len(plan.beats) - 1):
        beat, after = plan.beats[place], plan.beats[place + 1]
        if beat.phrase != after.phrase:
            continue
        step = 2 * (after.start - plan.first)
        same = beat.chord.tones == after.chord.tones
        for voice in range(4):
            if not (score.begun[voice, step] and score.pitches[voice, step] == score.pitches[voice, step - 1]):
                continue
            if score.begun[voice, step - 1]:
                continue
            chance = (0.35 if same else 0.04) if voice in {0, 3} else (0.3 if same else 0.15)
            others = [other for other in range(4) if other != voice]
            if score.begun[others, step].any() and draw.random() < chance:
                score.begun[voice, step] = False
