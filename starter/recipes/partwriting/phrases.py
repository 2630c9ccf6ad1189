"""The plan of a chorale: metre, phrases with their keys and cadences, and the chord of each beat."""

from dataclasses import dataclass, field, replace

import numpy as np

from partwriting.chords import FOLLOWING, MODULATING, RELATED_MINOR, Chord, chord, scale

CADENCES = {
    "authentic": (("V", 2.0), ("V7", 1.0)),
    "half": (("I", 1.0), ("ii6", 1.0), ("IV", 1.0), ("IV6", 0.6), ("V65/V", 0.8), ("ii65", 0.8), ("I6", 0.5)),
    "deceptive": (("V", 1.0), ("V7", 1.0)),
    "plagal": (("IV", 1.0),),
}
"""The chords before the last one of a phrase, with how often."""
BEFORE_DOMINANT = (("ii65", 1.2), ("ii6", 1.0), ("IV", 1.0), ("I64", 0.9), ("I6", 0.5), ("V65/V", 0.25), ("I", 0.5))
REST = 1e-9


@dataclass(frozen=True)
class Beat:
    """A chord and how long it sounds, in beats; what of the phrase it is.

    ``start`` is in beats from the first bar line, ``strong`` whether it lies on a strong beat.
    """

    chord: Chord
    start: int
    length: int
    phrase: int
    strong: bool
    tonic: int
    minor: bool
    cadence: str = ""


@dataclass
class Plan:
    """A whole chorale before its voices are written. ``first`` is the start of the first beat, -1 with a pick-up.

    ``returns`` names for a phrase the earlier one whose melody it takes up.
    """

    tonic: int
    minor: bool
    beats_a_bar: int
    first: int
    beats: list[Beat] = field(default_factory=list[Beat])
    returns: dict[int, int] = field(default_factory=dict[int, int])


def planned(draw: np.random.Generator, tonic: int, *, minor: bool) -> Plan:
    """A chorale of three to six phrases."""
    metre = 3 if draw.random() < 0.2 else 4
    plan = Plan(tonic, minor, metre, -1 if draw.random() < 0.6 else 0)
    count = int(draw.choice([3, 4, 5, 6], p=[0.2, 0.45, 0.2, 0.15]))
    usual = int(draw.choice([2, 4], p=[0.3, 0.7])) if metre == 3 else int(draw.choice([2, 3, 4], p=[0.8, 0.13, 0.07]))
    place = plan.first
    for number in range(count):
        last = number == count - 1
        key, mode = (tonic, minor) if number == 0 or last else _key(draw, tonic, minor=minor, share=0.75)
        bars = usual if draw.random() < 0.8 else 2
        earlier = [one for one in range(number) if _key_of(plan, one) == (key, mode)]
        if earlier and draw.random() < 0.35:
            plan.returns[number] = int(draw.choice(earlier))
        if number in plan.returns and not last and draw.random() < 0.6:
            place = _again(plan, number, place)
        else:
            place = _phrase(draw, plan, number, place, bars, (key, mode), last=last)
    return plan


def _again(plan: Plan, number: int, place: int) -> int:
    """Add the chords of the phrase that this one takes up; returns where the next one begins."""
    model = [beat for beat in plan.beats if beat.phrase == plan.returns[number]]
    moved = place - model[0].start
    plan.beats += [replace(beat, start=beat.start + moved, phrase=number) for beat in model]
    return place + model[-1].start + model[-1].length - model[0].start


def _key(draw: np.random.Generator, tonic: int, *, minor: bool, share: float) -> tuple[int, bool]:
    """The key of a middle phrase."""
    if draw.random() > share:
        return tonic, minor
    shifts = MODULATING[minor]
    chances = np.array(list(shifts.values()))
    shift = list(shifts)[int(draw.choice(len(shifts), p=chances / chances.sum()))]
    return (tonic + shift) % 12, shift in RELATED_MINOR[minor]


def _key_of(plan: Plan, phrase: int) -> tuple[int, bool]:
    beat = next(beat for beat in plan.beats if beat.phrase == phrase)
    return beat.tonic, beat.minor


