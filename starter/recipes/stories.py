"""Short simple stories from a grammar of our own: the training folder of the starter model ``stories``.

    python starter/recipes/stories.py stories/
    castalia train stories/ --name stories ...            # the command that is printed
    castalia ask --model stories "Write a short story about a fox and a lost bell"

The first line of each file asks for a story, in one of thirty phrasings, the rest is the story (`storytelling`). Asked
for is a character, and often a thing, a place, what they are like, a name, or what happens ("a fox who lost a bell").
Some pairs of character and thing are in no story, for `starter/measures/stories.py`. No text from elsewhere.
"""

import argparse
import random
import re
from pathlib import Path

from storytelling.grammar import story, wish
from storytelling.plots import PLOTS
from storytelling.words import HEROES, THINGS

TOLD = 0.2
"""Share of the stories of which the request tells what happens."""
WITHOUT_THING = 0.1
"""Share of the other requests that name no thing."""
HELD_OUT = 20
"""One in so many pairs of character and thing is in no story."""
TRAIN = (
    "castalia train {folder} --name stories --modality text --family transformer --threads 1 --size tiny --minutes 18 "
    "--data items=requests --data tokenizer=bpe --data vocabulary=2048 --option repeating=0.25 "
    '--licence "CC0-1.0: composed by a grammar of our own, starter/recipes/stories.py"'
)


def unseen() -> list[tuple[str, str]]:
    """Pairs of character and thing that no training story has."""
    pairs = [(hero, thing) for hero in HEROES for thing in THINGS]
    return random.Random(1).sample(pairs, len(pairs) // HELD_OUT)


def stories(count: int, seed: int) -> list[tuple[str, str]]:
    """So many different stories with their requests."""
    draw, kept = random.Random(seed), set(unseen())
    pairs = [(hero, thing) for hero in HEROES for thing in THINGS if (hero, thing) not in kept]
    found: dict[str, str] = {}
    while len(found) < count:
        hero, thing = draw.choice(pairs)
        draw.random()  # stood for another kind of story: without it these would not be those of the shipped model
        told = draw.random() < TOLD
        named = None if told or draw.random() < WITHOUT_THING else thing
        request, text = story(wish(hero, named, draw), thing, draw, draw.choice(PLOTS) if told else None)
        found.setdefault(text, request)
    return [(request, text) for text, request in found.items()]


def main() -> None:
    """Write the stories, a file each, and tell how to train on them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=14_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    texts = stories(arguments.count, arguments.seed)
    for number, (request, text) in enumerate(texts):
        (arguments.folder / f"{number:05d}.txt").write_text(f"{request}\n{text}\n", "utf-8")
    words = set(re.findall(r"[a-z]+", " ".join(text for _, text in texts).lower()))
    print(f"{len(texts)} stories of {len(words)} different words. Train with:")
    print(TRAIN.format(folder=arguments.folder))


if __name__ == "__main__":
    main()
