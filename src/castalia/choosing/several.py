"""Whether a request wishes for several outputs of different kinds, and which words ask for which.

"Write a story about a fox, draw the fox and read it aloud" is three wishes; "write a poem about a picture" is one.
The words are data in ``several.toml``. A request is cut at its joiners, but only where a command follows, and each
clause is read by itself. In doubt it is one request: a plan that nobody wanted costs more than one that has to be asked
for twice.
"""

import re
from dataclasses import dataclass, replace

from castalia.choosing.lexicon import Lexicon
from castalia.choosing.long_requests import told
from castalia.choosing.reading import FENCE, QUOTE, URL, Reading, read
from castalia.choosing.several_words import Words, vocabulary
from castalia.choosing.signals.wishes import find_wishes, nouns_named

TELLING = 2
"""Different small words of a language in a request from which on its guess is trusted."""
MOST = 6
"""Steps of one plan at most."""
HIDDEN = "¤"
"""Stands for each letter that is quoted, code or an address: nothing in there is a wish."""
ENDS = r"[.;:!?\n。；！？]"


@dataclass(frozen=True)
class Piece:
    """What one output is asked for by: its modality, its words and those that show it.

    ``chart`` is a picture of numbers. ``companion`` stands with another ("with a picture"), ``referring`` speaks of
    what another makes ("read it aloud"). ``given`` is the text that it is about, where the request holds one;
    ``before``: that stands before the words.
    """

    modality: str
    text: str
    cue: str
    chart: bool = False
    companion: bool = False
    referring: bool = False
    given: str = ""
    before: bool = False

    @property
    def kind(self) -> str:
        """The modality, or ``chart``."""
        return "chart" if self.chart else self.modality


PREPOSITIONS = re.compile(
    r"\b(?:about|between|on|of|for|from|to|where|who|whose|that|in|at|sobre|acerca|de|del|para|sur|du|des|pour|über|von|für|mit)\b"
    r"|关于|的|\b(?:về|cho|của)\b",
    re.IGNORECASE,
)


BESIDE = re.compile(r"\b(?:with|con|avec|mit|kèm|có)\b", re.IGNORECASE)
ALONE = re.compile(
    r"(?:(?!(?:of|de|del|du|des|d'|von|mit|with|con|avec|của|về|的)\b)[^\s.,;:!?，。；！？、]+\s*){0,2}"
    r"(?:$|[.,;:!?，。；！？、]|(?:and|y|et|und|和|并|và)\b)",
    re.IGNORECASE,
)
"""Behind a medium: at most two words of its own ("una foto bonita") until the clause or this part of it ends."""
INDEFINITE = re.compile(
    r"\b(?:an?|one|some|two|three|una?|unos|unas|dos|tres|une?|des|deux|trois|eine?n?|zwei|drei|một|hai|ba|vài)\b|[一几两]",
    re.IGNORECASE,
)
TOPIC = re.compile(
    r"\b((?:about|on|of|sobre|acerca de|sur|über|von|zu|về) (?:[^.,;:!?\n]|[.,](?=\S)){2,80})"
    r"|关于([^，。,.]{1,30}?)(?:的|，|。|$)",
    re.IGNORECASE,
)


def pieces(reading: Reading, text: str, lexicon: Lexicon) -> list[Piece]:
    """The outputs that ``text`` asks for, in its order, when they are of at least two kinds; else an empty list.

    A long request is read as `castalia.choosing.long_requests` says; its text goes to what is written.
    """
    asked = told(text, lexicon)
    if asked is None or not asked.wish:
        return []
    reading = read(asked.wish, lexicon) if asked.given else reading
    hidden = _hidden(asked.wish)
    words = _words_of(reading, hidden, lexicon)
    if words.question.match(hidden):
        return []
    found = _found(hidden, asked.wish, words, lexicon)
    if asked.given:
        place = next((number for number, piece in enumerate(found) if piece.modality == "text"), None)
        if place is None:
            return []
        found[place] = replace(found[place], given=asked.given, before=asked.before)
    return found if len({piece.kind for piece in found}) > 1 and len(found) <= MOST else []


def language_of(reading: Reading, text: str, lexicon: Lexicon) -> str:
    """The language of the wish: that of a text pasted into it may be another one."""
    asked = told(text, lexicon)
    return read(asked.wish, lexicon).language if asked is not None and asked.given else reading.language


def _words_of(reading: Reading, hidden: str, lexicon: Lexicon) -> Words:
    """The patterns of the request's language; where few words tell it, of one in which the request opens a command."""
    words = vocabulary(reading.language)
    telling = len(lexicon.languages.get(reading.language, frozenset()).intersection(reading.tokens))
    if reading.language in {"zh", "vi"} or telling >= TELLING or words.opens.match(hidden):
        return words
    others = (vocabulary(language) for language in lexicon.languages if language != reading.language)
    return next((other for other in others if other.opens.match(hidden)), words)


