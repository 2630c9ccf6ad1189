"""A sentence as Piper should get it: what its phonemizer would misread is written out.

espeak-ng takes a full stop before a capital letter as the end of a sentence ("Mr. | Jones"), runs over an ellipsis
without a pause, and says "$42.50" as "dollar forty-two point five zero".
"""

import re
import unicodedata

_INNER_STOP = re.compile(r"(?<![.\w])(?P<word>\w+)\.(?=\s+\S)")
_ELLIPSIS = re.compile(r"\s*(?:\.{2,}|…)(?=\s+\S)")
_MONEY = re.compile(
    r"(?P<sign>[$£€])\s?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d\d))?(?![\d.,]*\d)(?P<scale>\s(?:thousand|million|billion|trillion)\b)?"
)
_UNITS = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_NUMBER_SIGN = re.compile(r"\bNo\.\s*(?=\d)")


def reading_line(sentence: str, english: bool) -> str:
    """One line for Piper, "" when it holds nothing to pronounce. ``english`` lets money be written out in English.

    Control characters would end the line or the text early, and double brackets would be read as phonemes.
    """
    line = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in sentence)
    line = " ".join(line.replace("[[", "[").replace("]]", "]").split())
    if not any(letter.isalnum() for letter in line):
        return ""
    if english:
        line = _NUMBER_SIGN.sub("number ", _MONEY.sub(_money, line))
    line = _ELLIPSIS.sub(",", line)
    return _INNER_STOP.sub(r"\g<word>", line)


def _money(match: re.Match[str]) -> str:
    unit, small = _UNITS[match["sign"]]
    whole, part, scale = match["whole"], match["part"], match["scale"] or ""
    if scale:
        return f"{whole}{f'.{part}' if part else ''}{scale} {unit}s"
    said = f"{whole} {unit}{'' if whole == '1' else 's'}"
    if not part or part == "00":
        return said
    cents = int(part)
    smalls = {"cent": "cents", "penny": "pence"}[small]
    return f"{said} and {cents} {small if cents == 1 else smalls}"
