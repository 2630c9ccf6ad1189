"""From pieces to the representation that suits them: grid, metres, voices, durations, loudness and conditions."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.music.midi import USUAL_TEMPO
from castalia.modalities.music.options import MusicData
from castalia.modalities.music.parallels import parallel_share
from castalia.modalities.music.piece import DURATION, FAMILIES, PART, PITCH, START, VELOCITY, Part, Piece
from castalia.modalities.music.representation import (
    BAR_COUNTS,
    REGISTERS,
    TEMPO_NAMES,
    MusicRepresentation,
    Voice,
    at_home,
    bars_group,
)

GRIDS = (2, 3, 4, 6, 8, 12)
ON_GRID = 0.97
"""Share of notes that must begin on a step of the grid."""
METRES = 6
"""Most metres that are learnt; pieces in rarer ones are left out."""
LONGEST_BAR = 96
"""Steps of the longest bar that is learnt."""
VOICES = 8
ALIKE = 0.8
"""Share of pieces with as many parts from which voices are parts."""
DURATIONS = 32
LEVELS = 6
"""Levels of loudness."""
EVENNESS = 4.0
"""Spread of velocities below which loudness is not worth learning."""
LOOKED_AT = 500
"""Pieces in which parallels are counted."""
RARE = 0.005
"""Share of a voice's notes at either end of its range that is not asked of it."""
OVERLAPPING = 0.001
"""Share of notes that may be cut short for a part to count as one line."""
FEWEST_EACH = 4
"""Items that a value of a condition needs to be worth asking for."""


def grid_of(pieces: list[Piece]) -> tuple[int, float]:
    """The fewest steps in a quarter note on which nearly all notes begin, and the share that does."""
    starts = np.concatenate([piece.notes[:, START] for piece in pieces])
    share = 0.0
    for grid in GRIDS:
        off = np.abs(starts * grid - np.rint(starts * grid)) / grid
        share = float((off < 0.02).mean())
        if share >= ON_GRID:
            return grid, share
    return GRIDS[-1], share


def parts_of(pieces: list[Piece], options: MusicData) -> int | None:
    """How many parts the voices stand for; None when voices are kinds of instruments."""
    counts = Counter(len(piece.parts) for piece in pieces)
    common, times = counts.most_common(1)[0]
    if options.voices == "instruments" or common > VOICES:
        return None
    return common if options.voices == "parts" or times >= ALIKE * len(pieces) else None


def usable(pieces: list[Piece], options: MusicData) -> list[Piece]:
    """Those whose metre and number of parts the representation of all of them has."""
    grid = grid_of(pieces)[0] if options.grid == "auto" else options.grid
    metres = _metres(pieces, grid)
    parts = parts_of(pieces, options)
    return [piece for piece in pieces if piece.metre in metres and (parts is None or len(piece.parts) == parts)]


