"""Loops in text: the same words over and over, next to each other or not."""

import re
from collections import Counter
from dataclasses import dataclass

LONGEST_PERIOD = 80
"""Words of the longest stretch whose immediate repetition is looked for: three or four sentences."""

CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['’][^\W_]+)*")
STUCK = re.compile(r"(\w{1,8}?)\1{15,}")


@dataclass(frozen=True)
class Loop:
    """A stretch said at least three times in a row: its words, how often, and how many words that covers."""

    text: str
    times: int
    covered: int


def prose(text: str) -> str:
    """The text without blocks of code, where repetition is usual."""
    return CODE.sub(" ", text)


def words_of(text: str) -> list[str]:
    """Lower-case words; each Chinese, Japanese or Korean sign is one."""
    return WORDS.findall(text.casefold())


def repeated_share(words: list[str], size: int = 4) -> float:
    """Share of runs of ``size`` words that occurred before, in [0, 1]."""
    runs = Counter(zip(*(words[start:] for start in range(size)), strict=False))
    total = sum(runs.values())
    return 0.0 if total == 0 else (total - len(runs)) / total


def longest_loop(text: str, words: list[str]) -> Loop | None:
    """The loop that covers most words, or None. A sign or syllable stuck within one word is a loop, too."""
    best: Loop | None = None
    for period in range(1, min(LONGEST_PERIOD, len(words) // 3) + 1):
        run = 0
        for index in range(period, len(words) + 1):
            if index < len(words) and words[index] == words[index - period]:
                run += 1
                continue
            times = run // period + 1
            if times >= 3 and (best is None or run + period > best.covered):
                start = index - run - period
                best = Loop(" ".join(words[start : start + period]), times, run + period)
            run = 0
    stuck = STUCK.search(text)
    if stuck is not None and not stuck.group(1).isdecimal() and "_" not in stuck.group(1):
        times = len(stuck.group(0)) // len(stuck.group(1))
        if best is None or times > best.covered:
            best = Loop(stuck.group(1), times, times)
    return best