def _phrase(
    draw: np.random.Generator, plan: Plan, number: int, place: int, bars: int, key: tuple[int, bool], *, last: bool
) -> int:
    """Add the beats of a phrase; returns where the next one begins."""
    metre, (tonic, minor) = plan.beats_a_bar, key
    end = place + bars * metre
    strong = [beat for beat in range(end - metre, end) if beat % metre in ({0, 2} if metre == 4 else {0})]
    arrival = strong[-1] if draw.random() < (0.85 if plan.first == 0 else 0.5) else strong[0]
    cadence = "authentic" if last else _named(draw, home=key == (plan.tonic, plan.minor))
    if last and draw.random() < 0.08:
        cadence = "plagal"
    before = _drawn(draw, CADENCES[cadence], FOLLOWING[minor])
    final = {"half": "V", "deceptive": "VI" if minor else "vi"}.get(cadence, "I")
    if last and minor and draw.random() < 0.5:
        final = "Picardy"
    names = [before, final]
    if cadence in {"authentic", "deceptive"} and arrival - place >= 3:
        names.insert(0, _drawn(draw, BEFORE_DOMINANT, {**FOLLOWING[minor], "I64": {}}))
        if names[0] == "I64" and arrival - place >= 4:
            names.insert(0, _drawn(draw, (("ii6", 1), ("IV", 1), ("ii65", 1)), FOLLOWING[minor]))
    steps = arrival - place + 1 - len(names)
    opening = _opening(plan, tonic, minor=minor)
    names = _walk(draw, FOLLOWING[minor], opening, steps, names[0], place % metre in {0, 2}) + names
    for offset, name in enumerate(names):
        start = place + offset
        length = end - arrival if start == arrival else 1
        plan.beats.append(
            Beat(
                chord=chord(name, tonic, minor=minor),
                start=start,
                length=length,
                phrase=number,
                strong=start % metre in ({0, 2} if metre == 4 else {0}),
                tonic=tonic,
                minor=minor,
                cadence=cadence if start == arrival else "",
            )
        )
    return end


def _named(draw: np.random.Generator, *, home: bool) -> str:
    """The cadence of a phrase that is not the last one."""
    if not home:
        return "authentic" if draw.random() < 0.85 else "half"
    return str(draw.choice(["authentic", "half", "deceptive", "plagal"], p=[0.45, 0.38, 0.1, 0.07]))


def _drawn(
    draw: np.random.Generator, choices: tuple[tuple[str, float], ...], known: dict[str, dict[str, float]]
) -> str:
    kept = [(name, weight) for name, weight in choices if name in known]
    chances = np.array([weight for _, weight in kept])
    return kept[int(draw.choice(len(kept), p=chances / chances.sum()))][0]


def _opening(plan: Plan, tonic: int, *, minor: bool) -> dict[str, float]:
    """How willingly each chord opens a phrase: after another key only chords that both have."""
    weights = {"I": 5.0, "V": 1.5, "VI" if minor else "vi": 1.0, "IV": 0.8, "I6": 0.8}
    if not plan.beats:
        return {"I": 6.0, "V": 1.0}
    before = plan.beats[-1]
    known = scale(before.tonic, minor=before.minor)
    shared = {
        name: weight for name, weight in weights.items() if known.issuperset(chord(name, tonic, minor=minor).tones)
    }
    return shared or {"I": 1.0}


def _walk(
    draw: np.random.Generator,
    following: dict[str, dict[str, float]],
    opening: dict[str, float],
    steps: int,
    goal: str,
    strong: bool,
) -> list[str]:
    """``steps`` chords, from one of ``opening`` on, after which ``goal`` may come: a Markov chain with a known end."""
    names = list(following)
    index = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for name, after in following.items():
        for other, weight in after.items():
            matrix[index[name], index[other]] = weight
    matrix /= matrix.sum(axis=1, keepdims=True)
    stays = np.diag(np.diag(matrix))
    ahead = np.array(
        [(following[name].get(goal, 0.0) if goal in index else float(name in {"ii6", "IV", "ii65"})) for name in names]
    )
    beliefs = [ahead]
    for step in range(steps - 1):
        onto_strong = strong == ((steps - 1 - step) % 2 == 0)
        used = matrix - 0.9 * stays if onto_strong else matrix
        beliefs.append(used @ beliefs[-1])
    found: list[str] = []
    for step in range(steps):
        if step:
            onto_strong = strong == (step % 2 == 0)
            chances = (matrix - 0.9 * stays if onto_strong else matrix)[index[found[-1]]]
        else:
            chances = np.array([opening.get(name, REST) for name in names])
        chances = chances * (beliefs[steps - 1 - step] + 1e-12)
        found.append(names[int(draw.choice(len(names), p=chances / chances.sum()))])
    return found
