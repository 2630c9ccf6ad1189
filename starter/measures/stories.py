"""How fluent, how obedient and how original the model ``stories`` is.

    python starter/measures/stories.py --model stories --folder MODELS/stories

Asks for stories of pairs of character and thing that no training story has (`starter/recipes/stories.py`), and compares
them with as many stories of the grammar about the same pairs. Sentences and runs of words are looked up in the training
stories, which are made again. A grammar repeats its sentences, and so must its model: the figures of the grammar's own
new stories stand beside those of the model.
"""

import argparse
import json
import math
import random
import re
import sys
from pathlib import Path

import castalia

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "recipes"))
from stories import seen, stories, story, subject, unseen  # noqa: E402 - the folder is put in the way above

SEED = 0


def words_of(text: str) -> list[str]:
    """Words in lower case, without signs."""
    return re.findall(r"[a-z']+", text.lower())


def sentences_of(text: str) -> list[str]:
    """Sentences with three words or more, as words."""
    pieces = (words_of(piece) for piece in re.split(r"[.!?\n]", text))
    return [" ".join(piece) for piece in pieces if len(piece) > 2]


def longest_copy(text: str, corpus: str) -> int:
    """Words of the longest run of the text that the corpus, words between blanks, holds."""
    words, best = words_of(text), 0
    for start in range(len(words)):
        while start + best < len(words) and f" {' '.join(words[start : start + best + 1])} " in corpus:
            best += 1
    return best


def distinct(texts: list[str], size: int) -> float:
    """Share of different runs of ``size`` words within a text, averaged over the texts."""
    shares: list[float] = []
    for text in texts:
        words = words_of(text)
        runs = [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]
        shares.append(len(set(runs)) / max(1, len(runs)))
    return round(sum(shares) / len(shares), 4)


def told(texts: list[str], pairs: list[tuple[str, str]], training: list[str], corpus: str) -> dict[str, float]:
    """Figures of these texts; the n-th was asked for with the n-th pair."""
    vocabulary, sentences = set(corpus.split()), {line for text in training for line in sentences_of(text)}
    words = [word for text in texts for word in words_of(text)]
    lines = [line for text in texts for line in sentences_of(text)]
    copies = sorted(longest_copy(text, corpus) for text in texts)
    inside = [set(words_of(text)) for text in texts]
    return {
        "texts": len(texts),
        "words_a_text": round(len(words) / len(texts), 1),
        "words_in_vocabulary": round(sum(word in vocabulary for word in words) / max(1, len(words)), 4),
        "sentences_verbatim": round(sum(line in sentences for line in lines) / max(1, len(lines)), 4),
        "longest_copy_median": copies[len(copies) // 2],
        "longest_copy_most": copies[-1],
        "distinct_1": distinct(texts, 1),
        "distinct_3": distinct(texts, 3),
        "character_mentioned": round(
            sum(a in found for (a, _), found in zip(pairs, inside, strict=True)) / len(texts), 4
        ),
        "thing_mentioned": round(sum(b in found for (_, b), found in zip(pairs, inside, strict=True)) / len(texts), 4),
        "both_mentioned": round(
            sum({a, b} <= found for (a, b), found in zip(pairs, inside, strict=True)) / len(texts), 4
        ),
    }


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
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--count", type=int, default=20_000, help="training stories, as the recipe wrote them")
    chosen = parser.parse_args()
    training = stories(chosen.count, seen(), SEED)
    corpus = " " + "  ".join(" ".join(words_of(text)) for text in training) + " "
    pairs = unseen()[: chosen.requests]
    draw = random.Random(2)
    grammar = [story(*pair, draw) for pair in pairs]
    results = (
        castalia.generate(subject(*pair), model=chosen.model, seed=seed, max_tokens=300)
        for seed, pair in enumerate(pairs)
    )
    made = [result.text.strip() for result in results]
    result: dict[str, object] = {
        "command": " ".join(["python", *sys.argv]),
        "held_out_bits_per_byte": bits_per_byte(chosen.folder),
        "made": told(made, pairs, training, corpus),
        "grammar, the same pairs": told(grammar, pairs, training, corpus),
        "first three": made[:3],
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "stories.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
