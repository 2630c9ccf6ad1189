"""Looking for personal data in a text: every pattern, overlaps settled."""

import re

from castalia.guarding.findings import Finding, resolve
from castalia.guarding.patterns import addresses, cards, emails, ibans, national_ids, phones

DIGIT = re.compile(r"\d")
FEWEST_DIGITS = 4
"""Digits of the shortest number of any kind, an IP address such as 9.9.9.9."""


def detect(text: str) -> list[Finding]:
    """All findings in order, none overlapping. Names, places and street addresses are not looked for."""
    found = emails.find(text)
    if len(DIGIT.findall(text)) >= FEWEST_DIGITS:
        for kind in (ibans, cards, national_ids, addresses, phones):
            found.extend(kind.find(text))
    return resolve(found)