def is_summary(text: str, language: str) -> bool:
    """Whether the words are about a summary."""
    return vocabulary(language).summary.search(text) is not None


def shows_topic(text: str) -> str | None:
    """What the words say that a text is about ("about a brave fox"), with the preposition; None where they do not."""
    shown = TOPIC.search(text)
    return None if shown is None else next(group for group in shown.groups() if group).strip()


def _found(hidden: str, text: str, words: Words, lexicon: Lexicon) -> list[Piece]:
    found: list[Piece] = []
    context = ""
    for start, end in _clauses(hidden, words):
        clause, raw = hidden[start:end], text[start:end]
        begun = words.opens.match(clause) or (None if start else words.bare.match(clause))
        piece = _command(clause, raw, begun.start("body") if begun else None, words, lexicon, found)
        if piece is None and found:
            found[-1] = replace(found[-1], text=f"{found[-1].text}{_gap(text, start)}{raw.strip()}")
        elif piece is None:
            context = f"{context}{_gap(text, start)}{raw.strip()}".strip()
        elif piece.modality == "unsupported" or _says_itself(piece, clause, hidden[end : end + 2], found):
            return []
        elif not _belongs_to_film(piece, found):
            found += _with_companions(piece, clause, raw, begun.start("body") if begun else 0, words)
    if context and found and found[0].modality == "text":
        found[0] = replace(found[0], text=f"{context} {found[0].text}")
    return _merged(found)


def _clauses(hidden: str, words: Words) -> list[tuple[int, int]]:
    """Spans between joiners and stops behind which a command opens, or a sentence begins."""
    spans: list[tuple[int, int]] = []
    start = 0
    for cut in words.boundary.finditer(hidden):
        stop = re.search(ENDS, cut.group(0)) is not None
        told = words.third.match(hidden, cut.end()) and words.relative.search(hidden, start, cut.start())
        plain = not re.search(r"[,;]", cut.group(0))
        if cut.start() > start and (stop or (words.opens.match(hidden, cut.end()) and not (told and plain))):
            spans.append((start, cut.start()))
            start = cut.end()
    spans.append((start, len(hidden)))
    return [(first, last) for first, last in spans if hidden[first:last].strip()]


def _command(
    clause: str, raw: str, body: int | None, words: Words, lexicon: Lexicon, found: list[Piece]
) -> Piece | None:
    """The wish that a clause commands, if it does."""
    if body is None or words.idiom.match(clause, body):
        return None
    own = raw[body:].strip()
    media = (
        ("music", words.scoring), ("speech", words.aloud), ("chart", words.charting), ("image", words.picturing),
    )  # fmt: skip
    for modality, pattern in media:
        shown = pattern.match(clause, body)
        if shown:
            chart = modality == "chart"
            cue = shown.group(0).strip()
            return Piece("image" if chart else modality, own, cue, chart=chart, referring=bool(found))
    if words.texting.match(clause, body) or (not found and words.bare.match(clause, body)):
        return Piece("text", own, own[:40])
    reading = read(clause[body:], lexicon)
    wishes = [wish for wish in find_wishes(reading, lexicon) if wish.first or not wish.direct]
    live = next((wish for wish in wishes if not wish.negated), None)
    documented = words.writes.match(clause, body)
    if documented and live and not live.direct and _stands_beside(clause, documented, words, lexicon):
        return Piece("text", own, documented.group(0).strip())
    if live is None or (wishes[0].negated and live.modality == wishes[0].modality):
        return None if wishes or not documented else Piece("text", own, documented.group(0).strip())
    written_on = live.modality == "text" and not _is_text_of_its_own(clause, body, words, found)
    return None if written_on else Piece(live.modality, own, live.words.replace("_", " "))


def _stands_beside(clause: str, document: re.Match[str], words: Words, lexicon: Lexicon) -> bool:
    """Whether a document is asked for, and another thing beside it ("a letter and a picture")."""
    if {*nouns_named(read(document.group(0), lexicon), lexicon)} - {"text"}:
        return False
    return any(pattern.search(clause, document.end()) for pattern in (words.elliptic, words.companion))


def _is_text_of_its_own(clause: str, body: int, words: Words, found: list[Piece]) -> bool:
    """Not what is to be written on a picture that was asked for before ("draw a shop and write OPEN on it")."""
    if not any(piece.modality in {"image", "video"} for piece in found):
        return True
    return bool(words.document.search(clause, body)) and not words.onto.search(clause, body)


