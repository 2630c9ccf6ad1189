"""International bank account numbers: length by country and the check of ISO 13616 (mod 97)."""

import re

from castalia.guarding.findings import Finding

START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})(\d{2})(?=[ ]?[A-Za-z0-9]{4})")

REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 "
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 "
    "NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
    "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
LENGTHS = {entry[:2]: int(entry[2:]) for entry in REGISTRY.split()}
"""Characters of an IBAN by country (SWIFT registry)."""


def find(text: str) -> list[Finding]:
    """All IBANs with the right length and check digits, solid or in groups, in either case."""
    found: list[Finding] = []
    for match in START.finditer(text):
        length = LENGTHS.get(match.group(1).upper())
        if length is None:
            continue
        end = _reach(text, match.start(), length)
        if end is not None and valid(re.sub(r"[ -]", "", text[match.start() : end])):
            found.append(Finding("iban", match.start(), end, text[match.start() : end], 0.99))
    return found


def valid(iban: str) -> bool:
    """Whether the number, its first four signs moved to the end and letters read as 10 to 35, leaves 1 by 97."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _reach(text: str, start: int, length: int) -> int | None:
    # the end of ``length`` letters and digits from ``start``, single spaces or hyphens between them
    count, place = 0, start
    while place < len(text) and count < length:
        sign = text[place]
        if sign.isascii() and sign.isalnum():
            count += 1
        elif sign not in " -" or text[place - 1] in " -":
            return None
        place += 1
    if count < length or (place < len(text) and text[place].isalnum()):
        return None
    return place
