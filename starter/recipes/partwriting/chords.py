"""The chords of major and minor keys, and which follows which."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chord:
    """``tones`` are pitch classes from the root up, ``bass`` the lowest one.

    ``leading`` is the tone that must rise a semitone, ``seventh`` the one that must fall a step; -1: there is none.
    """

    name: str
    tones: tuple[int, ...]
    bass: int
    leading: int = -1
    seventh: int = -1

    @property
    def inversion(self) -> int:
        """Which tone lies in the bass: 0 the root, 1 the third, ..."""
        return self.tones.index(self.bass)


def _table(text: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """Lines of ``name: tones, inversion``, tones as semitones above the tonic."""
    found: dict[str, tuple[tuple[int, ...], int]] = {}
    for line in text.strip().splitlines():
        name, rest = line.split(":")
        tones, inversion = rest.split(",")
        found[name.strip()] = tuple(int(tone) for tone in tones.split()), int(inversion)
    return found


def _weights(text: str) -> dict[str, dict[str, float]]:
    """Lines of ``chord: next weight, next weight``; a chord may have several lines."""
    found: dict[str, dict[str, float]] = {}
    for line in text.strip().splitlines():
        name, rest = line.split(":")
        pairs = (one.split() for one in rest.split(","))
        found.setdefault(name.strip(), {}).update({chord: float(weight) for chord, weight in pairs})
    return found


CHORDS = {
    False: _table("""
        I: 0 4 7, 0
        I6: 0 4 7, 1
        I64: 0 4 7, 2
        ii: 2 5 9, 0
        ii6: 2 5 9, 1
        ii65: 2 5 9 0, 1
        iii: 4 7 11, 0
        IV: 5 9 0, 0
        IV6: 5 9 0, 1
        V: 7 11 2, 0
        V6: 7 11 2, 1
        V7: 7 11 2 5, 0
        V65: 7 11 2 5, 1
        V43: 7 11 2 5, 2
        V42: 7 11 2 5, 3
        vi: 9 0 4, 0
        vii6: 11 2 5, 1
        V/V: 2 6 9, 0
        V6/V: 2 6 9, 1
        V65/V: 2 6 9 0, 1
        V/vi: 4 8 11, 0
        V6/vi: 4 8 11, 1
        V65/vi: 4 8 11 2, 1
        V65/IV: 0 4 7 10, 1
        V6/ii: 9 1 4, 1
        V65/ii: 9 1 4 7, 1
    """),
    True: _table("""
        I: 0 3 7, 0
        I6: 0 3 7, 1
        I64: 0 3 7, 2
        ii6: 2 5 8, 1
        ii65: 2 5 8 0, 1
        III: 3 7 10, 0
        IV: 5 8 0, 0
        IV6: 5 8 0, 1
        v6: 7 10 2, 1
        V: 7 11 2, 0
        V6: 7 11 2, 1
        V7: 7 11 2 5, 0
        V65: 7 11 2 5, 1
        V43: 7 11 2 5, 2
        V42: 7 11 2 5, 3
        VI: 8 0 3, 0
        VII: 10 2 5, 0
        VII6: 10 2 5, 1
        V65/III: 10 2 5 8, 1
        vii6: 11 2 5, 1
        vii7: 11 2 5 8, 0
        V65/IV: 0 4 7 10, 1
        V6/IV: 0 4 7, 1
        V65/V: 2 6 9 0, 1
        Picardy: 0 4 7, 0
    """),
}
"""By whether the key is minor. Case tells major from minor chords except for I and IV, which are the key's own."""