def _says_itself(piece: Piece, clause: str, after: str, found: list[Piece]) -> bool:
    """Whether a wish to hear something comes with its own words, which may sound like any command."""
    return piece.modality == "speech" and not found and (":" in clause + after or "：" in clause + after)


def _belongs_to_film(piece: Piece, found: list[Piece]) -> bool:
    """Sound and titles of a film are part of it: they are no outputs of their own."""
    first = found[0].modality if found else ""
    return first == "video" and piece.modality in {"speech", "music", "audio", "text"}


def _with_companions(piece: Piece, clause: str, raw: str, body: int, words: Words) -> list[Piece]:
    """The piece, then those that stand beside it ("with a picture", "and an audio version")."""
    if piece.modality not in {"text", "image"} or piece.chart or piece.referring:
        return [piece]
    spans: list[tuple[int, Piece]] = []
    if piece.modality == "text" and words.document.search(clause, body):
        shown = words.illustrated.search(clause, body)
        if shown:
            spans.append((len(clause), Piece("image", "", shown.group(0), companion=True, referring=True)))
        for cut in words.companion.finditer(clause, body):
            modality, chart = _medium(cut, words)
            after = clause[cut.end() :].lstrip()
            about = PREPOSITIONS.search(clause, body, cut.start())
            apart = ALONE.match(after)
            if not (words.document.search(clause, body, cut.start()) or shown):
                continue
            if about and not chart and not apart and not (words.own.match(after) or words.genitive.match(after)):
                continue
            referring = bool(words.own.match(after) or words.genitive.match(after)) or not after
            spans.append((cut.start(), Piece(modality, "", cut.group(0).strip(" ,"), chart, True, referring)))
    taken = [place for place, _ in spans]
    spans += [
        span
        for span in _listed(piece, clause, body, words, bool(spans))
        if all(abs(span[0] - one) > 2 for one in taken)
    ]
    if not spans:
        return [piece]
    spans.sort(key=lambda span: span[0])
    ends = [place for place, _ in spans[1:]] + [len(clause)]
    head = replace(piece, text=raw[body : spans[0][0]].strip(" ,，、"))
    return [
        head,
        *(replace(one, text=raw[place:end].strip(" ,，、")) for (place, one), end in zip(spans, ends, strict=True)),
    ]


def _listed(piece: Piece, clause: str, body: int, words: Words, certain: bool) -> list[tuple[int, Piece]]:
    """Further things of the same command ("make a poem and a picture of it"), each with its place.

    Behind a preposition they may belong to it ("about a girl and a picture"), unless one of them refers back.
    """
    writes = words.writes.match(clause, body) or words.bare.match(clause, body)
    if not writes and (piece.modality == "text" or not words.opens.match(clause)):
        return []
    cuts = list(words.elliptic.finditer(clause, body))
    certain = certain or any(words.own.match(clause[cut.end() :].lstrip()) for cut in cuts)
    found: list[tuple[int, Piece]] = []
    for cut in cuts:
        modality, chart = _medium(cut, words)
        after = clause[cut.end() :].lstrip()
        about = PREPOSITIONS.search(clause, body, cut.start())
        if piece.modality == "image" and modality == "text":
            about = about or BESIDE.search(clause, body, cut.start())
        heard = modality in {"music", "speech"} or ALONE.match(after)
        listed = (words.strong.match(cut.group(0)) and heard) or (
            words.needs.match(clause, body) and INDEFINITE.search(cut.group(0))
        )
        if modality == piece.modality or (about and not (certain or listed)):
            continue
        referring = bool(words.own.match(after)) or not after
        found.append((cut.start(), Piece(modality, "", cut.group(0).strip(" ,"), chart, True, referring)))
    return found


def _medium(cut: re.Match[str], words: Words) -> tuple[str, bool]:
    """(modality, whether it is a chart) of a companion."""
    if cut.group("chart") or words.chart.search(cut.group(0)):
        return "image", True
    return next(name for name in ("image", "speech", "music", "text") if cut.groupdict().get(name)), False


def _merged(found: list[Piece]) -> list[Piece]:
    """Neighbours that are answered by one text, or asked for twice by the same words, become one."""
    kept: list[Piece] = []
    for piece in found:
        if kept and piece.modality == kept[-1].modality == "text":
            kept[-1] = replace(kept[-1], text=f"{kept[-1].text} {piece.text}")
        else:
            kept.append(piece)
    return kept


def _hidden(text: str) -> str:
    for pattern in (FENCE, QUOTE, URL):
        text = pattern.sub(lambda match: HIDDEN * len(match.group(0)), text)
    return text


def _gap(text: str, start: int) -> str:
    """What stood between a clause and the one before it, as far as it reads on."""
    before = re.search(r"[^\w¤]*\s?(?:\w+\s+)?$", text[max(0, start - 12) : start])
    return before.group(0) if before else " "
