"""Payment card numbers: the Luhn check digit (ISO/IEC 7812-1) and the issuers' number ranges."""

import re

from castalia.guarding.findings import Finding, near

NUMBER = re.compile(
    r"(?<![\w.,/+-])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w]|[-.,/]\d)"
)

WORDS = re.compile(
    r"\b(?:card|cc|credit|debit|visa|master ?card|amex|american express|maestro|discover|diners|jcb|pan|karte|"
    r"kreditkarte|carte|tarjeta|carta|cartão|kaart|thẻ)\b|\bcard|карт|卡|カード",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:order|invoice|tracking|reference|ref|ticket|parcel|shipment|serial|isbn|ean|gtin|imei|sku|article|id|uuid|"
    r"timestamp|account|bestellung|rechnung|commande|facture|pedido|factura)\b[^.\n]{0,16}$",
    re.IGNORECASE,
)
"""What else long numbers are; it counts only right before the number."""

RANGES: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"4", (16, 19)),
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    (r"3[47]", (15,)),
    (r"30[0-5]|36|3[89]", (14,)),
    (r"6011|64[4-9]|65", (16, 19)),
    (r"35(?:2[89]|[3-8])", (16,)),
    (r"62", (16, 17, 18, 19)),
    (r"50|5[6-8]|67", (16, 18, 19)),
)
"""First digits and lengths of Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro."""


def find(text: str) -> list[Finding]:
    """Numbers with a right check digit: of a known issuer, or of any length after a word for a card."""
    found: list[Finding] = []
    for match in NUMBER.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if not 12 <= len(digits) <= 19 or len(set(digits)) == 1 or not luhn(digits):
            continue
        spoken_of = near(text, match.start(), WORDS)
        if spoken_of:
            found.append(Finding("card", match.start(), match.end(), match.group(), 0.98))
        elif _issued(digits) and not near(text, match.start(), OTHERS):
            found.append(Finding("card", match.start(), match.end(), match.group(), 0.85))
    return found


def luhn(digits: str) -> bool:
    """Whether the last digit is right by Luhn's rule: every second digit doubled, its digits added."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _issued(digits: str) -> bool:
    return any(len(digits) in lengths and re.match(start, digits) for start, lengths in RANGES)
