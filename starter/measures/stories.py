"""How obedient, how consistent and how original the model ``stories`` is.

    python starter/measures/stories.py --model stories --folder MODELS/stories

Asks for stories of pairs of character and thing that no training story has (`starter/recipes/stories.py`), most of
them with a place, a look, a state or a name as well. The same figures are told of as many stories of the grammar for
the same wishes, and of a trivial baseline: word by word what followed the last four words in the training stories.

- ``heeded``: the story has every word of its wish; ``character``, ``thing``, ...: share of wishes for it that it has.
- ``name_kept``: one name from the first paragraph to the last, and no other one.
- ``pronouns_kept``: only he, or only she. ``friend_kept``: at most one other character.
- ``ended``: it came to its end, with the mark of a sentence.
- ``words_known``, ``sentences_verbatim``: share of words and sentences that the training stories have. Sentences of a
  grammar come again, in its own new stories as well. ``longest_copy``: words of the longest run that a training story
  has; ``new_text``: no training story is the same.
- ``distinct_3``: share of different runs of three words within a story; ``again``: sentences said before in it.
"""

import argparse
import json
import math
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import castalia

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "recipes"))
from stories import stories, unseen  # noqa: E402 - the folder is put in the way above
from storytelling.grammar import Wish, asked, story, wish  # noqa: E402
from storytelling.words import BOYS, GIRLS, HEROES  # noqa: E402

SEED = 0
MOST = 300
"""Tokens of the longest story."""
ORDER = 4
"""Words that the baseline looks back."""
PARTS = {
    "character": "hero",
    "thing": "thing",
    "place": "place",
    "trait": "trait",
    "adjective": "adjective",
    "name": "name",
}
HE, SHE = {"he", "him", "his"}, {"she", "her", "hers"}
PIECES = re.compile(r"[A-Za-z']+|[^\sA-Za-z']|\n")


def words_of(text: str) -> list[str]:
    """Words in lower case, without signs and possessive endings."""
    return [word.removesuffix("'s").strip("'") for word in re.findall(r"[a-z']+", text.lower())]


def sentences_of(text: str) -> list[str]:
    """Sentences with three words or more, as words."""
    pieces = (words_of(piece) for piece in re.split(r"[.!?\n]", text))
    return [" ".join(piece) for piece in pieces if len(piece) > 2]


def names_in(text: str) -> set[str]:
    """The names of characters in a text."""
    return {word.removesuffix("'s") for word in re.findall(r"[A-Za-z']+", text)} & {*GIRLS, *BOYS}


def keeps_name(text: str) -> bool:
    """One name, in the first paragraph and in the last."""
    paragraphs = text.strip().split("\n")
    found = names_in(text)
    return len(found) == 1 and names_in(paragraphs[0]) == found == names_in(paragraphs[-1])


def heeds(text: str, wished: Wish) -> bool:
    """Whether the text has every word that is wished for."""
    return {word.lower() for word in wished.words()} <= set(words_of(text))


def longest_copy(text: str, corpus: str) -> int:
    """Words of the longest run of the text that the corpus, words between blanks, holds."""
    words, best = words_of(text), 0
    for start in range(len(words)):
        while start + best < len(words) and f" {' '.join(words[start : start + best + 1])} " in corpus:
            best += 1
    return best


def distinct(text: str, size: int) -> float:
    """Share of different runs of ``size`` words within a text."""
    words = words_of(text)
    runs = [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]
    return len(set(runs)) / max(1, len(runs))


def again(text: str) -> float:
    """Share of sentences that the text has said before."""
    sentences = sentences_of(text)
    return 1 - len(set(sentences)) / max(1, len(sentences))


