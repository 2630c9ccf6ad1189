"""Word error rate: how far a transcript is from the text that was spoken."""

import re
import unicodedata

_CONTRACTIONS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'m\b"), " am"),
    (
        re.compile(r"(?<=\bit)'s\b|(?<=\bhe)'s\b|(?<=\bthat)'s\b|(?<=\bwhat)'s\b|(?<=\bthere)'s\b|(?<=\bhere)'s\b"),
        " is",
    ),
)
_SPELLINGS = {
    "mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "prof": "professor", "st": "saint", "vs": "versus",
    "etc": "etcetera", "ok": "okay", "percent": "%", "per cent": "%", "colour": "color", "grey": "gray",
}  # fmt: skip
_MONEY = {"$": "dollars", "£": "pounds", "€": "euros"}
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12, "twentieth": 20,
    "thirtieth": 30,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_TOKEN = re.compile(r"\d+|%|[^\W\d_]+(?:'[^\W\d_]+)?")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Words to be put in, taken out or exchanged, as a share of the reference's words: 0 for the same words.

    It may exceed 1. Case, punctuation, contractions, spelling of numbers, money and titles make no difference; in
    scripts without spaces each character counts as a word. An empty reference gives 0 for an empty hypothesis and 1
    otherwise.
    """
    wanted, heard = spoken_words(reference), spoken_words(hypothesis)
    if not wanted:
        return 1.0 if heard else 0.0
    return _distance(wanted, heard) / len(wanted)


def spoken_words(text: str) -> list[str]:
    """The words as they sound, each as lower-case letters or as a number in digits."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("‘", "'")
    for pattern, spelt in _CONTRACTIONS:
        text = pattern.sub(spelt, text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"([$£€])\s?(\d+)\.(\d\d)\b", lambda m: f"{m[2]} {_MONEY[m[1]]} {int(m[3])} cents", text)
    text = re.sub(r"([$£€])\s?(\d+(?:\.\d+)?)", lambda m: f"{m[2]} {_MONEY[m[1]]}", text)
    text = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", text)  # p.m. and U.S. sound like pm and us
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text)
    text = re.sub(r"(?<=\d):00\b", "", text)
    text = re.sub(r"(?<=\d)[:.](?=\d)", " ", text)  # 3:30 and 3.30 sound alike
    text = re.sub(r"\ba (?=(?:hundred|thousand|million|billion)\b)", "one ", text)
    text = text.replace("&", " and ").replace("per cent", "percent")
    text = _WIDE.sub(lambda m: f" {m[0]} ", text)
    words: list[str] = _TOKEN.findall(text)
    return _with_digits([_SPELLINGS.get(word, word).removesuffix("'s") for word in words])


def _with_digits(words: list[str]) -> list[str]:
    """Runs of spelt numbers as digits: "one hundred and twenty" is 120, "nineteen sixty nine" is 1969."""
    out: list[str] = []
    place = 0
    while place < len(words):
        value, used = _number(words[place:])
        if used:
            out.append(value)
            place += used
        else:
            out.append(words[place])
            place += 1
    return out


def _number(words: list[str]) -> tuple[str, int]:
    """The number at the beginning of these words and how many of them it takes; 0 for none."""
    total = current = 0
    used = place = 0
    last = 0  # size of the last addend: what follows must be smaller ("five six" are two numbers)
    while place < len(words):
        word = words[place]
        small = _small(word)
        if small is not None and (not used or small < last):
            current, last = current + small, 10 if small >= 20 and small % 10 == 0 else 0
        elif small is not None and used == place and total == 0 and 10 <= current < 100 and 10 <= small < 100:
            current, last = current * 100 + small, 10 if small % 10 == 0 and small >= 20 else 0  # a year
        elif word in _SCALES and used:
            scale = _SCALES[word]
            if scale == 100:
                current, last = current * 100, 100
            else:
                total, current, last = total + current * scale, 0, scale
        elif word == "and" and used and last >= 100 and place + 1 < len(words) and _small(words[place + 1]) is not None:
            place += 1
            continue
        else:
            break
        place += 1
        used = place
    return str(total + current), used


def _small(word: str) -> int | None:
    if word in _UNITS:
        return _UNITS.index(word)
    if word in _TENS:
        return _TENS[word]
    if word in _ORDINALS and word != "second":
        return _ORDINALS[word]
    stem = word.removesuffix("th")
    return _UNITS.index(stem) if stem != word and stem in _UNITS else None


def _distance(wanted: list[str], heard: list[str]) -> int:
    """Levenshtein's distance over words, in which two words and their compound are the same.

    Whether "sea shells", "e-mail" or "11 45" is one word or two cannot be heard.
    """
    cost = [[max(i, j) if not i or not j else 0 for j in range(len(heard) + 1)] for i in range(len(wanted) + 1)]
    for i, word in enumerate(wanted, 1):
        for j, other in enumerate(heard, 1):
            best = min(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (word != other))
            if i > 1 and wanted[i - 2] + word == other:
                best = min(best, cost[i - 2][j - 1])
            if j > 1 and heard[j - 2] + other == word:
                best = min(best, cost[i - 1][j - 2])
            cost[i][j] = best
    return cost[-1][-1]
