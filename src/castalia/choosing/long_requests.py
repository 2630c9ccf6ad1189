"""What a long request says itself, apart from the text that was pasted into it.

Many verbs stand in a pasted mail or article that nobody here is asked to follow. So of a long request only its
beginning and its end are read as wishes, and only where they are plainly said to whoever answers: the beginning has to
open with a command; the end counts beside it when it goes on from there ("then draw the two sisters"), and by itself
when it points at the text before it ("summarise the text above and read it aloud"). Everything else is material for
what is written.
"""

import re
from dataclasses import dataclass

from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import read
from castalia.choosing.several_words import Words, vocabulary

LONGEST = 700
"""Characters up to which a request of one paragraph is read as a whole."""
LONG_PAGE = 300
"""The same of one with several paragraphs: of these most is pasted."""
PLAIN = 400
"""Characters of the longest beginning or end that is a wish."""
PARAGRAPH = re.compile(r"\s*\n\s*\n\s*")
STOP = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\s*\n\s*")
HANDED = re.compile(r"[:：]\s*$")
COLON = re.compile(r"[:：]\s")
PROGRAM = re.compile(
    r"\b(?:programs?|script|function|code|class|app|application|website|web page|html|css|sql|python|java|javascript|"
    r"typescript|c\+\+|rust|api|programa|funci[óo]n|c[óo]digo|programme|fonction|programm|funktion|chương trình|hàm)\b"
    r"|程序|代码|函数|脚本|网页|应用",
    re.IGNORECASE,
)
"""What a program shall draw and say is no output of ours."""


@dataclass(frozen=True)
class Told:
    """The wish of a request, and the ``given`` text that it is about; ``before``: that stands first."""

    wish: str
    given: str = ""
    before: bool = False


def told(text: str, lexicon: Lexicon) -> Told | None:
    """The wish and what it is about; a short request is all wish; None where a long one holds no plain wish."""
    text = text.strip()
    if len(text) <= (LONG_PAGE if PARAGRAPH.search(text) else LONGEST):
        return Told(text)
    head, after_head = _head(text)
    tail, before_tail = _tail(text)
    opens = bool(head) and _words(head, lexicon).opens.match(head) is not None
    ends = bool(tail) and _words(tail, lexicon).opens.match(tail) is not None
    if opens and not PROGRAM.search(head):
        words = _words(head, lexicon)
        goes_on = ends and not HANDED.search(head) and not words.pointing.search(head) and words.onward.match(tail)
        if not goes_on:
            return Told(head, text[after_head:].strip())
        return Told(f"{head}\n{tail}", text[after_head:before_tail].strip())
    if ends and not opens and _words(tail, lexicon).pointing.search(tail) and not PROGRAM.search(tail):
        return Told(tail, text[:before_tail].strip(), before=True)
    return None


def _head(text: str) -> tuple[str, int]:
    """The first paragraph, sentence, or words before a colon, whichever is the first that is short; and its end."""
    ends = [found.start() for pattern in (PARAGRAPH, COLON, STOP) if (found := pattern.search(text))]
    end = next((one + (text[one] in ":：") for one in ends if one <= PLAIN), 0)
    return text[:end].strip(), end


def _tail(text: str) -> tuple[str, int]:
    """The last paragraph or sentence, whichever is the first that is short; and its beginning."""
    for pattern in (PARAGRAPH, STOP):
        starts = [found.end() for found in pattern.finditer(text) if found.end() < len(text)]
        if starts and len(text) - starts[-1] <= PLAIN:
            return text[starts[-1] :], starts[-1]
    return "", len(text)


def _words(wish: str, lexicon: Lexicon) -> Words:
    return vocabulary(read(wish, lexicon).language)
