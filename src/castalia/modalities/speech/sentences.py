"""Splitting a text into sentences to be spoken one by one."""

import re

LONGEST = 300
"""Characters of the longest piece: some twenty seconds of speech, so that the first sound comes soon."""

# Before these a full stop ends no sentence. Titles always go on; the others only before a small letter or a digit.
_TITLES = re.compile(
    r"mr|mrs|ms|dr|prof|rev|hon|sra?|srta|st|gen|col|lt|sgt|capt|mme|mlle|hrn?|fr|vs|e\.g|i\.e|[a-hj-z]", re.IGNORECASE
)
_MAYBE = re.compile(
    r"etc|inc|ltd|co|corp|dept|est|approx|nos?|vol|pp|fig|ca|cf|al|jr|a\.m|p\.m|u\.s|u\.k|ph\.d|z\.b|d\.h|u\.a|bzw|usw"
    r"|p\.ej|uds?|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|ave|blvd|rd",
    re.IGNORECASE,
)
_END = re.compile(r"""(?P<mark>[.!?…]+|[。！？]+)(?P<close>["'”’»)\]」』]*+)(?=(?P<gap>\s+)|$|(?<=[。！？]))""")
_OPENING = "\"'“‘«([¿¡"
_SOFT = re.compile(r"[,;:，；：、–—](?=\s|$)|(?<=[，；：、])")


def split_sentences(text: str, longest: int = LONGEST) -> list[str]:
    """The sentences of a text in order, white space tidied, none empty, none longer than ``longest`` characters.

    Paragraphs (blank lines) and list items (lines) always end a sentence; a single line break inside running text
    does not. Abbreviations, initials, decimals and ellipses in mid-sentence do not end one. Too long a sentence is cut
    at its last comma, colon or dash before the limit, else at a space, else at the limit.
    """
    pieces: list[str] = []
    for paragraph in _paragraphs(text):
        for sentence in _sentences(paragraph):
            pieces.extend(_cut(sentence, longest))
    return pieces


def _paragraphs(text: str) -> list[str]:
    paragraphs: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines: list[str] = []
        for line in block.split("\n"):
            if re.match(r"\s*(?:[-*•]|\d+[.)])\s+", line) and lines:
                paragraphs.append(" ".join(lines))
                lines = []
            lines.append(line)
        paragraphs.append(" ".join(lines))
    return [tidy for paragraph in paragraphs if (tidy := " ".join(paragraph.split()))]


def _sentences(paragraph: str) -> list[str]:
    found: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        if match.start() < start or not _ends(
            paragraph[start : match.start()], match, paragraph[match.end() :].lstrip()
        ):
            continue
        found.append(paragraph[start : match.end()].strip())
        start = match.end()
    found.append(paragraph[start:].strip())
    return [sentence for sentence in found if sentence]


def _ends(before: str, match: re.Match[str], after: str) -> bool:
    """Whether this mark ends a sentence, from the word before it and the text after it."""
    mark = match["mark"]
    if not after or mark[0] in "。！？":
        return True
    following = after.lstrip(_OPENING)[:1]
    if mark != "." or not before.strip():
        return not following.islower()  # an ellipsis in mid-sentence goes on with a small letter
    word = before.rsplit(maxsplit=1)[-1].lstrip(_OPENING)
    if _TITLES.fullmatch(word) or before.strip().isdigit():  # the number of a list item stands alone
        return False
    return following.isupper() if _MAYBE.fullmatch(word) else not following.islower()


def _cut(sentence: str, longest: int) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > longest:
        window = sentence[:longest]
        # A cut in the first third would leave a stump that sounds broken
        soft = [match.end() for match in _SOFT.finditer(window) if match.end() > longest // 3]
        space = window.rfind(" ")
        end = soft[-1] if soft else space if space > 0 else longest
        pieces.append(sentence[:end].strip())
        sentence = sentence[end:].strip()
    return [*pieces, sentence] if sentence else pieces
