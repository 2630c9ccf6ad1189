"""One module for each kind of personal data; each has ``find(text) -> list[Finding]``."""
