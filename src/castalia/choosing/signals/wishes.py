"""What is wished for outright: a verb and the thing it is to make ("draw", "generate ... music"), also negated."""

from dataclasses import dataclass

from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import Reading

WINDOW = 9
"""Tokens after a verb in which its object is looked for."""
REACH = 24
"""Tokens after "convert ..." in which its "into ..." is looked for."""
BEFORE = 4
"""Tokens before a verb or a noun in which a negation counts."""
PUNCTUATION = frozenset(".,;:?!。，；：？！、")
ENDS = frozenset(".;:?!。；：？！")
QUESTION_WORDS = frozenset({"how", "why", "when", "where", "what", "who", "which", "is", "are", "should"})
NOT_NEGATION = frozenset({"why", "only", "just", "if"})
LAST_NOUN_LEADS = frozenset({"en", "de", "zh"})
"""Languages whose compounds end in the thing itself: "album cover art" is art."""


@dataclass(frozen=True)
class Wish:
    """One wish: ``words`` are those that show it; ``direct`` wishes name the modality by the verb or a set phrase."""

    modality: str
    words: str
    direct: bool = False
    negated: bool = False
    first: bool = False
    """Whether it opens the request or a sentence of it, as a command does."""


def find_wishes(reading: Reading, lexicon: Lexicon) -> list[Wish]:
    """All wishes in the order in which they stand, set phrases last."""
    found = (_wish_at(reading, index, lexicon) for index in range(len(reading.tokens)))
    return [*(wish for wish in found if wish), *_set_phrases(reading, lexicon)]


def _wish_at(reading: Reading, index: int, lexicon: Lexicon) -> Wish | None:
    """The wish that the token at ``index`` expresses, if any."""
    tokens = reading.tokens
    token = _base(tokens[index], lexicon)
    negated, first = _negated(tokens, index, lexicon), _opens(tokens, index, lexicon)
    if token in lexicon.convert and not _told(tokens, index):
        found = _converted(reading, index, lexicon)
        if found:
            return Wish(found[0], f"{token} ... {found[1]}", negated=negated, first=first)
    if token in lexicon.make and not _told(tokens, index):
        made = _object(reading, index + 1, WINDOW, lexicon)
        if made:
            return Wish(made[0], f"{token} ... {made[1]}", negated=negated or made[2], first=first)
    if token in lexicon.verbs and not _is_noun_here(tokens, index, lexicon) and not _told(tokens, index):
        modality = lexicon.verbs[token]
        if modality not in {"text", "speech"}:
            drawn = _object(reading, index + 1, 4, lexicon)
            if drawn and drawn[0] in {"text", "table"}:
                modality = drawn[0]  # "draw up a list", "sketch an outline"
        return Wish(modality, token, direct=True, negated=negated, first=first)
    if tokens[index] in lexicon.nouns and _ruled_out(tokens, index, lexicon):
        return Wish(lexicon.nouns[tokens[index]], tokens[index], negated=True)
    return None


def _set_phrases(reading: Reading, lexicon: Lexicon) -> list[Wish]:
    """Wishes in whole turns of phrase."""
    sentence = " ".join(reading.tokens).replace("_", " ")
    wishes: list[Wish] = []
    for modality, pattern in lexicon.patterns:
        found = pattern.search(sentence)
        if found:
            before = sentence[: found.start()].split()
            negated = any(word in lexicon.negate for word in before[-3:])
            wishes.append(Wish(modality, found.group(0)[:60], direct=True, negated=negated, first=not before))
    return wishes


def nouns_named(reading: Reading, lexicon: Lexicon) -> list[str]:
    """The modalities whose nouns occur at all, in order, without repetition."""
    return list(dict.fromkeys(lexicon.nouns[token] for token in reading.tokens if token in lexicon.nouns))


def _object(reading: Reading, start: int, window: int, lexicon: Lexicon) -> tuple[str, str, bool] | None:
    """The thing asked for after a verb: (modality, noun, negated). The noun that leads the phrase counts."""
    tokens, found, negated = reading.tokens, None, False
    if tokens[start : start + 1] == ["for"] and tokens[start + 1 : start + 2] and tokens[start + 1] in lexicon.skip:
        start += 2
    for index in range(start, min(start + window, len(tokens))):
        token = tokens[index]
        if token in lexicon.negate:
            negated = True
        noun = lexicon.nouns.get(token) or lexicon.nouns.get(token.removesuffix("s"))
        if noun:
            found = (noun, token)
            if reading.language not in LAST_NOUN_LEADS:
                break
        elif token in PUNCTUATION or (token in lexicon.stop and (found or index > start)):
            break
    return (*found, negated) if found else None


def _converted(reading: Reading, index: int, lexicon: Lexicon) -> tuple[str, str] | None:
    """What something is to be turned into: (modality, noun)."""
    tokens = reading.tokens
    for place in range(index + 1, min(index + REACH, len(tokens))):
        if tokens[place] in ENDS:
            break
        if tokens[place] in lexicon.into:
            found = _object(reading, place + 1, 6, lexicon)
            if found:
                return found[:2]
    return None


def _ruled_out(tokens: list[str], index: int, lexicon: Lexicon) -> bool:
    """Whether a negation stands just before a noun that no verb asks for ("no picture please", "without music")."""
    before = [token for token in tokens[max(index - 3, 0) : index] if token not in lexicon.skip]
    return bool(before) and before[-1] in lexicon.negate and _negated(tokens, index, lexicon)


def _negated(tokens: list[str], index: int, lexicon: Lexicon) -> bool:
    if tokens[index + 1 : index + 2] and tokens[index + 1] in lexicon.negate_after:
        return True
    for place in range(index - 1, max(index - 1 - BEFORE, -1), -1):
        token = tokens[place]
        if token in PUNCTUATION:
            return False
        if token in lexicon.negate:
            around = tokens[place - 1 : place] + tokens[place + 1 : place + 2]
            return not any(word in NOT_NEGATION for word in around)
    return False


def _opens(tokens: list[str], index: int, lexicon: Lexicon) -> bool:
    """Whether only courtesies stand between the start of the sentence and this token."""
    before = tokens[max(index - 4, 0) : index]
    for token in reversed(before):
        if token in PUNCTUATION:
            return True
        if token not in lexicon.courtesy:
            return False
    return index <= 4


def _told(tokens: list[str], index: int) -> bool:
    """Whether the verb is somebody else's, in a question ("how do whales make sounds", "who paints portraits")."""
    start = index
    while start and tokens[start - 1] not in PUNCTUATION:
        start -= 1
    clause = tokens[start:index]
    if len(clause) >= 3 and clause[0] in QUESTION_WORDS and clause[1] in {"do", "does", "did"}:
        return clause[2] not in {"i", "you", "we"}
    return len(clause) >= 1 and clause[0] in {"who", "which"}


def _base(word: str, lexicon: Lexicon) -> str:
    """An English verb without its ending ("classifying" is "classify"), when that is one that the lexicon knows."""
    if word in lexicon.verbs or word in lexicon.make or word in lexicon.convert:
        return word
    for ending in ("ing", "ed", "es", "s", "d"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            stem = word.removesuffix(ending)
            for base in (stem, stem + "e"):
                if base in lexicon.verbs or base in lexicon.make or base in lexicon.convert:
                    return base
    return word


def _is_noun_here(tokens: list[str], index: int, lexicon: Lexicon) -> bool:
    """Whether an article or a possessive before the word makes it a noun ("a film", "my voice", "the list")."""
    return index > 0 and tokens[index - 1] in lexicon.article
