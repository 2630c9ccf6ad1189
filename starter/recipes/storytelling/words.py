"""Who, what and where: the words that a story can be asked for by."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEROES = _words("""
fox hare bear mouse owl hedgehog squirrel badger duck goose hen frog beaver otter cat dog pony donkey goat lamb pig
mole crow sparrow robin snail turtle deer wolf rabbit lion elephant monkey dragon robot boy girl grandmother grandfather
baker farmer fisherman miller gardener shepherd princess prince king queen witch wizard sailor
""")
WOMEN = {"hen", "girl", "grandmother", "goose", "princess", "queen", "witch"}
MEN = {"boy", "grandfather", "fisherman", "prince", "king", "wizard"}
GIRLS = _words(
    "Mila Rosa Tilda Nora Ida Lotte Bea Wanda Fern Pia Juno Hazel Clara Emma Greta Lucy Maya Nell Olive Ruby"
)
BOYS = _words("Otto Emil Finn Bruno Karl Jasper Leo Theo Milo Anton Rufus Paul Ben Felix Hugo Max Ned Oscar Sam Tom")
THINGS = _words("""
key lantern kite boat drum bell map scarf spoon button umbrella clock ball blanket book cup ladder basket mirror
whistle hat ring flute wagon teapot pumpkin shell acorn stone feather candle brush rope pillow box bucket coat broom
wheel letter crown coin guitar violin balloon bicycle chair cake pencil picture sword telescope shoe doll sled lamp bag
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
    "valley": "in a quiet valley",
    "lake": "beside a small lake",
    "island": "on an island",
    "oak": "under a tall oak",
    "barn": "behind the red barn",
    "mountain": "at the foot of the mountain",
    "sea": "by the sea",
    "castle": "in a castle",
    "meadow": "in a wide meadow",
    "harbour": "near the harbour",
    "bridge": "by the stone bridge",
    "lighthouse": "in a lighthouse",
    "orchard": "behind the orchard",
    "town": "in a busy town",
    "farm": "on a farm",
    "desert": "in the desert",
    "jungle": "in the jungle",
    "swamp": "near the swamp",
    "garden": "in a garden",
}
"""Nouns, and how one lives there."""


def article(phrase: str) -> str:
    """The phrase behind "a" or "an"."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"
