"""Identifiers: values that only name a row. They are never learned; fresh ones of the same pattern are made.

Three patterns: a running number with text around it (``C-00017``), a UUID, and a mask of character classes
(``AB12CD``).
"""

import re
import string
import uuid
from collections.abc import Sequence
from math import gcd
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
NUMBERED = re.compile(r"(\D*)(\d+)(\D*)$")
CLASSES = (string.digits, "0123456789abcdef", "0123456789ABCDEF", string.ascii_lowercase, string.ascii_uppercase)
NAMED = re.compile(
    r"(^|[^a-z])(id|ids|uuid|guid|key|index|no|nr|number|serial|ref|reference|code)($|[^a-z])", re.IGNORECASE
)
SPREAD = 3
"""A running number uses at least one in so many of the numbers between its first and last."""


class IdentifierPattern(BaseModel):
    """How to make fresh identifiers.

    ``sequence``: ``prefix``, the number from ``start`` on, padded to ``width`` digits, ``suffix``. ``uuid``: version
    4. ``mask``: one character from each of ``alphabets``.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["sequence", "uuid", "mask"]
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    width: int = 0
    alphabets: tuple[str, ...] = ()
    upper: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the identifiers are plain integers."""
        bare = self.kind == "sequence" and not self.prefix and not self.suffix and self.width == 0
        return bare or (self.kind == "mask" and all(one in string.digits for one in self.alphabets))

    def fresh(self, count: int, offset: int, seed: int) -> list[str]:
        """``count`` identifiers, numbers ``offset`` on of the endless list that ``seed`` stands for; all differ."""
        if self.kind == "sequence":
            first = self.start + offset
            return [f"{self.prefix}{number:0{self.width}d}{self.suffix}" for number in range(first, first + count)]
        if self.kind == "uuid":
            rng = np.random.default_rng([seed, offset])
            made = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(count)]
            return [one.upper() for one in made] if self.upper else made
        return [self._masked(offset + place, seed) for place in range(count)]

    def _masked(self, index: int, seed: int) -> str:
        """Number ``index`` of a shuffled list of everything that fits the mask: an affine map of the index."""
        capacity = 1
        for alphabet in self.alphabets:
            capacity *= len(alphabet)
        rng = np.random.default_rng(seed)
        shift = int.from_bytes(rng.bytes(16)) % capacity
        factor = int.from_bytes(rng.bytes(16)) % capacity or 1
        while gcd(factor, capacity) != 1:
            factor += 1
        rest = (index * factor + shift) % capacity
        pieces: list[str] = []
        for alphabet in reversed(self.alphabets):
            rest, place = divmod(rest, len(alphabet))
            pieces.append(alphabet[place])
        again = index // capacity
        return "".join(reversed(pieces)) + (str(again) if again else "")


def names_identifier(name: str) -> bool:
    """Whether a column's name says that it identifies: ``id``, ``customer_id``, ``OrderNo``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return bool(NAMED.search(spaced))


def find_pattern(texts: Sequence[str]) -> IdentifierPattern | None:
    """The pattern that all these distinct cells follow, or None."""
    if all(UUID.match(text) for text in texts):
        return IdentifierPattern(kind="uuid", upper=any("A" <= char <= "F" for char in texts[0]))
    found = [NUMBERED.match(text) for text in texts]
    parts = [one.groups() for one in found if one]
    if len(parts) == len(texts) and len({(before, after) for before, _, after in parts}) == 1:
        numbers = [int(number) for _, number, _ in parts]
        if max(numbers) - min(numbers) < SPREAD * len(numbers):
            widths = {len(number) for _, number, _ in parts}
            padded = len(widths) == 1 and any(number.startswith("0") for _, number, _ in parts)
            return IdentifierPattern(
                kind="sequence",
                prefix=parts[0][0],
                suffix=parts[0][2],
                start=max(numbers) + 1,
                width=widths.pop() if padded else 0,
            )
    if len({len(text) for text in texts}) == 1 and not any(char.isspace() for text in texts for char in text):
        alphabets = tuple(_alphabet({text[place] for text in texts}) for place in range(len(texts[0])))
        if any(len(alphabet) > 1 for alphabet in alphabets):
            return IdentifierPattern(kind="mask", alphabets=alphabets)
    return None


def running(name: str) -> IdentifierPattern:
    """The pattern for an identifier column whose cells follow none: the column's name and a number."""
    return IdentifierPattern(kind="sequence", prefix=f"{name}-")


def _alphabet(seen: set[str]) -> str:
    """The class that a place's characters belong to; a place with one character keeps it."""
    if len(seen) == 1:
        return seen.pop()
    return next((one for one in CLASSES if seen <= set(one)), "".join(sorted(seen)))
