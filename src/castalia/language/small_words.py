"""Words that say little of what a text or a question is about.

Two sets, as two things hang on them: what tasks take for a text's telling words (their figures were measured with
`UNTELLING`), and what a search leaves out of a question (`UNSEARCHED`: more words, in four languages).
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON = _words(
    "a an and are as at be by can could did do does for from had has have how i if in is it its me my of on or our "
    "should so that the their them they this to was we were what when where which who whom whose why will with "
    "would you your"
)
"""English words of both."""
UNTELLING = COMMON | _words("clause document say says she tell text")
"""Words that tell nothing of what a text is about, for tasks; English."""
SMALL = {
    "german": _words(
        "der die das den dem des ein eine einer einem einen und oder ist sind war wird wie wer wem wo wann "
        "warum was mit von zu im am auf für in an zum zur nicht es sich auch als bei aus nach welche welcher "
        "welches welchem welchen darf kann muss"
    ),
    "french": _words(
        "le la les un une des du de et ou est sont dans par pour sur que qui quoi quel quelle quels quelles au aux ce "
        "cette l d qu n s c j où quand comment combien pourquoi faut avec en il elle on ne pas"
    ),
    "spanish": _words(
        "el la los las un una unos unas de del y o es son en con por para que qué quién quiénes cuál cuáles cómo dónde "
        "cuándo cuánto cuánta cuántos cuántas se su sus al lo hay no"
    ),
}
"""Small words of other languages, which also tell what a question is written in."""
UNSEARCHED = COMMON.union(
    _words("about all also any been but into may must no not shall some such than then there these those"),
    *SMALL.values(),
)
"""Words of a question that are not searched for."""
