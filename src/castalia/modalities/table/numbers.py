"""How a column writes its numbers: decimals, decimal mark, thousands, affixes. Reads and writes the same way."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Values = NDArray[np.float64]

PLAIN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$")
"""A number as programs write it."""
CODE = re.compile(r"0\d")
"""A leading zero: a code such as a postcode, not a quantity."""
AFFIXED = re.compile(r"((?:US\$|[$€£¥₹]|EUR|USD|CHF|GBP)?\s?)[-+]?\d[\d.,' eE+\-]*?(\s?[^\d.,\s]{0,4})$")
"""A number between a currency and a unit; letters before digits are codes."""
STYLES = ((".", ""), (".", ","), (",", "."), (",", ""), (".", "'"), (".", " "), (",", " "))
"""Decimal mark and thousands separator, the likelier first."""
ENOUGH = 0.9
"""Share of cells that must read as numbers; the rest are told as strays."""
MOST_DECIMALS = 12
"""Beyond this the column holds computed floats, written by significant digits."""


class NumberStyle(BaseModel):
    """The way one column writes numbers.

    ``decimals`` and ``least`` are the most and the fewest digits after the mark; ``decimals`` is None for computed
    floats, which have ``digits`` significant ones.
    """

    model_config = ConfigDict(frozen=True)

    decimals: int | None = 0
    digits: int = 17
    least: int = 0
    mark: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""

    def parse(self, text: str) -> float:
        """The number that a cell says, NaN when it says none."""
        if self.prefix and text.startswith(self.prefix):
            text = text[len(self.prefix) :]
        if self.suffix and text.endswith(self.suffix):
            text = text[: -len(self.suffix)]
        if self.mark == "." and not self.thousands:
            return float(text) if PLAIN.match(text) else float("nan")
        if not _pattern(self.mark, self.thousands).match(text):
            return float("nan")
        if self.thousands:
            text = text.replace(self.thousands, "")
        return float(text.replace(self.mark, "."))

    def format(self, values: Values) -> list[str]:
        """Each number (none NaN) as this column writes it."""
        if self.decimals is None:
            exact = self.digits >= 16  # then the shortest text that gives the same number back
            texts = [repr(value) if exact else f"{value:.{self.digits}g}" for value in values.tolist()]
        elif self.decimals == 0 and not self.thousands:
            texts = [str(value) for value in np.rint(values).astype(np.int64).tolist()]
        else:
            comma = "," if self.thousands else ""
            texts = [f"{value:{comma}.{self.decimals}f}" for value in values.tolist()]
            if self.least < self.decimals:
                texts = [_shortened(text, self.decimals - self.least) for text in texts]
            texts = ["0" + text[2:] if _is_negative_zero(text) else text for text in texts]
        if self.mark != "." or self.thousands:
            swap = str.maketrans({",": self.thousands, ".": self.mark})
            texts = [text.translate(swap) for text in texts]
        if self.prefix or self.suffix:
            texts = [f"{self.prefix}{text}{self.suffix}" for text in texts]
        return texts


def find_style(texts: Sequence[str], separator: str = ",") -> NumberStyle | None:
    """The style that reads at least nine tenths of these distinct cells, None when they are no numbers."""
    if not texts:
        return None
    prefix, suffix = _affixes(texts)
    bare = [text.removeprefix(prefix).removesuffix(suffix) for text in texts]
    if sum(bool(CODE.match(text.lstrip("-+"))) for text in bare) > len(bare) * (1 - ENOUGH):
        return None
    order = STYLES if separator == "," else (STYLES[0], STYLES[3], *STYLES[1:3], *STYLES[4:])
    shares = [sum(bool(_pattern(*style).match(text)) for text in bare) / len(bare) for style in order]
    best = shares.index(max(shares))
    if shares[best] < ENOUGH:
        return None
    mark, thousands = order[best]
    read = [text for text in bare if _pattern(mark, thousands).match(text)]
    lengths = [_decimals(text, mark) for text in read]
    decimals: int | None = max(lengths)
    digits = 17
    if decimals > MOST_DECIMALS or any("e" in text.lower() for text in read):
        digits = min(17, max(sum(char.isdigit() for char in re.split("[eE]", text)[0].lstrip("-0.")) for text in read))
        decimals = None
    return NumberStyle(
        decimals=decimals,
        digits=digits,
        least=min(lengths),
        mark=mark,
        thousands=thousands,
        prefix=prefix,
        suffix=suffix,
    )


@cache
def _pattern(mark: str, thousands: str) -> re.Pattern[str]:
    if mark == "." and not thousands:
        return PLAIN
    group = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return re.compile(rf"[-+]?({group}\d+)({re.escape(mark)}\d+)?$")


def _affixes(texts: Sequence[str]) -> tuple[str, str]:
    """What stands before and after the digits in every cell, such as a currency or a unit."""
    found = AFFIXED.match(texts[0])
    if not found:
        return "", ""
    prefix, suffix = found.group(1), found.group(2)
    alike = sum(text.startswith(prefix) and text.endswith(suffix) for text in texts)
    return (prefix, suffix) if alike >= len(texts) * ENOUGH else ("", "")


def _decimals(text: str, mark: str) -> int:
    return len(text.rpartition(mark)[2]) if mark in text else 0


def _shortened(text: str, most: int) -> str:
    """Without up to ``most`` closing zeros, and without a mark that then ends it."""
    for _ in range(most):
        if not text.endswith("0"):
            break
        text = text[:-1]
    return text.removesuffix(".")


def _is_negative_zero(text: str) -> bool:
    return text.startswith("-") and not text.strip("-0.,")
