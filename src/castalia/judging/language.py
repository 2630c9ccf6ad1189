"""Which language a text is in, and which languages a request allows. A small detector of our own: no data, no model.

Other scripts than Latin tell by themselves. Among languages in Latin letters, frequent words, telling letters and
endings vote; a word of several languages splits its vote. Short or mixed texts come out as unknown.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from castalia.core.requests import Request
from castalia.judging.language_words import ASKING, ENDINGS, FREQUENT, LETTERS, NAMES
from castalia.judging.repetition import prose

SCRIPTS = {
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),
    "han": re.compile(r"[\u3400-\u9fff]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "latin": re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]"),
}
UKRAINIAN = re.compile(r"[іїєґ]", re.IGNORECASE)

WORDS = {code: frozenset(f"{words} {ASKING[code]}".split()) for code, words in FREQUENT.items()}
CODES = {name: code for code, names in NAMES.items() for name in names.split()}
VOTERS = Counter(word for words in WORDS.values() for word in words)

CERTAIN = 0.8
"""Confidence from which a guess is believed: the best language has twice the votes of the next."""

FEWEST_VOTES = 3.0
"""Votes below which nothing is said: about four frequent words that few other languages share."""

FEWEST_ASKED = 1.0
"""The same for a request, where a wrong guess only allows one language more."""

POSSIBLE = 0.3
"""Confidence from which a language of the request counts: it has two thirds of the best one's votes."""

NAME = "|".join(sorted((re.escape(name) for name in CODES), key=len, reverse=True))
WISH = re.compile(
    rf"\b(?:in|into|auf|ins|en|al|em|op|po|på|till|bằng)\s+(?:plain |simple |good |el |het |tiếng |o )?({NAME})"
    r"(?=\s*(?:$|[.,;:!?)\"'”»\n]|please|bitte|por|s'il|and|und|y|et|with|about|only))",
    re.IGNORECASE,
)
TRANSLATION = re.compile(
    r"\b(?:translat\w*|übersetz\w*|tradu\w*|vertaal\w*|översätt\w*|przetłumacz\w*|dịch|çevir\w*)|翻译|翻訳|번역|перевед|ترجم",
    re.IGNORECASE,
)
TARGET = re.compile(
    rf"\b(?:to|into|in|ins|auf|al|en|a|au|para|naar|till|na|sang)\s+(?:the\s+|el\s+|o\s+)?({NAME})\b", re.IGNORECASE
)
MENTION = re.compile(rf"(?<!\w)({NAME})(?!\w)", re.IGNORECASE)
QUOTED = re.compile(r"[\"“”«»„'‘’`]([^\"“”«»„`]{12,})[\"“”«»‘’'`]")


@dataclass(frozen=True)
class Guess:
    """A language by its ISO 639-1 code and how sure that is, in [0, 1]."""

    code: str
    confidence: float


def detect(text: str) -> Guess | None:
    """The language of the text without its code; None when there is too little to go by."""
    guesses = _guesses(text, FEWEST_VOTES)
    return guesses[0] if guesses else None


def _guesses(text: str, fewest: float) -> list[Guess]:
    # the likeliest first; several only among languages in Latin letters
    plain = re.sub(r"`[^`]*`|https?://\S+", " ", prose(text))
    counts = {name: len(pattern.findall(plain)) for name, pattern in SCRIPTS.items()}
    letters = sum(counts.values())
    # one sign of Chinese says as much as three letters
    weighted = dict(counts) | {name: 3 * counts[name] for name in ("han", "kana", "ko")}
    script = max(weighted, key=weighted.__getitem__)
    share = weighted[script] / max(1, sum(weighted.values()))
    if letters < 4 or (script == "latin" and letters < 12):
        return []
    if script in {"han", "kana"}:
        together = (weighted["han"] + weighted["kana"]) / sum(weighted.values())
        return [Guess("ja" if counts["kana"] > 0.08 * counts["han"] else "zh", together)]
    if script == "cyrillic":
        return [Guess("uk" if UKRAINIAN.search(plain) else "ru", share)]
    if script != "latin":
        return [Guess(script, share)]
    votes = _votes(plain.casefold())
    ranked = sorted(votes, key=votes.__getitem__, reverse=True)
    if not ranked or votes[ranked[0]] < fewest:
        return []
    most, rival = votes[ranked[0]], votes[ranked[1]] if len(ranked) > 1 else 0.0
    first = Guess(ranked[0], share * _sureness(most, rival))
    return [first, *(Guess(code, share * _sureness(votes[code], most)) for code in ranked[1:])]


def allowed(request: Request) -> set[str] | None:
    """The languages in which an answer is expected, or None when any may be.

    An outright wish ("in French", "translate to German") in the last user message, else in the system's, decides
    alone. Else every language of the request counts, and every one that it names. An attachment may be in any.
    """
    system = "\n".join(message.text for message in request.messages if message.role == "system")
    for text in (request.prompt, system):
        wished = _wished(text)
        if wished:
            return wished
    if request.attachments or TRANSLATION.search(request.prompt):
        return None
    named = {CODES[name.casefold()] for name in MENTION.findall(f"{request.prompt}\n{system}")}
    spoken = _spoken(request.prompt)
    if not spoken:
        return None
    return spoken | named


def _wished(text: str) -> set[str]:
    found = WISH.findall(text)
    if TRANSLATION.search(text):
        found += TARGET.findall(text)
    return {CODES[name.casefold()] for name in found}


def _spoken(prompt: str) -> set[str]:
    pieces = [prompt, *re.split(r"[\n:]+", prompt), *QUOTED.findall(prompt)]
    found = [guess for piece in pieces for guess in _guesses(piece, FEWEST_ASKED)]
    return {guess.code for guess in found if guess.confidence >= POSSIBLE}


def _sureness(votes: float, others: float) -> float:
    # squares, because related languages share many of their words
    return votes**2 / (votes**2 + others**2)


def _votes(text: str) -> dict[str, float]:
    votes: defaultdict[str, float] = defaultdict(float)
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text)
    for word in words:
        straight = word.replace("’", "'")
        for code, known in WORDS.items():
            if straight in known:
                votes[code] += 1.0 / VOTERS[straight]
            elif "'" in straight and code in {"fr", "it"} and straight.split("'")[0] in {"l", "d", "qu", "c", "n", "s"}:
                votes[code] += 0.3
        for code, endings in ENDINGS.items():
            if len(word) > 5 and word.endswith(endings):
                votes[code] += 0.25
    for code, letters in LETTERS.items():
        hits = sum(text.count(letter) for letter in letters)
        votes[code] += min(0.4 * hits, 0.15 * len(words))
    return votes
