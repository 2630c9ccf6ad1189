"""What several tasks share: taking a small model's chatter off its answer, and the usual run over sections."""

import re
from collections.abc import Callable, Generator

from castalia.core.events import Event
from castalia.language.sections import over_sections, tokens_of
from castalia.language.small_words import UNTELLING
from castalia.language.task import Desk, Made, Turn

PREAMBLE = re.compile(
    r"^\s*(?:(?:sure|certainly|of course|okay|here(?: is|'s| are))\b[^\n:]{0,120}:\s*\n*|"
    r"\**(?:summary|translation|answer|rewritten|rewrite|text|draft|new text|output)\**\s*:\**\s*)+",
    re.IGNORECASE,
)
WORD = re.compile(r"\w+")
QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}


def cleaned(text: str) -> str:
    """The answer without "Here is the summary:" before it and without quotation marks around all of it."""
    text = PREAMBLE.sub("", text).strip()
    if len(text) > 2 and QUOTES.get(text[0]) == text[-1] and text[-1] not in text[1:-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def section_by_section(
    desk: Desk,
    text: str,
    turns: Callable[[str], list[Turn]],
    *,
    growth: float,
    most: int,
    doing: str,
    mend: Callable[[str], str] = lambda text: text,
    faults: Callable[[str, str], int] = lambda _section, _answer: 0,
) -> Generator[Event, None, Made]:
    """Every section put through the same turns, and the answers joined as the sections were.

    ``mend`` takes off an answer what is not wanted. One with ``faults`` is asked for again without the examples, and
    that of fewer is taken.

    ``growth`` is how many tokens of answer one token of text may need, ``most`` the tokens of a section. White space
    around a section is kept, so that paragraphs stay apart.
    """
    limit = min(most, int(desk.room(turns(""), 0) / (1 + growth)))

    def work(section: str, purpose: str) -> Generator[Event, None, str]:
        inner = section.strip()
        room = 48 + round(growth * tokens_of(inner))
        asked = turns(inner)
        answer = mend(cleaned((yield from desk.write(asked, max_tokens=room, purpose=purpose))))
        wrong = faults(inner, answer)
        if wrong and len(asked) > 1:
            other = mend(cleaned((yield from desk.write(asked[-1:], max_tokens=room, purpose=purpose))))
            answer = other if other and faults(inner, other) < wrong else answer
        if not answer:
            return ""
        start = section.index(inner)
        made = f"{section[:start]}{answer}{section[start + len(inner) :]}"
        yield desk.show(made)
        return made

    mapped = yield from over_sections(desk, text, max(1, limit), work, doing)
    return Made(["".join(mapped.texts).strip()], mapped.coverage)


def words_of(text: str) -> list[str]:
    """The telling words of a text, in lower case, without a plural's or a verb's final s."""
    words = (word.lower() for word in WORD.findall(text))
    return [word.removesuffix("s") if len(word) > 3 else word for word in words if word not in UNTELLING]
