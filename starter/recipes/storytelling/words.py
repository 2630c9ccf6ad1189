"""Who, what and where: the words that a story can be asked for by."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEROES = _words("""
fox hare bear mouse owl hedgehog duck goose hen frog cat dog pony goat lamb pig crow turtle wolf rabbit lion monkey
dragon robot boy girl grandmother grandfather baker farmer princess prince king queen witch wizard
""")
WOMEN = {"hen", "girl", "grandmother", "goose", "princess", "queen", "witch"}
MEN = {"boy", "grandfather", "prince", "king", "wizard"}
GIRLS = _words("Mila Rosa Nora Ida Lotte Bea Wanda Juno Clara Emma Lucy Nell")
BOYS = _words("Otto Emil Finn Bruno Karl Leo Milo Anton Paul Max Oscar Tom")
THINGS = _words("""
key lantern kite boat drum bell map scarf spoon button umbrella clock ball blanket book cup ladder basket mirror hat
ring flute wagon pumpkin shell stone feather candle rope pillow box coat broom letter crown coin guitar balloon cake
pencil sword doll lamp bag
""")
TRAITS = _words("""
little old brave shy clever cheerful quiet curious kind sleepy proud gentle merry careful lonely lazy hungry tiny young
grumpy
""")
LOOKS = _words(
    "golden silver red blue green yellow wooden heavy shiny round striped painted strange beautiful big small"
)
"""What a thing can look like."""
STATES = ("lost", "broken", "stolen", "magic")
"""What a thing can be that a plot turns on."""
PLACES = {
    "forest": "in the forest",
    "river": "by the river",
    "hill": "on a green hill",
    "mill": "near the old mill",
    "village": "at the edge of the village",
    "lake": "beside a small lake",
    "island": "on an island",
    "mountain": "at the foot of the mountain",
    "sea": "by the sea",
    "castle": "in a castle",
    "meadow": "in a wide meadow",
    "harbour": "near the harbour",
    "town": "in a busy town",
    "farm": "on a farm",
    "desert": "in the desert",
    "garden": "in a garden",
}
"""Nouns, and how one lives there."""


def article(phrase: str) -> str:
    """The phrase behind "a" or "an"."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