FOLLOWING = {
    False: _weights("""
        I: I 1.2, I6 2, IV 4, V 4, vi 3, ii6 2, ii 1, V6 2.5, vii6 1.5, IV6 1, V65/IV .6, V43 1, iii .5, V6/vi .4
        I: ii65 .7, V65/ii .4, V6/V .3
        I6: I6 .3, IV 3, ii6 2, V 2, I 2, vii6 1, V43 .5, ii65 1, V65/V .4
        ii: ii .3, V 4, V6 1, V7 1.5, vii6 1, V65 .5
        ii6: V 5, V7 1.5, ii65 .3
        ii65: V 5, V7 1, V42 .5
        iii: vi 3, IV 3
        IV: IV .4, V 3, I 3, ii 1, ii6 1, V7 .7, vii6 1, I6 1.5, V42 .7, V65/V 1, V6 .5
        IV6: V 2, I6 1, V65 1.5, ii6 .5, V6 1
        V: V .8, I 5, vi 2, I6 2, V42 1, V6 .7, IV6 1, V65/vi .5, V7 .5
        V6: V6 .2, I 5, V65 .5
        V7: I 5, vi 1.5
        V65: I 1
        V43: I 2, I6 1.5
        V42: I6 1
        vi: vi .3, ii 2, IV 3, V 2, ii6 2, V65/V .8, V6 1, I6 1, iii .5, V/V .7
        vii6: I 3, I6 2
        V/V: V 3, V65 .5
        V6/V: V 1
        V65/V: V 1
        V/vi: vi 1
        V6/vi: vi 1
        V65/vi: vi 1
        V65/IV: IV 1
        V6/ii: ii 1
        V65/ii: ii 1
    """),
    True: _weights("""
        I: I 1.2, I6 2, IV 3, V 4, VI 2.5, ii6 1.5, V6 3, vii6 1.5, IV6 1, V65/IV .5, V43 1, ii65 .7, v6 .8, III 1
        I: VII .5, vii7 .5
        I6: I6 .3, IV 3, ii6 2, V 1.5, I 2, vii6 1, ii65 1
        ii6: V 5, V7 1.5, ii65 .3
        ii65: V 5, V7 1, V42 .5
        III: III .3, VI 3, IV 2.5, VII 1, ii6 1
        IV: IV .4, V 4, I 2.5, ii6 1, V7 .7, I6 1.5, vii6 .7, V42 .7, V65/V .4, VII 1
        IV6: V 4, V65 1
        v6: IV6 3, VI 2
        V: V .8, I 5, VI 2, I6 2, V42 1, IV6 .7, V6 .6, V7 .5
        V6: V6 .2, I 5, V65 .5
        V7: I 5, VI 1.5
        V65: I 1
        V43: I 2, I6 1.5
        V42: I6 1
        VI: VI .3, ii6 2, IV 3, V 2, III 1.5, ii65 .8, VII .6, I6 1
        VII: III 4, VI 1, VII6 .5
        VII6: III 3
        V65/III: III 1
        vii6: I 3, I6 2
        vii7: I 1
        V65/IV: IV 1
        V6/IV: IV 1
        V65/V: V 1
    """),
}
"""How willingly a chord goes to the next one, by whether the key is minor."""

MODULATING = {False: {0: 1.0, 7: 2.0, 9: 1.2, 2: 0.5, 5: 0.6}, True: {0: 1.0, 3: 2.2, 7: 0.9, 5: 0.7}}
"""Keys of the middle phrases, as semitones above the tonic, with how often."""
RELATED_MINOR = {False: {9, 2, 4}, True: {0, 7, 5}}
"""Which of them are minor."""
SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10, 11)}


def chord(name: str, tonic: int, *, minor: bool) -> Chord:
    """A chord of a key in pitch classes."""
    tones, inversion = CHORDS[minor][name]
    classes = tuple((tone + tonic) % 12 for tone in tones)
    dominant = name.startswith("V") and name not in {"VI", "VII", "VII6"}
    leading = classes[0] if name.startswith("vii") else classes[1] if dominant else -1
    seventh = classes[3] if len(classes) == 4 else -1
    return Chord(name, classes, classes[inversion], leading, seventh)


def scale(tonic: int, *, minor: bool) -> set[int]:
    """The pitch classes of a key; of a minor key with both sevenths."""
    return {(tone + tonic) % 12 for tone in SCALES[minor]}
