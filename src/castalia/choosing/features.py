"""Features of a request for the wording classifier: hashed words, word pairs, character n-grams and signal marks.

Hashing (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning") needs no vocabulary file, so the
weights stay one small array. CRC-32 is the hash: fast, and the same on every machine.
"""

from math import sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import CJK, Reading
from castalia.choosing.signals.wishes import PUNCTUATION, QUESTION_WORDS, Wish, find_wishes, nouns_named

QUESTION = frozenset("?？")
BUCKETS = 1 << 16
WEIGHTS = {"marks": 0.2, "words": 1.0, "pairs": 0.7, "letters": 0.4}
"""Length of each block of features after normalisation: no block drowns another, and long prompts count like short."""


def marks(reading: Reading, wishes: list[Wish], kinds: list[str], lexicon: Lexicon) -> list[str]:
    """What the rules saw, as features: the classifier learns how far to trust each of them."""
    found = [f"attached:{kind}" for kind in kinds] or ["attached:nothing"]
    found += [f"named-file:{token[6:-1]}" for token in reading.tokens if token.startswith("<file:")]
    live = [wish for wish in wishes if not wish.negated]
    for wish in wishes:
        state = "not" if wish.negated else "direct" if wish.direct else "made"
        found.append(f"{state}:{wish.modality}")
        if wish.first and not wish.negated:
            found.append(f"command:{wish.modality}")
        found.extend(f"{state}:{wish.modality}:{kind}" for kind in kinds)
    if live:
        found += [f"first:{live[0].modality}", f"last:{live[-1].modality}"]
        found.append("all:" + "+".join(sorted({wish.modality for wish in live})))
    else:
        found.append("no-wish")
    named = nouns_named(reading, lexicon)
    found += [f"noun:{name}" for name in named] or ["no-noun"]
    found += [f"noun:{name}:{kind}" for name in named for kind in kinds]
    if named:
        found += [f"first-noun:{named[0]}", "nouns:" + "+".join(sorted(named))]
        if not live:
            found.append(f"bare:{named[0]}")
            if any(token in lexicon.nouns for token in reading.tokens[:4]):
                found.append(f"opens:{named[0]}")
    if reading.tokens and reading.tokens[0] in QUESTION_WORDS:
        found.append("question")
    if "?" in reading.tokens or "？" in reading.tokens:
        found.append("asks")
    if reading.quoted:
        found.append("quotes")
    return list(dict.fromkeys(found))


def features(reading: Reading, kinds: list[str], lexicon: Lexicon) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Bucket numbers and their values for one request."""
    return hashed(blocks(reading, find_wishes(reading, lexicon), kinds, lexicon))


def blocks(reading: Reading, wishes: list[Wish], kinds: list[str], lexicon: Lexicon) -> dict[str, list[str]]:
    """The feature strings by block."""
    words: list[str] = []
    letters: list[str] = []
    for token in reading.tokens:
        if token in PUNCTUATION:
            words.append("?" if token in QUESTION else ".")
        elif CJK.search(token) and "_" not in token:
            grams = [token[i : i + n] for n in (1, 2, 3) for i in range(len(token) - n + 1)]
            letters += grams
            words.append(token if len(token) <= 4 else token[:2])
        else:
            words.append("<num>" if token[0].isdigit() else token)
            if token[0] != "<":
                padded = f" {token} "
                letters += [padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
    plain = [word for word in words if word != "."]
    pairs = [f"{left} {right}" for left, right in zip(["^", *words], [*words, "$"], strict=True)]
    pairs += [f"{left} _ {right}" for left, right in zip(words, words[2:], strict=False)]
    singles = [f"w {word}" for word in plain] + [f"{kind}|{word}" for kind in kinds for word in plain]
    return {"marks": marks(reading, wishes, kinds, lexicon), "words": singles, "pairs": pairs, "letters": letters}


def hashed(found: dict[str, list[str]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Feature strings as (bucket numbers, values); each block has the length that `WEIGHTS` gives it."""
    buckets: list[int] = []
    values: list[float] = []
    for name, strings in found.items():
        unique = dict.fromkeys(strings)
        if not unique:
            continue
        value = WEIGHTS[name] / sqrt(len(unique))
        salt = crc32(name.encode())
        buckets += [crc32(text.encode(), salt) % BUCKETS for text in unique]
        values += [value] * len(unique)
    return np.array(buckets, dtype=np.int64), np.array(values, dtype=np.float32)