def fit(pieces: list[Piece], options: MusicData) -> tuple[MusicRepresentation, NDArray[np.int64], list[dict[str, str]]]:
    """The representation of usable pieces, their items (n, length) and what is known of each item."""
    grid = grid_of(pieces)[0] if options.grid == "auto" else options.grid
    parts = parts_of(pieces, options)
    home = [at_home(piece) for piece in pieces]
    voices = _voices(home, parts, _sung(pieces) if parts is not None else {})
    velocities = _velocities(pieces, options)
    lasting = _lasting(pieces, grid, options) if parts is not None and not velocities else False
    keys = Counter(piece.tonic + 12 * piece.minor for piece in pieces)
    tempi = [piece.tempo for piece in pieces if piece.tempo is not None]
    draft = MusicRepresentation(
        grid=grid,
        metres=_metres(pieces, grid),
        voices=voices,
        durations=() if lasting else _durations(pieces, grid),
        velocities=velocities,
        length=options.length,
        by_parts=parts is not None,
        groups={},
        keys=tuple(keys[number] for number in range(24)),
        tempo=round(float(np.median(tempi)), 1) if tempi else USUAL_TEMPO,
        lasting=lasting,
        parallels=parallel_share(pieces[:: 1 + len(pieces) // LOOKED_AT]) if lasting else None,
    )
    items: list[NDArray[np.int64]] = []
    facts: list[dict[str, str]] = []
    for piece in pieces:
        rows = draft.encode(piece)
        known = draft.facts(piece)
        if len(rows) > 1:
            known.pop("bars")
        items += rows
        facts += [known] * len(rows)
    longest = max(int((row > 0).sum()) for row in items)
    length = min(options.length, longest + 1)
    data = np.stack(items)[:, :length] if items else np.zeros((0, length), dtype=np.int64)
    groups = _groups(facts)
    return replace(draft, groups=groups, length=length), data, facts


def _metres(pieces: list[Piece], grid: int) -> tuple[tuple[int, int], ...]:
    counts = Counter(piece.metre for piece in pieces if 1 <= piece.bar * grid <= LONGEST_BAR)
    return tuple(metre for metre, _ in counts.most_common(METRES))


def _sung(pieces: list[Piece]) -> dict[int, tuple[int, int]]:
    """The range of each part in the keys of the pieces, `RARE` of its notes left out at either end."""
    notes = np.concatenate([piece.notes for piece in pieces])
    ranges: dict[int, tuple[int, int]] = {}
    for part in np.unique(notes[:, PART]).astype(int).tolist():
        low, high = np.quantile(notes[notes[:, PART] == part, PITCH], (RARE, 1 - RARE), method="nearest")
        ranges[part] = (int(low), int(high))
    return ranges


def _voices(pieces: list[Piece], parts: int | None, sung: dict[int, tuple[int, int]]) -> tuple[Voice, ...]:
    pitches: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    looks: dict[int, Counter[Part]] = defaultdict(Counter)
    for piece in pieces:
        for number, part in enumerate(piece.parts):
            mine = piece.notes[piece.notes[:, PART] == number, PITCH]
            place = number if parts is not None else part.family
            if len(mine):
                pitches[place].append(mine)
                looks[place][part] += len(mine)
    voices: list[Voice] = []
    for place in sorted(pitches):
        found = np.concatenate(pitches[place])
        part = looks[place].most_common(1)[0][0]
        if parts is None:
            part = Part(FAMILIES[place], part.program, part.drums)
        elif parts == 1:
            part = Part("Melody", part.program, part.drums)
        voices.append(Voice(part, int(found.min()), int(found.max()), sung.get(place)))
    return tuple(voices)


def _durations(pieces: list[Piece], grid: int) -> tuple[int, ...]:
    counts: Counter[int] = Counter()
    for piece in pieces:
        counts.update(np.maximum(1, np.rint(piece.notes[:, DURATION] * grid)).astype(int).tolist())
    return tuple(sorted(duration for duration, _ in counts.most_common(DURATIONS)))


def _lasting(pieces: list[Piece], grid: int, options: MusicData) -> bool:
    """Whether each part is one line: nearly no note sounds on when the next one of its part begins."""
    if options.durations != "auto":
        return options.durations == "lasting"
    over = total = 0
    for piece in pieces:
        for part in range(len(piece.parts)):
            mine = piece.notes[piece.notes[:, PART] == part]
            ends = np.rint((mine[:-1, START] + mine[:-1, DURATION]) * grid)
            over += int((ends > np.rint(mine[1:, START] * grid)).sum())
            total += len(mine)
    return over <= OVERLAPPING * total


def _velocities(pieces: list[Piece], options: MusicData) -> tuple[int, ...]:
    found = np.concatenate([piece.notes[:, VELOCITY] for piece in pieces])
    if options.velocities == "off" or (options.velocities == "auto" and found.std() < EVENNESS):
        return ()
    return tuple(np.unique(np.quantile(found, (np.arange(LEVELS) + 0.5) / LEVELS).astype(int)).tolist())


def _groups(facts: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    """The conditions with at least two values that are frequent enough, values in their natural order."""
    orders = {
        "key": ("major", "minor"),
        "register": REGISTERS,
        "tempo": TEMPO_NAMES,
        "instrument": FAMILIES,
        "bars": tuple(bars_group(limit) for limit in (*BAR_COUNTS, BAR_COUNTS[-1] + 1)),
    }
    groups: dict[str, tuple[str, ...]] = {}
    for name, order in orders.items():
        counts = Counter(one[name] for one in facts if name in one)
        kept = tuple(value for value in order if counts[value] >= FEWEST_EACH)
        if len(kept) > 1:
            groups[name] = kept
    return groups
