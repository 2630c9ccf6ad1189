"""E-mail addresses, by the everyday part of RFC 5321 and 6531 (letters of any alphabet)."""

import re

from castalia.guarding.findings import Finding

ADDRESS = re.compile(
    r"(?<![\w.%+@-])"
    r"[^\W_](?:[\w.!#$%&'*+/=?^`{|}~-]{0,62}[\w+-])?"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}"
    r"(?P<top>[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})"
    r"(?![\w@-])"
)

FILES = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"}
"""Ends of file names: ``logo@2x.png`` is none of an address."""


def find(text: str) -> list[Finding]:
    """All addresses; ``git@host`` names a service, no person."""
    if "@" not in text:
        return []
    return [
        Finding("email", match.start(), match.end(), match.group(), 0.95)
        for match in ADDRESS.finditer(text)
        if match["top"].lower() not in FILES and not match.group().startswith("git@")
    ]
