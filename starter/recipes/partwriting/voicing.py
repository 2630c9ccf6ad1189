"""Writing the four voices: all voicings of each chord, the cost of going from one to the next, the cheapest way.

Voices are soprano, alto, tenor and bass, pitches MIDI numbers.
"""

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from partwriting.chords import Chord
from partwriting.phrases import Plan

Voices = NDArray[np.int64]
"""(n, 4) pitches."""
RANGES = ((61, 78), (55, 73), (50, 67), (40, 61))
"""Lowest and highest pitch of each voice."""
MIDDLES = (70.0, 64.5, 58.0, 50.5)
FORBIDDEN = 1e6
TRIES = 3
"""Ways that are written, of which the most singable one is kept."""
STEPWISE = np.array([0.9, 0.0, 0.0, 1.1, 1.3, 1.6, 9.0, 2.6, 3.8, 4.7, 20.0, 20.0, 4.5])
"""Cost of a step of the soprano by semitones; the tritone, sevenths and what is beyond the octave nearly never."""
INNER = np.array([0.0, 0.1, 0.1, 0.5, 0.6, 1.3, 9.0, 2.5, 5.0, 6.0, 20.0, 20.0, 9.0])
BASS = np.array([0.7, 0.0, 0.0, 0.4, 0.4, 0.4, 3.5, 0.5, 2.5, 2.5, 20.0, 20.0, 1.6])
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


@lru_cache(maxsize=4096)
def voicings(chord: Chord) -> tuple[Voices, NDArray[np.float64]]:
    """All voicings of a chord (n, 4) and their cost (n,)."""
    notes = [[p for p in range(low, high + 1) if p % 12 in chord.tones] for low, high in RANGES]
    notes[3] = [p for p in notes[3] if p % 12 == chord.bass]
    rows = [
        row
        for row in product(*notes)
        if row[0] >= row[1] >= row[2] > row[3]
        and row[0] - row[1] <= 12
        and row[1] - row[2] <= 12
        and row[2] - row[3] <= 19
    ]
    kept = [(row, cost) for row in rows if (cost := _fullness(row, chord)) < FORBIDDEN]
    return np.array([row for row, _ in kept]), np.array([cost for _, cost in kept])


def _fullness(row: tuple[int, ...], chord: Chord) -> float:
    """What is doubled, what is missing, how the voices are spaced."""
    classes = [pitch % 12 for pitch in row]
    counts = [classes.count(tone) for tone in chord.tones]
    if counts[0] == 0 or counts[1] == 0 or (len(counts) == 4 and counts[3] != 1):
        return FORBIDDEN
    if chord.leading in classes and classes.count(chord.leading) > 1:
        return FORBIDDEN
    if counts[2] == 0 and (chord.inversion or chord.name not in {"I", "V7", "Picardy"}):
        return FORBIDDEN
    cost = 1.2 if counts[2] == 0 else 0.0
    if len(counts) == 3:
        wished = {0: 0, 1: 0, 2: 2}[chord.inversion]
        cost += 0.0 if counts[wished] == 2 else 0.5
        major = (chord.tones[1] - chord.tones[0]) % 12 == 4
        if counts[1] > 1:
            cost += 1.8 if major and chord.inversion < 2 else 0.4
        if chord.tones[2] == (chord.tones[0] + 6) % 12 and counts[1] < 2:
            cost += 1.0
    cost += 1.0 * (row[0] == row[1]) + 1.0 * (row[1] == row[2]) + 1.0 * (row[2] - row[3] < 3)
    spread = [(row[voice] - middle) / 6.0 for voice, middle in enumerate(MIDDLES)]
    return cost + 0.35 * sum(one * one for one in spread[1:])


