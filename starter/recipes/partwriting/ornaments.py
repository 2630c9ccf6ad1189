"""From beats to lines: suspensions, passing and neighbour notes in eighths, tied notes, each kept only where it is right.

The grid is half beats. A score is two arrays (4, steps): the pitch that each voice has, and whether it begins there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partwriting.chords import SCALES
from partwriting.phrases import Plan
from partwriting.voicing import PAIRS, RANGES, Voices

SUSPENDED = {5, 10, 11, 1, 2}
"""Intervals above the bass that ask for resolution: the fourth, the sevenths, the seconds (ninths)."""


@dataclass
class Score:
    """``pitches`` and ``begun`` (4, steps), in half beats from ``first`` (in beats) on."""

    pitches: NDArray[np.int64]
    begun: NDArray[np.bool_]
    first: int

    def copy(self) -> "Score":
        """One to try something on."""
        return Score(self.pitches.copy(), self.begun.copy(), self.first)


def adorned(draw: np.random.Generator, plan: Plan, voices: Voices, liveliness: float) -> Score:
    """The chorale with ornaments; ``liveliness`` (0 to 1) is the share of possible ones that is tried."""
    score = plain(plan, voices)
    for place in draw.permutation(len(plan.beats) - 1).tolist():
        for voice in draw.permutation(4).tolist():
            makers = (_suspended, _between, _neighbour, _chordal)
            for make, chance in zip(makers, (0.5, 0.9, 0.2, 0.35), strict=True):
                if draw.random() > chance * liveliness:
                    continue
                tried = make(draw, plan, voices, score, place, voice)
                if tried is not None and _right(tried, 2 * (plan.beats[place].start - plan.first)):
                    score = tried
                    break
    _tie(draw, plan, voices, score)
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


def _last_half(plan: Plan, place: int) -> int:
    """The step at which the second half of a chord's last beat begins."""
    beat = plan.beats[place]
    return 2 * (beat.start + beat.length - plan.first) - 1


def _free(score: Score, voice: int, step: int) -> bool:
    """Whether the voice only goes on there."""
    return not bool(score.begun[voice, step])


def _between(
    draw: np.random.Generator,
    plan: Plan,
    voices: Voices,
    score: Score,
    place: int,
    voice: int,  # noqa: ARG001
) -> Score | None:
    """A note between two that are a third apart."""
    beat, after = plan.beats[place], plan.beats[place + 1]
    start, end = int(voices[place, voice]), int(voices[place + 1, voice])
    step = _last_half(plan, place)
    if abs(end - start) not in {3, 4} or not _free(score, voice, step) or after.phrase != beat.phrase:
        return None
    inside = range(min(start, end) + 1, max(start, end))
    found = [pitch for pitch in inside if (pitch - beat.tonic) % 12 in SCALES[beat.minor]]
    if beat.minor and len(found) == 2:
        found = [max(found) if end > start else min(found)]
    if beat.minor and {(start - beat.tonic) % 12, (end - beat.tonic) % 12} == {7, 11}:
        found = [min(start, end) + 2]
    return _with(score, voice, step, found[0]) if len(found) == 1 else None


def _neighbour(
    draw: np.random.Generator, plan: Plan, voices: Voices, score: Score, place: int, voice: int
) -> Score | None:
    """A note a step away between two that are the same."""
    beat, after = plan.beats[place], plan.beats[place + 1]
    pitch, step = int(voices[place, voice]), _last_half(plan, place)
    if voices[place + 1, voice] != pitch or not _free(score, voice, step) or after.phrase != beat.phrase:
        return None
    way = 1 if draw.random() < 0.4 else -1
    near = next((pitch + way * size for size in (1, 2) if (pitch + way * size - beat.tonic) % 12 in SCALES[False]), 0)
    if beat.minor:
        lower = {0: -1, 2: -2, 3: -1, 5: -2, 7: -2, 8: -1, 10: -2, 11: -2}
        upper = {0: 2, 2: 1, 3: 2, 5: 2, 7: 1, 8: 2, 10: 2, 11: 1}
        degree = (pitch - beat.tonic) % 12
        if degree not in lower or (degree == 11 and way < 0):
            return None
        near = pitch + (lower if way < 0 else upper)[degree]
    return _with(score, voice, step, near) if near else None


def _chordal(
    draw: np.random.Generator, plan: Plan, voices: Voices, score: Score, place: int, voice: int
) -> Score | None:
    """The bass leaps to another tone of its chord, or its octave, where it would repeat a note or leap a fourth."""
    beat, after = plan.beats[place], plan.beats[place + 1]
    start, end, step = int(voices[place, voice]), int(voices[place + 1, voice]), _last_half(plan, place)
    if voice != 3 or not _free(score, voice, step) or after.phrase != beat.phrase or beat.length > 1:
        return None
    if abs(end - start) not in {0, 5, 7, 12}:
        return None
    tones = [beat.chord.tones[0], beat.chord.tones[1]]
    found = [
        pitch
        for pitch in range(start - 12, start + 13)
        if pitch % 12 in tones and pitch != start and abs(pitch - start) in {3, 4, 12, 8, 9} and abs(pitch - end) <= 5
    ]
    return _with(score, voice, step, int(draw.choice(found))) if found else None


def _suspended(
    draw: np.random.Generator,
    plan: Plan,
    voices: Voices,
    score: Score,
    place: int,
    voice: int,  # noqa: ARG001
) -> Score | None:
    """A note that stays into the next chord, where it is a dissonance, and falls a step."""
    beat, after = plan.beats[place], plan.beats[place + 1]
    start, end = int(voices[place, voice]), int(voices[place + 1, voice])
    step = 2 * (after.start - plan.first)
    if end - start not in {-1, -2} or after.phrase != beat.phrase or not _free(score, voice, step + 1):
        return None
    if not _free(score, voice, step - 1) or not score.begun[voice, step]:
        return None
    others = [int(voices[place + 1, other]) for other in range(4) if other != voice]
    if voice < 3:
        apart = (start - int(voices[place + 1, 3])) % 12
        if apart not in SUSPENDED or any((other - end) % 12 == 0 for other in others[:-1]):
            return None
    elif not any((other - start) % 12 in {1, 2} for other in others):
        return None
    if voice == 3 and any((other - end) % 12 == 0 for other in others):
        return None
    tried = score.copy()
    tried.pitches[voice, step] = start
    tried.begun[voice, step] = False
    tried.pitches[voice, step + 1] = end
    tried.begun[voice, step + 1] = True
    return tried


def _with(score: Score, voice: int, step: int, pitch: int) -> Score | None:
    """The score with a new note of half a beat."""
    if not RANGES[voice][0] <= pitch <= RANGES[voice][1]:
        return None
    tried = score.copy()
    tried.pitches[voice, step], tried.begun[voice, step] = pitch, True
    return tried


def _right(score: Score, near: int) -> bool:
    """Whether no fifths or octaves run parallel about a step, no voices cross or overlap, and what moves together fits."""
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
                if apart == 0 or apart % 12 == 1 or (apart < 12 and apart in {2} and other in new):
                    return False
                if other in new and apart % 12 not in {0, 3, 4, 5, 7, 8, 9}:
                    return False
    return True


def _tie(draw: np.random.Generator, plan: Plan, voices: Voices, score: Score) -> None:
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
