"""Answer: a question from given texts, and from nothing else."""

import math
import re
from collections import Counter
from collections.abc import Generator

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned
from castalia.language.sections import sections_of, tokens_of
from castalia.language.task import Coverage, Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

UNKNOWN = "The text does not say."
MOST = 1500
"""Most tokens of text put before the question: a small model finds less in more."""
PASSAGE = 120
"""Tokens of a passage, when the text is too long and the passages that fit the question best are picked."""
WORD = re.compile(r"\w+")
COMMON = frozenset(
    "a an and are as at be by can could did do does for from had has have how i if in is it its me my of on or our say "
    "says she should so that the their them they this to was we were what when where which who whom whose why will with "
    "would you your clause text document tell".split()
)


class Options(TaskOptions):
    """What is asked."""

    question: str = Field(min_length=1, max_length=2000, description="What is asked about the text.")


EXAMPLE = (
    "The museum opens at 10. Tickets cost 8 euros; children under six enter free.",
    ("How much is a ticket?", "8 euros."),
    ("Who built the museum?", UNKNOWN),
)


class Answer(TaskOutput):
    """``found`` is false when the model says that the text does not tell."""

    found: bool


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The answer; of a long text the passages that fit the question best are read, and all are searched."""
    question = given.options.question.strip()
    room = 100
    limit = min(MOST, desk.room(turns("", question), room))
    text, coverage = pick(given.text, question, limit)
    if coverage.sections > coverage.sections_read:
        yield desk.progress(f"reading {coverage.sections_read} of {coverage.sections} passages")
    answer = cleaned((yield from desk.write(turns(text, question), max_tokens=room, purpose="answer")))
    found = not answer.lower().startswith(UNKNOWN.lower().rstrip("."))
    yield desk.show(answer)
    return Made([answer], coverage, {"found": found})


def turns(text: str, question: str) -> list[Turn]:
    """Two questions answered already, one of which has no answer, then the text and the question."""
    shown, told, untold = EXAMPLE
    return [
        ("system", f"Answer from the text in few words. If the text does not tell, say: {UNKNOWN}"),
        ("user", f"Text: {shown}\n\nQuestion: {told[0]}"),
        ("assistant", told[1]),
        ("user", f"Text: {shown}\n\nQuestion: {untold[0]}"),
        ("assistant", untold[1]),
        ("user", f"Text: {text}\n\nQuestion: {question}"),
    ]


def pick(text: str, question: str, limit: int) -> tuple[str, Coverage]:
    """The text when it fits; else, in their order, the passages that share the most telling words with the question.

    A word counts by its rarity among the passages, as in BM25's idf (Robertson and Zaragoza 2009).
    """
    if tokens_of(text) <= limit:
        return text, Coverage(characters=len(text), read=len(text))
    passages = sections_of(text, min(PASSAGE, limit))
    words = [Counter(words_of(passage)) for passage in passages]
    uses = Counter(word for counted in words for word in counted)
    asked = set(words_of(question))

    def fit(number: int) -> float:
        return sum(
            math.log(1 + len(passages) / uses[word]) * min(2, words[number][word])
            for word in asked
            if word in words[number]
        )

    kept: list[int] = []
    left = limit
    for number in sorted(range(len(passages)), key=lambda number: (-fit(number), number)):
        size = tokens_of(passages[number]) + 1
        if size <= left:
            kept.append(number)
            left -= size
    picked = [passages[number] for number in sorted(kept)]
    how = f"the passages that share the most telling words with the question; all {len(passages)} were searched"
    coverage = Coverage(
        characters=len(text),
        read=sum(map(len, picked)),
        sections=len(passages),
        sections_read=len(picked),
        how=how,
    )
    return "".join(picked), coverage


def words_of(text: str) -> list[str]:
    """The telling words of a text, in lower case, without a plural's or a verb's final s."""
    words = (word.lower() for word in WORD.findall(text))
    return [word.removesuffix("s") if len(word) > 3 else word for word in words if word not in COMMON]


TASK = Task(
    name="answer",
    summary="Answer a question from given texts, and from nothing else.",
    options=Options,
    output=Answer,
    run=run,
    measures=("support", "new numbers"),
    takes="texts that hold the answer",
)