@lru_cache(maxsize=4096)
def moves(chord: Chord, after: Chord, *, breath: bool) -> NDArray[np.float32]:
    """The cost of going from each voicing of a chord to each of the next (n, m); ``breath``: a phrase ends between."""
    a, b = voicings(chord)[0][:, None], voicings(after)[0][None]
    step = b - a
    size = np.abs(step)
    cost = np.zeros(step.shape[:2])
    for voice, table in enumerate((STEPWISE, INNER, INNER, BASS)):
        far = np.where(size[..., voice] > 12, 30.0, table[np.minimum(size[..., voice], 12)])
        cost += far * (0.5 if breath else 1.0)
    for upper, lower in PAIRS:
        apart = (a[..., upper] - a[..., lower]) % 12
        moved = (step[..., upper] != 0) & (step[..., lower] != 0)
        same = apart == (b[..., upper] - b[..., lower]) % 12
        cost += FORBIDDEN * (moved & same & ((apart == 0) | (apart == 7)))
    outer = (b[..., 0] - b[..., 3]) % 12
    hidden = (step[..., 0] * step[..., 3] > 0) & (size[..., 0] > 2) & ((outer == 0) | (outer == 7))
    cost += 6.0 * hidden + 1.5 * ((step > 0).all(axis=-1) | (step < 0).all(axis=-1))
    for upper in range(3):
        cost += 4.0 * (b[..., upper + 1] > a[..., upper]) + 4.0 * (b[..., upper] < a[..., upper + 1])
    if chord.tones != after.tones:
        cost += _tendencies(chord, after, a, step) * (0.5 if breath else 1.0)
        cost += _altered(chord, after, a, b)
    elif not breath:
        cost += 2.0 * (size == 0).all(axis=-1)
    return cost.astype(np.float32)


def _tendencies(chord: Chord, after: Chord, a: Voices, step: Voices) -> NDArray[np.float64]:
    """Leading tones rise, sevenths fall, where the next chord lets them."""
    cost = np.zeros(step.shape[:2])
    for voice in range(4):
        if chord.leading >= 0 and (chord.leading + 1) % 12 in after.tones:
            wrong = (a[..., voice] % 12 == chord.leading) & (step[..., voice] != 1)
            falls = wrong & (step[..., voice] == -4) & (voice in {1, 2})
            cost += np.where(falls, 0.7, np.where(wrong, 12.0, 0.0))
        if chord.seventh >= 0:
            held = chord.seventh in after.tones
            down = np.isin(step[..., voice], (-1, -2)) | (held & (step[..., voice] == 0))
            cost += 12.0 * ((a[..., voice] % 12 == chord.seventh) & ~down)
        # the second of a minor scale's raised seventh and its sixth is not sung
        if chord.leading >= 0:
            cost += 9.0 * ((a[..., voice] % 12 == chord.leading) & (step[..., voice] == -3))
        if after.leading >= 0:
            cost += 9.0 * (((a[..., voice] + step[..., voice]) % 12 == after.leading) & (step[..., voice] == 3))
    return cost


def _altered(chord: Chord, after: Chord, a: Voices, b: Voices) -> NDArray[np.float64]:
    """A tone of the first chord that the next one raises or lowers stays in its voice."""
    cost = np.zeros(np.broadcast_shapes(a.shape, b.shape)[:2])
    for old in set(chord.tones) - set(after.tones):
        for new in set(after.tones) - set(chord.tones):
            if (new - old) % 12 not in {1, 11} or old == chord.leading:
                continue
            if not ((new == after.leading and (new - old) % 12 == 1) or (old + 11) % 12 == new == after.seventh):
                continue
            same = np.zeros(cost.shape, dtype=bool)
            for voice in range(4):
                same |= (a[..., voice] % 12 == old) & (b[..., voice] % 12 == new) & (abs(b - a)[..., voice] == 1)
            cost += 2.0 * ~same
    return cost


def written(draw: np.random.Generator, plan: Plan) -> Voices | None:
    """The voices of each beat (beats, 4); None when some rule would be broken."""
    wishes = _contour(draw, plan)
    path, cost = _best(draw, plan, wishes, {})
    if plan.returns:
        path, cost = _best(draw, plan, wishes, _returning(plan, path[:, 0]))
    return path if cost < FORBIDDEN else None


def _best(
    draw: np.random.Generator, plan: Plan, wishes: NDArray[np.float64], sung: dict[int, int]
) -> tuple[Voices, float]:
    """The most singable of a few ways."""
    tries = [_cheapest(draw, plan, wishes, sung) for _ in range(TRIES)]
    return min(tries, key=lambda one: one[1] + melodiousness(one[0][:, 0]))


