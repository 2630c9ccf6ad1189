"""What small models do wrong when they write, seen without another model: they tell of the prompt's example, say things
twice, break off in the middle, and add names and numbers of their own."""

import re
from collections.abc import Iterable

from castalia.language.answering import words_of
from castalia.modalities.text.claims import held_share, missing_names, numbers_of
from castalia.modalities.text.spans import sentence_spans

LEAK = 4
"""Words in a row that only the example has."""
TELLING = 3
"""Telling words, in any order, that only the example has."""
LOOP = 3
"""Words in a row that a sound sentence does not say twice."""
LONGEST = 20
"""Letters a word, on average, beyond which a text has no spaces between words."""
CLOSING = 4
"""Most words of a last line that is a closing or a name."""
END = re.compile(r"[.!?:…。！？][\"'”’)\]]*$")


def leaks(answer: str, shown: Iterable[str], given: str) -> bool:
    """Whether the answer tells of the example: a run of words of ``shown``, or several of its telling ones, that
    ``given`` does not have."""
    example = " ".join(shown)
    runs = (_runs(answer, LEAK) & _runs(example, LEAK)) - _runs(given, LEAK)
    telling = (set(words_of(answer)) & set(words_of(example))) - set(words_of(given))
    return bool(runs) or len(telling) >= TELLING


def loops(sentence: str) -> bool:
    """Whether it says the same few words twice."""
    words = _words(sentence)
    return len(_runs(sentence, LOOP)) < len(words) - LOOP + 1


def invents(sentence: str, source: str) -> bool:
    """Whether it has a number or a name that the source does not have."""
    return bool(numbers_of(sentence) - numbers_of(source) or missing_names(sentence, source))


def is_sound(sentence: str, source: str, share: float) -> bool:
    """Whether it invents nothing, does not loop, and takes so large a share of its longer words from the source.

    Words are told apart by spaces: of scripts without them the share is not asked.
    """
    spaced = source.count(" ") * LONGEST > len(source)
    return (
        not invents(sentence, source) and not loops(sentence) and (not spaced or held_share(sentence, source) >= share)
    )


def said_once(text: str) -> str:
    """The text without sentences and lines that it said before, its paragraphs as they were."""
    seen: set[tuple[str, ...]] = set()
    lines: list[str] = []
    for line in text.splitlines():
        kept: list[str] = []
        for start, end in sentence_spans(line):
            words = tuple(_words(line[start:end]))
            if words not in seen or len(words) < LOOP:
                kept.append(line[start:end])
            seen.add(words)
        if kept or not line.strip():
            lines.append(" ".join(kept))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def whole(text: str) -> str:
    """The text without a last sentence that breaks off, where there are others before it; a closing is none."""
    spans = list(sentence_spans(text))
    before, _, last = text.rstrip().rpartition("\n")
    closing = before and len(last.split()) <= CLOSING and not _said_before(last, before)
    if len(spans) < 2 or END.search(text.rstrip()) or closing:
        return text
    return text[: spans[-2][1]].rstrip()


def _said_before(beginning: str, text: str) -> bool:
    """Whether a sentence of the text begins so."""
    words = _words(beginning)
    return any(_words(text[start:end])[: len(words)] == words for start, end in sentence_spans(text))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
