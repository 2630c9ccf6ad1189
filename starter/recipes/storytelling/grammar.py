"""From words, plots and chance to one story and the request that it answers."""

import random
import re
from dataclasses import dataclass

from storytelling.plots import ASKING, ENDINGS, MORNINGS, OPENINGS, PLOTS, Plot
from storytelling.words import (
    BOYS,
    GIRLS,
    HEROES,
    LOOKS,
    MEN,
    PLACES,
    STATES,
    TRAITS,
    WOMEN,
    article,
)

GROUP = re.compile(r"\(([^()]*)\)")
ASKED = (
    "Write a short story about {}",
    "Write a story about {}",
    "Write me a short story about {}",
    "Write me a story about {}",
    "Tell me a story about {}",
    "Tell me a short story about {}",
    "Tell a story about {}",
    "Please write a story about {}",
    "Please tell me a story about {}",
    "Can you write a short story about {}",
    "Can you tell me a story about {}",
    "Could you write a story about {}",
    "I want a story about {}",
    "I would like a short story about {}",
    "A story about {}",
    "A short story about {}",
    "The story of {}",
    "Make up a story about {}",
    "Invent a story about {}",
    "Write a tale about {}",
    "Tell me a tale about {}",
    "Tell me a fairy tale about {}",
    "Write a little story about {}",
    "Give me a short story about {}",
    "Story about {}",
    "Generate a short story about {}",
    "Create a story about {}",
    "Write a bedtime story about {}",
    "Tell me a bedtime story about {}",
    "Write a story for children about {}",
)
"""How a story is asked for."""


@dataclass(frozen=True)
class Wish:
    """What a story is asked for with; None where nothing is said."""

    hero: str
    thing: str | None = None
    place: str | None = None
    trait: str | None = None
    adjective: str | None = None
    """A look or a state of the thing."""
    name: str | None = None

    def words(self) -> list[str]:
        """The words that a story must hold."""
        parts = (self.trait, self.hero, self.adjective, self.thing, self.place, self.name)
        return [part for part in parts if part]

    def told(self, draw: random.Random) -> str:
        """The subject in words: "a brave fox and a lost bell in the forest"."""
        hero = article(_joined(self.trait, self.hero)) + (
            f" {draw.choice(('called', 'named'))} {self.name}" if self.name else ""
        )
        thing = article(_joined(self.adjective, self.thing)) if self.thing else None
        if self.place and draw.random() < 0.25:
            parts = [hero, *([thing] if thing else []), article(self.place)]
            return ", ".join(parts[:-1]) + f" and {parts[-1]}"
        subject = f"{hero} {draw.choice(('and', 'and', 'and', 'with'))} {thing}" if thing else hero
        return f"{subject} {PLACES[self.place]}" if self.place else subject


def _joined(*words: str | None) -> str:
    return " ".join(word for word in words if word)


def wish(hero: str, thing: str | None, draw: random.Random) -> Wish:
    """A wish for a story of this character, and this thing, with some of the other parts."""
    chance = draw.random
    adjective = None
    if thing is not None and chance() < 0.6:
        adjective = draw.choice(STATES if chance() < 0.6 else LOOKS)
    name = draw.choice(names_of(gender_of(hero, draw))) if chance() < 0.1 else None
    place = draw.choice(list(PLACES)) if chance() < 0.4 else None
    return Wish(hero, thing, place, draw.choice(TRAITS) if chance() < 0.4 else None, adjective, name)


def gender_of(hero: str, draw: random.Random) -> str:
    """``she`` or ``he``."""
    return "she" if hero in WOMEN or (hero not in MEN and draw.random() < 0.5) else "he"


def names_of(gender: str) -> tuple[str, ...]:
    """The names that such a character can have."""
    return GIRLS if gender == "she" else BOYS


def story(wished: Wish, thing: str, draw: random.Random, plot: Plot | None = None) -> tuple[str, str]:
    """A request and the story that answers it, in which there is this thing, asked for or not.

    A plot that is given is told in the request, in place of the thing.
    """
    told = plot is not None
    state = wished.adjective if wished.adjective in STATES else "any"
    if plot is None:
        plot = draw.choice([one for one in PLOTS if one.state == state or (not wished.adjective and not wished.thing)])
    words = _slots(wished, thing, draw)
    subject = wished.told(draw)
    if told:
        alone = Wish(wished.hero, None, None, wished.trait, None, wished.name)
        subject = f"{alone.told(draw)} {_filled(draw.choice(plot.tellings), words, draw)}"
        if wished.place:
            subject = f"{subject} {PLACES[wished.place]}"
    middle = len(plot.beats) // 2 + draw.choice((0, 1))
    paragraphs = [
        (draw.choice(OPENINGS), draw.choice(MORNINGS)),
        plot.beats[:middle],
        (*plot.beats[middle:], draw.choice(ENDINGS)),
    ]
    text = "\n".join(_filled(" ".join(filter(None, beats)), words, draw) for beats in paragraphs)
    return asked(subject, draw), text


def asked(subject: str, draw: random.Random) -> str:
    """The subject as a request, in one of many phrasings."""
    request = draw.choice(ASKED).format(subject)
    request = request.lower() if draw.random() < 0.1 else request
    question = request.lower().startswith(("can", "could"))
    return request + draw.choice(("", "", ("?" if question else ".")))


def _slots(wished: Wish, thing: str, draw: random.Random) -> dict[str, str]:
    gender = gender_of(wished.hero, draw)
    if wished.name:
        gender = "she" if wished.name in GIRLS else "he"
    look = wished.adjective if wished.adjective in LOOKS else None
    hero, name = wished.hero, wished.name or draw.choice(names_of(gender))
    trait = wished.trait or (draw.choice(TRAITS) if draw.random() < 0.3 else None)
    look = look or (draw.choice(LOOKS) if draw.random() < 0.15 else None)
    friend = draw.choice([other for other in HEROES if other != hero])
    spot = wished.place or draw.choice(list(PLACES))
    he, his, him, hers = ("she", "her", "her", "hers") if gender == "she" else ("he", "his", "him", "his")
    words = {
        "name": name, "hero": hero, "a_hero": article(_joined(trait, hero)), "thing": thing, "a_thing": article(thing),
        "look_thing": _joined(look, thing), "a_look_thing": article(_joined(look, thing)), "friend": friend,
        "a_friend": article(friend), "place": PLACES[spot], "Place": PLACES[spot].capitalize(), "spot": spot,
        "he": he, "his": his, "him": him, "hers": hers, "He": he.title(), "His": his.title(),
    }  # fmt: skip
    return words | {f"a_{state}_thing": article(f"{state} {thing}") for state in STATES}


def _filled(text: str, words: dict[str, str], draw: random.Random) -> str:
    """The text with one of each group of choices, and words in its slots."""
    text = text.replace("<ask>", ASKING)
    while found := GROUP.search(text):
        text = text[: found.start()] + draw.choice(found[1].split("|")) + text[found.end() :]
    text = re.sub(r"<(\w+)>", lambda found: words[found[1]], text)
    return re.sub(r"  +", " ", text).strip()
