"""Words that name a medium or ask for it, in six languages: data in ``lexicon.toml``, looked up here."""

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from castalia.core.plugins import modalities

CJK = re.compile(r"[㐀-鿿]")

PHRASED = ("make", "convert", "into", "stop", "negate")
"""The roles whose entries of several words are read as one token."""


@dataclass(frozen=True)
class Lexicon:
    """Sets of words by what they do in a request.

    ``nouns`` maps a noun to its modality, ``verbs`` a verb that asks for one modality by itself ("draw"), ``patterns``
    are whole turns of phrase. ``make`` and ``convert`` take an object that decides. ``phrases`` holds entries of
    several words by their first, the longest first, ``packed`` finds Chinese entries, which no spaces set apart.
    ``languages`` holds small words by which a language is known, ``unspecific`` those that tell no model from another.
    """

    nouns: dict[str, str]
    verbs: dict[str, str]
    make: frozenset[str]
    convert: frozenset[str]
    into: frozenset[str]
    stop: frozenset[str]
    negate: frozenset[str]
    negate_after: frozenset[str]
    skip: frozenset[str]
    courtesy: frozenset[str]
    article: frozenset[str]
    unspecific: frozenset[str]
    languages: dict[str, frozenset[str]]
    phrases: dict[str, list[tuple[str, ...]]]
    packed: re.Pattern[str]
    patterns: list[tuple[str, re.Pattern[str]]] = field(default_factory=list[tuple[str, re.Pattern[str]]])


def load() -> Lexicon:
    """The lexicon of the package. The words that the catalogue's modalities declare are added by `with_catalogue`."""
    data = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))

    def words(*path: str) -> frozenset[str]:
        place = data
        for name in path[:-1]:
            place = place[name]
        return frozenset(_joined(word) for word in _split(str(place[path[-1]])))

    nouns = {word: kind for kind in data["nouns"] for word in words("nouns", kind)}
    verbs = {word: kind for kind in data["verbs"] for word in words("verbs", kind)}
    groups = {name: words("roles", name) for name in data["roles"]}
    every = {*nouns, *verbs, *(word for name in PHRASED for word in groups[name])}
    languages = {name: words("languages", name) for name in data["languages"]}
    patterns = [(kind, re.compile(line)) for kind, lines in data["patterns"].items() for line in lines]
    return Lexicon(
        nouns=nouns,
        verbs=verbs,
        phrases=_phrases(every),
        packed=_packed(every),
        languages=languages,
        patterns=patterns,
        **groups,
    )


def with_catalogue(lexicon: Lexicon) -> Lexicon:
    """The lexicon with the ``wishes`` of all modalities found, so that a newcomer is asked for at once."""
    nouns, verbs, added = dict(lexicon.nouns), dict(lexicon.verbs), False
    known = {*nouns.values()}
    for name, spec in modalities().specs().items():
        if name in known:
            continue
        for wish in (name, *spec.wishes):
            for words in (nouns, verbs):
                words.setdefault(_joined(wish.lower()), name)
            added = True
    if not added:
        return lexicon
    every = {*nouns, *verbs, *(word for role in PHRASED for word in getattr(lexicon, role))}
    return replace(lexicon, nouns=nouns, verbs=verbs, phrases=_phrases(every), packed=_packed(every))


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


def _joined(word: str) -> str:
    return word.replace(" ", "_")


def _phrases(words: set[str]) -> dict[str, list[tuple[str, ...]]]:
    """Entries of several words by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for word in sorted(words, key=lambda word: (-word.count("_"), word)):
        first, *rest = word.split("_")
        if rest:
            found.setdefault(first, []).append(tuple(rest))
    return found


def _packed(words: set[str]) -> re.Pattern[str]:
    """Matches Chinese entries anywhere, the longest first."""
    chinese = sorted((word for word in words if CJK.search(word)), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, chinese)))


LEXICON = load()
