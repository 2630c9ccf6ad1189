"""Findings of personal data, and how several in one place are settled."""

import re
from dataclasses import dataclass

NAMES = {
    "card": "card number",
    "ch_ahv": "Swiss AHV number",
    "de_tax_id": "German tax id",
    "email": "e-mail address",
    "es_id": "Spanish DNI or NIE",
    "fr_nir": "French social security number",
    "iban": "IBAN",
    "ip": "IP address",
    "it_fiscal_code": "Italian fiscal code",
    "nl_bsn": "Dutch BSN",
    "phone": "phone number",
    "uk_nino": "UK National Insurance number",
    "us_ssn": "US social security number",
    "vn_cccd": "Vietnamese citizen id",
}
"""Every kind that is looked for, with its name in words."""


@dataclass(frozen=True)
class Finding:
    """One piece of personal data: ``text`` at [start, end) of what was looked through; ``score`` in [0, 1]."""

    kind: str
    start: int
    end: int
    text: str
    score: float


def resolve(findings: list[Finding]) -> list[Finding]:
    """Findings without overlaps, in order: the surer one stays, of equally sure ones the longer."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda found: (-found.score, found.start - found.end, found.start)):
        if all(finding.end <= other.start or finding.start >= other.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda found: found.start)


def counted(kinds: list[str]) -> str:
    """Kinds in words with their numbers: ``2 e-mail addresses, 1 IBAN``. Never a value."""
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return ", ".join(f"{count} {_plural(NAMES[kind]) if count > 1 else NAMES[kind]}" for kind, count in counts.items())


def near(text: str, start: int, words: re.Pattern[str], reach: int = 40) -> bool:
    """Whether one of ``words`` stands within ``reach`` characters before ``start``."""
    return words.search(text[max(0, start - reach) : start]) is not None


def _plural(name: str) -> str:
    return name + ("es" if name.endswith("s") else "s")
