"""Phone numbers: candidates by shape, then Google's numbering plans (`phonenumbers`).

A number with its country code must be possible; a national one must be valid in a country that writes it so, or stand
right after a word for telephones. Free-call and premium numbers belong to no person and are left out.
"""

import importlib
import re
from functools import lru_cache
from typing import Any

from castalia.guarding.findings import Finding, near

CANDIDATE = re.compile(
    r"(?<![\w.,:/$€£¥#=+-])(?<![$€£¥] )"
    r"(?:\+|00(?=[1-9])|\()?\d(?:[ ./\u00a0\u2011-]?\(?\d\)?(?:\)[ -]?)?){5,16}"
    r"(?:\s?(?:x|ext\.?|Durchwahl)\s?\d{1,5})?"
    r"(?![\w%€£$°]|[.,:/-]\d)",
)

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "CH", "AT", "BE", "AU", "IN", "VN", "BR", "SE", "PL", "CZ", "ZA")
"""Countries whose national way of writing is tried, most speakers of our languages first."""

WORDS = re.compile(
    r"(?:\b(?:phone|telephone|tel|mobile|cell|fax|desk|call|calling|called|dial|text me|sms|whatsapp|signal|"
    r"voicemail|hotline|messages? (?:to|on|at)|answering at|reach \w+|ring|landline|teléfono|telefono|móvil|llam\w+|"
    r"téléphone|portable|appel\w+|joindre|telefon\w*|handy\w*|mobil\w*|anruf\w*|ruf\w*|rückruf|telefoon|bel|bellen|"
    r"telefone|celular|điện thoại|sđt|gọi)\b|电话|手机|電話|전화|тел)",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:order|invoice|tracking|reference|ref|ticket|isbn|issn|ean|imei|serial|version|article|part|model|case|"
    r"account|patent|doi|pmid|id|sku|zip|postcode|rfc|iso|din|bestell\w*|rechnung\w*|commande|facture|pedido|"
    r"price|cost|total|sum|pages?|pp|years?|from|between)\b[^.\n]{0,12}$",
    re.IGNORECASE,
)
UNITS = re.compile(
    r"\s?(?:usd|eur|gbp|chf|dollars?|euros?|pounds?|people|users|rows|bytes|kb|mb|gb|km|kg|m²|sq|percent|million|bn|"
    r"years|votes|copies|steps|items|inhabitants|einwohner|habitants|habitantes)\b",
    re.IGNORECASE,
)
YEAR, MONTH, DAY = r"(?:19|20)\d{2}", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
DATES = (
    rf"{YEAR}[-./ ]{MONTH}[-./ ]{DAY}",
    rf"{DAY}[-./ ]{MONTH}[-./ ](?:{YEAR}|\d\d)",
    rf"{MONTH}[-./ ]{DAY}[-./ ](?:{YEAR}|\d\d)",
    rf"{YEAR}[ -]+{YEAR}",
    rf"{YEAR}{MONTH}{DAY}",
)
DATE = re.compile(rf"(?:{'|'.join(DATES)})(?:[ -]+\d{{1,2}})?")
THOUSANDS = re.compile(r"^\d{1,3}(?:[ .\u00a0]\d{3})+$")
DECIMAL = re.compile(r"\(?\d*\.\d+")
NORTH_AMERICAN = re.compile(r"^(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}")
SEPARATED = re.compile(r"\d[ ./()\u00a0-]+\d")


def find(text: str) -> list[Finding]:
    """All phone numbers, with extensions."""
    found: list[Finding] = []
    for match in CANDIDATE.finditer(text):
        start, end = _within_brackets(text, match.start(), match.end())
        score = _score(text, start, end, text[start:end])
        if score > 0:
            found.append(Finding("phone", start, end, text[start:end], score))
    return found


def _within_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    # the brackets around a whole number are no part of it, those around its area code are
    shown = text[start:end].rstrip()
    if shown.startswith("(") and shown.endswith(")"):
        return start + 1, start + len(shown) - 1
    if shown.endswith(")") and "(" not in shown:
        return start, start + len(shown) - 1
    if shown.startswith("(") and ")" not in shown:
        return start + 1, start + len(shown)
    return start, start + len(shown)


def _score(text: str, start: int, end: int, shown: str) -> float:
    digits = re.sub(r"\D", "", re.split(r"x|ext|D", shown)[0])
    if not 6 <= len(digits) <= 15 or len(set(digits)) == 1 or shown.count("(") != shown.count(")"):
        return 0.0
    if shown.startswith(("+", "00")):
        return _international("+" + digits.removeprefix("00"))
    if DATE.fullmatch(shown) or DECIMAL.fullmatch(shown):
        return 0.0
    if near(text, start, WORDS, 24):
        return 0.9 if len(digits) >= 7 and not near(text, start, OTHERS, 16) else 0.0
    if near(text, start, OTHERS, 32) or UNITS.match(text, end):
        return 0.0
    return _national(shown, digits)


def _national(shown: str, digits: str) -> float:
    # without a word for telephones: grouped, in a way that a country writes, and valid there
    if not SEPARATED.search(shown) or (THOUSANDS.match(shown) and not shown.startswith("0")):
        return 0.0
    if "." in shown and " " in shown:
        return 0.0
    if NORTH_AMERICAN.match(shown):
        return 0.8 if _personal(digits, "US") else 0.0
    if shown.startswith(("0", "(0")) and len(digits) >= 9:
        return 0.7 if any(_personal(digits, region) for region in REGIONS) else 0.0
    return 0.0


def _international(number: str) -> float:
    # (0) after the country code is written, not dialled
    library = _library()
    for candidate in (number, re.sub(r"^(\+\d\d)0", r"\1", number)):
        try:
            parsed = library.parse(candidate, None)
        except library.NumberParseException:
            continue
        if library.is_possible_number(parsed):
            return 0.95 if not _impersonal(parsed) else 0.0
    return 0.0


@lru_cache(maxsize=4096)
def _personal(digits: str, region: str) -> bool:
    library = _library()
    try:
        parsed = library.parse(digits, region)
    except library.NumberParseException:
        return False
    return library.is_valid_number(parsed) and not _impersonal(parsed)


def _impersonal(parsed: object) -> bool:
    library = _library()
    kinds = library.PhoneNumberType
    return library.number_type(parsed) in {kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN}


@lru_cache(maxsize=1)
def _library() -> Any:
    # imported at the first candidate: its tables take a tenth of a second
    return importlib.import_module("phonenumbers")