class Yardstick:
    """The training stories, as what is looked up in them."""

    def __init__(self, training: Sequence[str]) -> None:
        self.corpus = " " + "  ".join(" ".join(words_of(text)) for text in training) + " "
        self.vocabulary = set(self.corpus.split())
        self.sentences = {line for text in training for line in sentences_of(text)}
        self.texts = {" ".join(words_of(text)) for text in training}

    def figures(self, texts: Sequence[str], ended: Sequence[bool], wishes: Sequence[Wish]) -> dict[str, float]:
        """See the first lines; the n-th text was asked for with the n-th wish."""
        inside = [set(words_of(text)) for text in texts]
        words = [word for text in texts for word in words_of(text)]
        lines = [line for text in texts for line in sentences_of(text)]
        copies = sorted(longest_copy(text, self.corpus) for text in texts)
        others = [len((found & set(HEROES)) - {one.hero}) for found, one in zip(inside, wishes, strict=True)]
        told = {
            "texts": len(texts),
            "words_a_text": len(words) / len(texts),
            "heeded": _share(heeds(text, one) for text, one in zip(texts, wishes, strict=True)),
        }
        for name, field in PARTS.items():
            asked_for = [(getattr(one, field), found) for one, found in zip(wishes, inside, strict=True)]
            told[name] = _share(part.lower() in found for part, found in asked_for if part)
        told |= {
            "name_kept": _share(map(keeps_name, texts)),
            "pronouns_kept": _share(not (found & HE and found & SHE) for found in inside),
            "friend_kept": _share(count <= 1 for count in others),
            "ended": _share(
                done and text.endswith((".", "!", "?", '"')) for text, done in zip(texts, ended, strict=True)
            ),
            "words_known": _share(word in self.vocabulary for word in words),
            "sentences_verbatim": _share(line in self.sentences for line in lines),
            "longest_copy_median": copies[len(copies) // 2],
            "longest_copy_most": copies[-1],
            "new_text": _share(" ".join(words_of(text)) not in self.texts for text in texts),
            "distinct_3": sum(distinct(text, 3) for text in texts) / len(texts),
            "again": sum(map(again, texts)) / len(texts),
        }
        return {name: round(float(value), 4) for name, value in told.items()}


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / max(1, len(values))


class Chain:
    """What followed the last words in the training: of the longest run of at most ``ORDER`` words that there is."""

    def __init__(self, items: Sequence[tuple[str, str]]) -> None:
        self.following: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for request, text in items:
            pieces = [*PIECES.findall(f"{request}\n{text}"), ""]
            for place, piece in enumerate(pieces):
                for size in range(ORDER + 1):
                    if size <= place:
                        self.following[tuple(pieces[place - size : place])].append(piece)

    def write(self, request: str, draw: random.Random) -> tuple[str, bool]:
        """A text after the request, and whether it ended."""
        pieces = PIECES.findall(f"{request}\n")
        first = len(pieces)
        while len(pieces) < first + MOST:
            runs = (tuple(pieces[len(pieces) - size :]) for size in range(ORDER, -1, -1))
            run = next(run for run in runs if run in self.following)
            piece = draw.choice(self.following[run])
            if not piece:
                return " ".join(pieces[first:]), True
            pieces.append(piece)
        return " ".join(pieces[first:]), False


def bits_per_byte(model: Path) -> float | None:
    """Of the part that the training held out, from the model's card."""
    figures = json.loads((model / "card.json").read_text("utf-8")).get("figures", {})
    if "held_out_loss" not in figures or "text.bytes_per_token" not in figures:
        return None
    return round(figures["held_out_loss"] / math.log(2) / figures["text.bytes_per_token"], 4)


def main() -> None:
    """Measure a model of this home."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="stories")
    parser.add_argument("--folder", type=Path, required=True, help="the model's folder, models/NAME in the home folder")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--count", type=int, default=14_000, help="training stories, as the recipe wrote them")
    chosen = parser.parse_args()
    training = stories(chosen.count, SEED)
    yardstick = Yardstick([text for _, text in training])
    draw = random.Random(2)
    pairs = random.Random(3).choices(unseen(), k=chosen.requests)
    wishes = [wish(hero, thing, draw) for hero, thing in pairs]
    requests = [asked(one.told(draw), draw) for one in wishes]
    grammar = [story(one, str(one.thing), draw)[1] for one in wishes]
    chain = Chain(training)
    chained = [chain.write(request, draw) for request in requests]
    results = [
        castalia.generate(request, model=chosen.model, seed=seed, max_tokens=MOST)
        for seed, request in enumerate(requests)
    ]
    made, ended = [one.text.strip() for one in results], [one.finish_reason == "stop" for one in results]
    result: dict[str, object] = {
        "command": " ".join(["python", *sys.argv]),
        "held_out_bits_per_byte": bits_per_byte(chosen.folder),
        "made": yardstick.figures(made, ended, wishes),
        "grammar, the same wishes": yardstick.figures(grammar, [True] * len(grammar), wishes),
        f"chain of {ORDER} words": yardstick.figures(*map(list, zip(*chained, strict=True)), wishes),
        "first five": [f"{request}\n{text}" for request, text in list(zip(requests, made, strict=True))[:5]],
        "not heeded": [
            f"{request}\n{text}"
            for request, text, one in zip(requests, made, wishes, strict=True)
            if not heeds(text, one)
        ][:5],
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "stories.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
