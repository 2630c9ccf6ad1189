"""Words as they are searched for: questions without their small words, scripts without spaces sign by sign."""

import re

CJK = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")
WORD = re.compile(r"\w+")
SMALL = frozenset(
    # English, then German, French, Spanish: words that stand in nearly every passage
    "a about all also an and any are as at be been but by can could did do does for from had has have how i if in into "
    "is it its may me must my no not of on or our shall should so some such than that the their them then there these "
    "they this those to was we were what when where which who whom whose why will with would you your "
    "der die das den dem des ein eine einer einem einen und oder ist sind war wird wie was wer wo wann warum mit von zu "
    "im in am auf für nicht es sich auch als bei aus nach welche welcher welches "
    "le la les un une des du de et ou est sont dans par pour sur que qui quoi quel quelle quels quelles au aux ce cette "
    "el los las una unos unas del y o es son en con por para que qué quién cuál cómo dónde cuándo se su sus al lo".split()
)
MOST_TERMS = 64
"""Terms of a question that are searched for; a longer text is cut."""


def searchable(text: str) -> str:
    """The text with each sign of a script without spaces as a word of its own."""
    return CJK.sub(r" \1 ", text)


def terms_of(question: str) -> list[str]:
    """The words to search for, each once and in lower case; all of them where only small ones were asked."""
    words = list(dict.fromkeys(WORD.findall(searchable(question).lower())))
    telling = [word for word in words if word not in SMALL]
    return (telling or words)[:MOST_TERMS]