def _returning(plan: Plan, soprano: NDArray[np.int64]) -> dict[int, int]:
    """The pitch that the soprano is wished to have at each beat of a phrase that returns, and of its model."""
    found: dict[int, int] = {}
    for later, earlier in plan.returns.items():
        places = [[n for n, beat in enumerate(plan.beats) if beat.phrase == one] for one in (earlier, later)]
        for model, place in zip(*places, strict=False):
            found[model] = found[place] = int(soprano[model])
    return found


def _contour(draw: np.random.Generator, plan: Plan) -> NDArray[np.float64]:
    """Where the soprano is wished to be at each beat: an arch or a slope for each phrase."""
    wished: list[float] = []
    place = MIDDLES[0] + draw.normal(0, 2.0)
    for phrase in range(plan.beats[-1].phrase + 1):
        count = sum(beat.phrase == phrase for beat in plan.beats)
        goal = MIDDLES[0] + draw.normal(-1.0, 2.5)
        bend = draw.normal(2.0, 2.5)
        line = np.linspace(0, 1, count)
        wished += (place + (goal - place) * line + bend * np.sin(np.pi * line)).tolist()
        place = goal + draw.normal(0, 2.0)
    return np.clip(np.array(wished), RANGES[0][0] + 2, RANGES[0][1] - 2)


def _cheapest(
    draw: np.random.Generator, plan: Plan, wishes: NDArray[np.float64], sung: dict[int, int]
) -> tuple[Voices, float]:
    """Viterbi's way through the voicings, with some chance in what is wished."""
    beats = plan.beats
    total: NDArray[np.float64] = np.zeros(0)
    back: list[NDArray[np.int64]] = []
    for place, beat in enumerate(beats):
        rows, cost = voicings(beat.chord)
        noise = draw.normal(0, 0.8, 128)
        inner = draw.normal(0, 0.35, (3, 128))
        mine = cost + 0.12 * np.abs(rows[:, 0] - wishes[place]) + noise[rows[:, 0]]
        for voice in range(1, 4):
            mine = mine + inner[voice - 1][rows[:, voice]]
        if beat.cadence:
            mine = mine + _ending(rows, beat.chord, last=place == len(beats) - 1)
        if place in sung:
            mine = mine + 2.0 * np.minimum(np.abs(rows[:, 0] - sung[place]), 4)
        if place == 0:
            total = mine
            continue
        breath = beats[place - 1].phrase != beat.phrase
        sums = total[:, None] + moves(beats[place - 1].chord, beat.chord, breath=breath)
        back.append(sums.argmin(axis=0))
        total = sums.min(axis=0) + mine
    index = int(total.argmin())
    least = float(total[index])
    path = [voicings(beats[-1].chord)[0][index]]
    for place in range(len(beats) - 2, -1, -1):
        index = int(back[place][index])
        path.append(voicings(beats[place].chord)[0][index])
    return np.array(path[::-1]), least


def _ending(rows: Voices, chord: Chord, *, last: bool) -> NDArray[np.float64]:
    """Phrases end on the root in the soprano, seldom on the third, hardly on the fifth."""
    place = np.array([chord.tones.index(tone) if tone in chord.tones else 3 for tone in rows[:, 0] % 12])
    costs = np.array([0.0, 6.0, 9.0, 9.0]) if last else np.array([0.0, 1.2, 1.6, 9.0])
    if chord.name == "V":
        costs = np.array([1.0, 0.5, 0.0, 9.0])
    return costs[place]


def melodiousness(soprano: NDArray[np.int64]) -> float:
    """What is unsingable in a whole melody: leaps one after the other, a note that stays, notes to and fro."""
    steps = np.diff(soprano)
    leaps = (np.abs(steps[1:]) > 2) & (np.abs(steps[:-1]) > 2)
    onwards = leaps & (steps[1:] * steps[:-1] > 0) & (np.abs(steps[1:] + steps[:-1]) > 7)
    stays = (steps[1:] == 0) & (steps[:-1] == 0)
    swings = (steps[2:] == steps[:-2]) & (steps[1:-1] == -steps[2:]) & (steps[2:] != 0)
    return float(1.0 * leaps.sum() + 4.0 * onwards.sum() + 3.0 * stays.sum() + 1.5 * swings.sum())
