"""Words as they are searched for: questions without their small words, scripts without spaces sign by sign."""

import re

from castalia.language.small_words import UNSEARCHED

CJK = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")
WORD = re.compile(r"\w+")
MOST_TERMS = 64
"""Terms of a question that are searched for; a longer text is cut."""


def searchable(text: str) -> str:
    """The text with each sign of a script without spaces as a word of its own."""
    return CJK.sub(r" \1 ", text)


def terms_of(question: str) -> list[str]:
    """The words to search for, each once and in lower case; all of them where only small ones were asked."""
    words = list(dict.fromkeys(WORD.findall(searchable(question).lower())))
    telling = [word for word in words if word not in UNSEARCHED]
    return (telling or words)[:MOST_TERMS]
