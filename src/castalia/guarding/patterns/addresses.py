"""IP addresses that can lead to a person: public ones, version 4 and 6."""

import ipaddress
import re

from castalia.guarding.findings import Finding, near

FOUR = re.compile(r"(?<![\w.:/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\w)")
SIX = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)")

WORDS = re.compile(
    r"\b(?:ip|ipv[46]|address|host|server|client|from|login|adresse|dirección|indirizzo)\b", re.IGNORECASE
)
NUMBERING = re.compile(
    r"(?:\bv|\bversion|\brelease|\bbuild|\bsections?|\bchapter|\bclause|\barticle|\bfigure|\btable|§|[=<>~^]|\bkapitel|"
    r"\babschnitt|\bpython|\bdriver|\bfirmware)\s*(?:is|to|:)?\s*[\"']?$",
    re.IGNORECASE,
)


def find(text: str) -> list[Finding]:
    """Public addresses; versions, section numbers, and private, loopback and documentation ranges are left out."""
    found: list[Finding] = []
    for match in FOUR.finditer(text):
        small = all(len(piece) == 1 for piece in match.group().split("."))
        numbering = near(text, match.start(), NUMBERING, 16)
        if _public(match.group()) and not numbering and (not small or near(text, match.start(), WORDS)):
            found.append(Finding("ip", match.start(), match.end(), match.group(), 0.9))
    for match in SIX.finditer(text):
        # a::b is C++ and 10:30:45 a time: three groups and a digit at least
        groups = [group for group in match.group().split(":") if group]
        if len(groups) >= 3 and re.search(r"\d", match.group()) and _public(match.group()):
            found.append(Finding("ip", match.start(), match.end(), match.group(), 0.9))
    return found


def _public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        # addresses outside 2000::/3 are reserved, yet made up and future ones look like that
        return not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast)
    return address.is_global and not address.is_multicast
