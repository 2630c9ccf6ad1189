"""How a column writes dates and times. Values are seconds since 1970-01-01 as float64."""

import importlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Values = NDArray[np.float64]

DATES = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y%m%d",
)
MOMENT = re.compile(r"(.*?)([ T]?)(\d{1,2}:\d\d(:\d\d)?(\.\d{1,6})?( [AaPp][Mm])?)(Z|\+00:00)?$")
"""A date, what joins it to a time, the time, and its zone. Zones are kept as written; times are not moved."""
SHAPE = re.compile(r".*\d.*[-/.:, \d].*\d", re.DOTALL)
ENOUGH = 0.99
"""Share of cells that must read as dates."""
LOOKED_AT = 500


class DateStyle(BaseModel):
    """The way one column writes dates: a ``strptime`` format, leading zeros or not, digits of a second.

    ``padded`` is about days and months (01.02.2024), ``padded_hour`` about hours (08:05).
    """

    model_config = ConfigDict(frozen=True)

    format: str
    padded: bool = True
    padded_hour: bool = True
    fraction: int = 6

    def parse(self, texts: Sequence[str]) -> Values:
        """Seconds since 1970 of each cell, NaN where it is no such date."""
        pandas: Any = importlib.import_module("pandas")
        times = pandas.to_datetime(pandas.Series(list(texts), dtype=object), format=self.format, errors="coerce")
        return _seconds(times.to_numpy(dtype="datetime64[us]"))

    def format_values(self, values: Values) -> list[str]:
        """Each time (none NaN) as this column writes it."""
        pandas: Any = importlib.import_module("pandas")
        stamps = np.rint(values * 1e6).astype(np.int64).astype("datetime64[us]")
        texts: list[str] = pandas.Series(stamps).dt.strftime(self.format).tolist()
        if "%f" in self.format and self.fraction < 6:
            cut = 6 - self.fraction
            texts = [re.sub(rf"(\.\d{{{self.fraction}}})\d{{{cut}}}", r"\1", text) for text in texts]
        if not self.padded or not self.padded_hour:
            texts = [self._unpadded(text) for text in texts]
        return texts

    def _unpadded(self, text: str) -> str:
        hour = re.search(r"\d\d:", text)
        cut = hour.start() if hour else len(text)
        date, time = text[:cut], text[cut:]
        if not self.padded:
            date = re.sub(r"(?<!\d)0(\d)(?!\d)", r"\1", date)
        return date + (time if self.padded_hour else time.removeprefix("0"))

    @property
    def has_date(self) -> bool:
        """Whether a day is part of it, not only a time."""
        return "%d" in self.format


def parse_iso(texts: Sequence[str]) -> Values:
    """Seconds since 1970 of ISO 8601 dates and times, NaN for other texts; an offset is not applied."""
    pandas: Any = importlib.import_module("pandas")
    bare = [re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", text) if ":" in text else text for text in texts]
    times = pandas.to_datetime(pandas.Series(bare, dtype=object), format="ISO8601", errors="coerce")
    return _seconds(times.to_numpy(dtype="datetime64[us]"))


def find_style(texts: Sequence[str], name: str) -> tuple[DateStyle | None, str]:
    """The format that reads 99 of 100 of these distinct cells, or None; and what had to be assumed about it.

    ``name`` is the column's: eight bare digits are dates only in a column whose name says so.
    """
    sample = [text for text in texts[:LOOKED_AT] if SHAPE.match(text)]
    if len(sample) < ENOUGH * min(len(texts), LOOKED_AT) or not sample or max(map(len, sample)) > 40:
        return None, ""
    fitting = [style for style in _candidates(sample[0], name) if _reads(style, sample)]
    if not fitting:
        return None, ""
    style = fitting[0]
    if "%f" in style.format:
        style = style.model_copy(update={"fraction": _fraction(sample)})
    values = style.parse(sample)
    for day, hour in ((True, True), (False, True), (True, False), (False, False)):
        written = style.model_copy(update={"padded": day, "padded_hour": hour})
        if written.format_values(values) == sample:
            style = written
            break
    orders = {re.sub("[^dm]", "", one.format) for one in fitting if "%d" in one.format and "%m" in one.format}
    note = "its dates may be day-month or month-day; day first was assumed" if {"dm", "md"} <= orders else ""
    return style, note


def _seconds(stamps: NDArray[np.datetime64]) -> Values:
    seconds = stamps.astype(np.int64) / 1e6
    seconds[np.isnat(stamps)] = np.nan
    return seconds


def _candidates(text: str, name: str) -> list[DateStyle]:
    """Formats that fit one cell."""
    found = MOMENT.match(text)
    date, join, _, seconds, fraction, half, zone = found.groups("") if found else (text, "", "", "", "", "", "")
    time = ("%I" if half else "%H") + ":%M" + (seconds and ":%S") + (fraction and ".%f") + (half and " %p") + zone
    dates = [one for one in DATES if one != "%Y%m%d" or re.search("date|day|datum|time", name, re.IGNORECASE)]
    fitting = [one for one in dates if _fits(one, date)] if date else [""]
    return [DateStyle(format=one + join + time if found else one) for one in fitting]


def _fits(format: str, text: str) -> bool:
    try:
        datetime.strptime(text, format)
    except ValueError:
        return False
    return True


def _reads(style: DateStyle, texts: Sequence[str]) -> bool:
    return float(np.isnan(style.parse(texts)).mean()) <= 1 - ENOUGH


def _fraction(texts: Sequence[str]) -> int:
    lengths = [len(found.group(1)) for text in texts if (found := re.search(r"\.(\d{1,6})(?!.*\.\d)", text))]
    return max(set(lengths), key=lengths.count) if lengths else 6
