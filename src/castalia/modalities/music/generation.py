"""From a trained sampler to finished pieces: conditions out of the wish, several tries, the best one kept."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Given, Sample, Sampler
from castalia.core.errors import BadRequest, EngineError
from castalia.core.events import Progress
from castalia.core.requests import Request
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.notation import write_musicxml
from castalia.modalities.music.options import MEDIA_TYPES, MusicOptions
from castalia.modalities.music.parallels import moments, parallels
from castalia.modalities.music.piece import START, Part, Piece, estimated_key
from castalia.modalities.music.rendering import render
from castalia.modalities.music.representation import (
    BAR,
    FINAL,
    FIRST_METRE,
    MIDDLE,
    MINOR_TONIC,
    OPENING,
    PADDING,
    MusicRepresentation,
    bars_group,
    in_key,
    register_group,
    tempo_group,
)
from castalia.modalities.music.wording import Order, family_of, read_order
from castalia.modalities.sound import encode

TRIES = 6
"""Items drawn for each piece; one in the wished key that comes to its end, as long as wished, is taken."""
MOST_DRAWS = 3
"""How often so many are drawn until one is in the wished key."""
LENIENCE = 0.1
"""A piece may be so much longer or shorter than wished, at least a bar, when it comes to its end there."""
KEPT_BARS = (4, 2, 1, 0)
"""Bars of what is there that a longer piece goes on from; fewer when nothing comes after them."""
MOST_ROUNDS = 64
PACES = {"slow": 60.0, "moderate": 96.0, "fast": 132.0}
MENDINGS = 16
"""How often a stretch is drawn anew from before the first of its parallels."""
APART = 1_000_003
RATE = 32_000


def generate(view: MusicRepresentation, sampler: Sampler, request: Request) -> Iterator[Sample | Progress]:
    """One sample for each piece. Info: ``key``, ``tempo``, ``metre``, ``bars``, ``notes``, ``seconds``, ``ended``
    (whether the model came to an end by itself), ``midi`` (the piece as base64 MIDI, of other encodings), ``note``.

    Raises BadRequest for a key or an instrument that there is not, MissingExtra for an encoding that needs one.
    """
    options = MusicOptions.model_validate(request.options)
    order = read_order(request.prompt, options)
    seed = request.seed or 0
    for number in range(order.count):
        composer = Composer(view, sampler, order, seed + number * 7 * APART)
        for progress in composer.compose():
            yield Progress(message="composing", fraction=min(0.99, (number + progress) / order.count))
        yield _sample(composer, options)


@dataclass
class Composer:
    """Makes one piece: draws it whole, or stretch by stretch until it is as long as wished."""

    view: MusicRepresentation
    sampler: Sampler
    order: Order
    seed: int

    def __post_init__(self) -> None:
        """Settle the key, which names no order, by chance, as often as in the training."""
        draw = np.random.default_rng([self.seed, 1])
        shares = np.asarray(self.view.keys, dtype=np.float64)
        tonic, minor = self.order.key or (None, None)
        if minor is not None:
            shares[:12] *= not minor
            shares[12:] *= minor
        if tonic is None:
            shares = shares if shares.any() else np.repeat([minor is not True, minor is not False], 12).astype(float)
            number = int(draw.choice(24, p=shares / shares.sum()))
            tonic, minor = number % 12, number >= 12
        self.key = (tonic, bool(minor))
        self.unsung = self.view.unsung(tonic, minor=bool(minor))
        self.tokens: list[int] = []
        self.draws = 0

    @property
    def ended(self) -> bool:
        """Whether the piece came to its end."""
        return bool(self.tokens) and self.tokens[-1] == FINAL

    def compose(self) -> Iterator[float]:
        """Compose; yields the share of the wished length that is there."""
        wanted = self.order.bars
        rows = self._draw([OPENING])
        while self.draws < MOST_DRAWS and all(BAR not in row or self._misses_key(row) for row in rows):
            rows += self._draw([OPENING])
        self.tokens = self._mended(self._best(rows, wanted), 1, wanted)
        yield self._share()
        for _ in range(MOST_ROUNDS):
            lenient = max(1, round(LENIENCE * wanted)) if wanted is not None and self.ended else 0
            if wanted is None or self._bars(self.tokens) >= wanted - lenient:
                break
            if not self._extend(wanted):
                break
            yield self._share()
        if wanted is not None and not (self.ended and self._bars(self.tokens) - wanted <= max(1, LENIENCE * wanted)):
            self.tokens = _first_bars(self.tokens, wanted)

    def piece(self) -> Piece:
        """The finished piece: in its key, with the wished instrument and tempo."""
        tonic, minor = self.key
        piece = in_key(self.view.decode(np.asarray(self.tokens)), tonic, minor=minor)
        tempo = self.order.tempo or (PACES[self.order.pace] if self.order.pace else self.view.tempo)
        parts = piece.parts
        if self.order.program is not None:
            named = self.order.program
            parts = tuple(part if part.drums else Part(part.name, named) for part in parts)
        return replace(piece, parts=parts, tempo=tempo)

    def unmet(self) -> list[str]:
        """What was wished that the model was not trained on: it is set by hand, not composed."""
        groups, order = self.view.groups, self.order
        told: list[str] = []
        if order.program is not None and family_of(order.program) not in groups.get("instrument", ()):
            told.append("the instrument is only played by, not composed for")
        if order.key is not None and not self.view.keys[self.key[0] + 12 * self.key[1]]:
            told.append(
                f"no training piece is in {'minor' if self.key[1] else 'major'} on that tonic: it is transposed"
            )
        return told

    def _extend(self, wanted: int) -> bool:
        """Go on from the last bars, or, where the model would only end there, with a new section.

        Returns whether anything came.
        """
        body = [token for token in self.tokens if token != FINAL]
        places = [place for place, token in enumerate(body) if token == BAR]
        for count in KEPT_BARS:
            kept = body[places[-min(count, len(places))] :] if count else []
            prefix = [MIDDLE if count else OPENING, body[1], *kept]
            if len(prefix) > self.view.length * 3 // 4:
                continue
            missing = wanted - len(places)
            new = self._best([_from_bar(row[len(prefix) :]) for row in self._draw(prefix)], missing)
            if new:
                new = self._mended(prefix + new, len(prefix), missing)[len(prefix) :]
                self.tokens = body + new
                return True
        return False

    def _draw(self, prefix: list[int]) -> list[list[int]]:
        """Some items that begin with ``prefix``, without padding."""
        length = self.view.length
        data = np.zeros((TRIES, length), dtype=np.int64)
        data[:, : len(prefix)] = prefix
        mask = np.zeros(data.shape, dtype=np.bool_)
        mask[:, : len(prefix)] = True
        conditions, known = self.view.encode_conditions([self._wished()] * TRIES)
        asked = (conditions, known) if self.view.groups else (None, None)
        seed = self.seed + self.draws * APART
        self.draws += 1
        try:
            drawn: NDArray[np.generic] = self.sampler(TRIES, *asked, seed, Given(data, mask, self.unsung))
        except BadRequest:
            if len(prefix) > 1:
                return []
            drawn = self.sampler(TRIES, *asked, seed)  # a family that cannot go on from a beginning
        return [[int(token) for token in row if token != PADDING] for row in drawn]

    def _wished(self) -> dict[str, str]:
        order = self.order
        tonic, minor = self.key
        wished = {"key": "minor" if minor else "major", "register": register_group(tonic, minor=minor)}
        if order.tempo is not None or order.pace is not None:
            wished["tempo"] = tempo_group(order.tempo) if order.tempo is not None else str(order.pace)
        if order.program is not None:
            wished["instrument"] = family_of(order.program)
        if order.bars is not None:
            wished["bars"] = bars_group(order.bars)
        return wished

    def _best(self, rows: list[list[int]], wanted: int | None) -> list[int]:
        """The row that is most in its key, comes to its end, is as long as wanted, and has the fewest parallels for its
        length, in this order.

        Without a wish one as long as a training piece comes before all others.
        """
        found = [row for row in rows if BAR in row]
        if not found:
            if self.tokens:
                return []
            raise EngineError("The model wrote no notes.", hint="Train it longer, or raise the temperature.")
        return min(found, key=lambda row: (*self._rank(row, wanted), len(self._parallels(row)) / len(row)))

    def _rank(self, row: list[int], wanted: int | None) -> tuple[int, bool, int]:
        """How far a row is from what is wished, nothing first."""
        missed = self._misses_key(row)
        if wanted is None:
            return max(0, self.view.fewest_bars - row.count(BAR)), missed, int(row[-1] != FINAL)
        missing = wanted - self._bars(row)
        ends = row[-1] == FINAL and abs(missing) <= max(1, round(LENIENCE * wanted))
        # one that is too long is cut, and does not end then
        return int(missed), not ends, max(missing, 0) if not ends else abs(missing)

    def _mended(self, row: list[int], fixed: int, wanted: int | None) -> list[int]:
        """The row without the parallels that training pieces hardly have, as far as some draws go.

        What comes from the first of them on is drawn anew, from ever earlier when that does not help; the first
        ``fixed`` tokens stay. ``wanted`` bars are those after them.
        """
        back = 0
        for _ in range(MENDINGS):
            faults = self._parallels(row)
            start = self._before(row, faults[0], back) if faults else fixed
            others = self._draw(row[:start]) if start > fixed else []
            if not others:
                break
            rank = self._rank(row[fixed:], wanted)
            others = [other for other in others if self._rank(other[fixed:], wanted) <= rank]
            latest = [(*self._parallels(other), np.inf)[0] for other in others]
            if max(latest, default=0.0) > faults[0]:
                row, back = others[int(np.argmax(latest))], 0
            else:
                back += 1
        return row

    def _parallels(self, row: list[int]) -> list[float]:
        """When parallel fifths and octaves are heard; nothing where they are as common in training pieces."""
        if self.view.parallels is None:
            return []
        piece = self.view.decode(np.asarray([*self.tokens[:2], *row] if row[0] == BAR else row))
        found = parallels(piece).tolist()
        return found if len(found) > self.view.parallels * len(moments(piece)[0]) else []

    def _before(self, row: list[int], time: float, back: int) -> int:
        """The place in a row before the tokens of the moment at ``time``, or ``back`` moments earlier."""
        steps = self.view.steps[row[1] - FIRST_METRE]
        positions, stop = self.view.firsts[:2]
        bar = -1
        places: list[int] = []
        for place, token in enumerate(row):
            bar += token == BAR
            if positions <= token < stop:
                places.append(place)
                if bar * steps + token - positions >= round(time * self.view.grid):
                    break
        return places[-1 - back] if back < len(places) else 0

    def _misses_key(self, row: list[int]) -> bool:
        """Whether it sounds as if in another key than the one that all pieces are learnt in."""
        tokens = [*self.tokens[:2], *row] if row[0] == BAR else row
        tonic, _ = estimated_key(self.view.decode(np.asarray(tokens)).notes)
        return tonic not in ({MINOR_TONIC} if self.key[1] else {0})

    def _bars(self, tokens: list[int]) -> int:
        return tokens.count(BAR)

    def _share(self) -> float:
        return 1.0 if self.order.bars is None else min(1.0, self._bars(self.tokens) / self.order.bars)


def _from_bar(row: list[int]) -> list[int]:
    """A row from its first bar line on; what stands before it belongs to a bar that is there already."""
    return row[row.index(BAR) :] if BAR in row else []


def _first_bars(tokens: list[int], bars: int) -> list[int]:
    """The tokens of the first so many bars."""
    places = [place for place, token in enumerate(tokens) if token == BAR]
    return tokens[: places[bars]] if len(places) > bars else tokens


def _sample(composer: Composer, options: MusicOptions) -> Sample:
    piece = composer.piece()
    tempo = piece.tempo or composer.view.tempo
    info: dict[str, object] = {
        "key": piece.key,
        "tempo": tempo,
        "metre": f"{piece.metre[0]}/{piece.metre[1]}",
        "bars": piece.bars,
        "notes": len(piece.notes),
        "voices": len(np.unique(piece.notes[:, 4])),
        "seconds": round(piece.length * 60.0 / tempo, 2),
        "ended": composer.ended,
    }
    if piece.bars and float(piece.notes[:, START].min()) >= piece.bar:
        info["silent start"] = True
    unmet = composer.unmet()
    if unmet:
        info["note"] = "; ".join(unmet)
    midi = write_midi(piece)
    if options.format == "midi":
        return Sample(midi, MEDIA_TYPES["midi"], info)
    info["midi"] = base64.b64encode(midi).decode("ascii")
    if options.format == "musicxml":
        return Sample(write_musicxml(piece), MEDIA_TYPES["musicxml"], info)
    samples, renderer = render(piece, midi, RATE)
    info["rendered by"] = renderer
    return Sample(encode(samples, RATE, MEDIA_TYPES[options.format]), MEDIA_TYPES[options.format], info)
