"""What a question's own language says of it: who, how many or when is asked, which words say little, how words bend.

A `Tongue` for English, German, French and Spanish (``tongues.toml``). Questions in other languages are read as English
ones, which leaves their words as they stand.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from castalia.core.errors import MissingExtra
from castalia.language.small_words import COMMON, SMALL
from castalia.modalities.text.claims import stem

WORD = re.compile(r"\w+(?:[.,:]\d+)*")
NAME = re.compile(r"(?<!^)(?<![.!?:\"“] )\b[A-ZÀ-Þ][\w’'-]*[^\W\d_][\w’'-]*")
NOUN = re.compile(
    r"\b(?:(?i:d(?:er|ie|as|en|em|es)|(?:[kmds]|)ein(?:e[mnrs]?)?|(?:unser|ihr|eur|dies|jed|welch|all|viel)(?:e[mnrs]?)?|"
    r"mehrere[nr]?|zum|zur|am|im|beim|vom|ins))\s+(?:[a-zäöüß]+\s+)?([A-ZÄÖÜ][\w-]+)"
)
"""A noun after its article, and after a word between them at most, in German."""
PART = 4
"""Letters at least of each half of a German compound."""
LINKS = ("", "s", "n", "en", "es")
"""What stands between the halves of a German compound."""


@dataclass(frozen=True)
class Tongue:
    """A language as far as questions and the sentences that answer them are concerned."""

    name: str
    who: re.Pattern[str]
    many: re.Pattern[str]
    when: re.Pattern[str]
    light: frozenset[str]
    """Words of questions that say little of what is asked for."""
    numbers: re.Pattern[str]
    times: re.Pattern[str]
    closed: tuple[frozenset[str], ...]
    """Words that are no names and yet must be found as they stand: days, months, colours."""

    @property
    def meaning(self) -> bool:
        """Whether the packaged sentence vectors know its single words."""
        return self.name == "english"

    @property
    def compounds(self) -> bool:
        """Whether it writes nouns with a capital letter and several of them as one word."""
        return self.name == "german"

    def stem(self, word: str) -> str:
        """A word in lower case without its endings, as far as words are to be told alike."""
        return stem(word) if self.name == "english" else _snowball(self.name, word)

    def names(self, text: str) -> set[str]:
        """Its names in lower case: words with a capital letter where no sentence begins, but German nouns."""
        found = {part.lower() for name in NAME.findall(text) for part in WORD.findall(name) if len(part) > 1}
        return found - self.nouns(text)

    def nouns(self, text: str) -> set[str]:
        """Words with a capital letter that are no names, in lower case: what follows an article in German."""
        return {noun.lower() for noun in NOUN.findall(text)} if self.compounds else set()

    def halves(self, word: str) -> list[tuple[str, str]]:
        """The stems of two words that a compound may be made of, for every place where it may be cut."""
        if not self.compounds:
            return []
        cuts = [(word[:place], word[place:]) for place in range(PART, len(word) - PART + 1)]
        return [
            (self.stem(first.removesuffix(link)), self.stem(second))
            for first, second in cuts
            for link in LINKS
            if first.endswith(link) and len(first) - len(link) >= PART
        ]


def tongue_of(question: str) -> Tongue:
    """The language with most of its small words in the question; English when none has any."""
    words = [word.lower() for word in WORD.findall(question.replace("'", " ").replace("’", " "))]
    counts = {"english": sum(word in COMMON for word in words)}
    counts |= {name: sum(word in known for word in words) for name, known in SMALL.items()}
    return _tongues()[max(counts, key=lambda name: counts[name])]


@cache
def _tongues() -> dict[str, Tongue]:
    table: dict[str, dict[str, Any]] = tomllib.loads(
        files("castalia.language").joinpath("tongues.toml").read_text("utf-8")
    )
    return {name: _tongue(name, entry) for name, entry in table.items()}


def _tongue(name: str, entry: dict[str, Any]) -> Tongue:
    closed = tuple(frozenset(words.split()) for words in entry["closed"])
    times = sorted({*entry["times"].split(), *(word for kind in closed[:2] for word in kind)})
    return Tongue(
        name=name,
        who=re.compile(entry["who"]),
        many=re.compile(entry["many"]),
        when=re.compile(entry["when"]),
        light=frozenset(entry["light"].split()),
        numbers=_any_of(entry["numbers"].split()),
        times=_any_of(times),
        closed=closed,
    )


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\d|\b(?:{'|'.join(words)})\b", re.IGNORECASE)


@lru_cache(maxsize=50_000)
def _snowball(name: str, word: str) -> str:
    """Porter's Snowball; for German also without the ge- of participles and the -t of verbs."""
    ending = _stemmer(name).stemWord(word)
    if name == "german":
        ending = ending[2:] if ending.startswith("ge") and len(ending) > 2 + PART else ending
        ending = ending[:-1] if ending.endswith("t") and len(ending) > PART else ending
    return ending


@cache
def _stemmer(name: str) -> Any:
    try:
        import snowballstemmer
    except ImportError:
        raise MissingExtra(
            f"Questions in {name.title()} need snowballstemmer, which is not installed.",
            hint="pip install 'castalia[documents]'",
        ) from None
    return snowballstemmer.stemmer(name)  # pyright: ignore[reportUnknownMemberType] - its modules are made by a compiler
