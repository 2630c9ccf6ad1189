"""The grammar of music's tokens: which kind may follow which, so that everything that obeys it is a piece."""

from castalia.core.representation import Grammar

FIRST_METRE = 5
"""Before it: padding, opening, middle, final, bar."""
HEADER, END, BAR, METRE = 1, 2, 3, 4
"""Classes; from `METRE` on one for each metre, then one for each position, then those of notes."""


class _States:
    """Rows of the table of transitions; 0 is where everything begins, `opened` after the header, `done` at the end."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.rows: list[list[int]] = []
        self.ends: list[int] = []
        start, self.opened, self.done = self.new(), self.new(), self.new()
        self.rows[start][HEADER] = self.opened
        self.ends.append(self.done)

    def new(self) -> int:
        """Another state, from which nothing may come yet."""
        self.rows.append([-1] * self.classes)
        return len(self.rows) - 1


def grammar_of(
    steps_of: list[int], firsts: tuple[int, int, int, int, int], widths: list[int], *, lasting: bool
) -> Grammar:
    """See the first lines of `castalia.modalities.music.representation`.

    ``steps_of`` are the positions of a bar of each metre, ``firsts`` those of the representation, ``widths`` the
    pitches of each voice.
    """
    _, durations, velocities, notes, end = firsts
    count = max(steps_of)
    position = METRE + len(steps_of)
    first = position + count
    classes = [0, HEADER, HEADER, END, BAR, *range(METRE, position), *range(position, first)]
    if lasting:
        for number, width in enumerate(widths):
            classes += [first + number] * width
        classes += [first + number for number in range(len(widths))]
        states = _States(first + len(widths))
    else:
        classes += [first] * (velocities - durations) + [first + 1] * (notes - velocities) + [first + 2] * (end - notes)
        states = _States(first + 3)
    rows = states.rows
    for number, steps in enumerate(steps_of):
        ready, begun = states.new(), states.new()
        rows[states.opened][METRE + number] = ready
        rows[ready][BAR] = rows[begun][BAR] = begun
        rows[begun][END] = states.done if lasting else -1
        placed = [states.new() for _ in range(steps)]
        for place in range(steps):
            rows[begun][position + place] = placed[place]
        for place in range(steps):
            later = {position + other: placed[other] for other in range(place + 1, steps)}
            after = later | {BAR: begun, END: states.done}
            if lasting:
                _named_once(states, placed[place], after, range(first, first + len(widths)))
            else:
                _notes(states, placed[place], after, first, loud=velocities < notes)
    return Grammar(classes=tuple(classes), transitions=tuple(map(tuple, rows)), ends=tuple(states.ends))


def _notes(states: _States, placed: int, after: dict[int, int], first: int, *, loud: bool) -> None:
    """Any number of notes at a position: pitch, duration and, where it is learnt, loudness."""
    duration, velocity, note = first, first + 1, first + 2
    pitched, whole = states.new(), states.new()
    states.rows[placed][note] = states.rows[whole][note] = pitched
    if loud:
        between = states.new()
        states.rows[pitched][duration], states.rows[between][velocity] = between, whole
    else:
        states.rows[pitched][duration] = whole
    for kind, state in after.items():
        states.rows[whole][kind] = state
    states.ends.append(whole)


def _named_once(states: _States, placed: int, after: dict[int, int], voices: range) -> None:
    """Notes or rests of some voices, the lowest (last) first."""
    named = {voice: states.new() for voice in voices}
    for voice in voices:
        states.rows[placed][voice] = named[voice]
        for other in range(voices.start, voice):
            states.rows[named[voice]][other] = named[other]
        for kind, state in after.items():
            states.rows[named[voice]][kind] = state
        states.ends.append(named[voice])
