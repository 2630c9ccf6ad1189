"""Answer: a question from given texts, and from nothing else."""

import math
import re
from collections import Counter
from collections.abc import Generator

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned, words_of
from castalia.language.documents.citing import CLOSE
from castalia.language.documents.evidence import ENOUGH, Evidence, weigh
from castalia.language.documents.shelf import Passage
from castalia.language.mending import loops
from castalia.language.sections import sections_of, tokens_of
from castalia.language.task import Coverage, Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn
from castalia.language.tongues import tongue_of

UNKNOWN = "The text does not say."
MOST = 1500
"""Most tokens of text put before the question: a small model finds less in more."""
SUPPORT = 0.5
"""Share of the answer's telling words that must stand in the text or the question, else the text does not say it."""
LIKELY = 0.4
"""Probability from which a sentence may be the answer, see `castalia.language.documents.evidence`. Lower than there, as
the person says where the answer is; by the development part of `make bench-language`."""
PASSAGE = 120
"""Tokens of a passage, when the text is too long and the passages that fit the question best are picked."""


class Options(TaskOptions):
    """What is asked."""

    question: str = Field(min_length=1, max_length=2000, description="What is asked about the text.")


EXAMPLE = (
    "The museum opens at 10. Tickets cost 8 euros; children under six enter free.",
    "How much is a ticket?",
    "8 euros.",
)
DIGITS = {
    word: str(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}


class Answer(TaskOutput):
    """``found`` is false when the text does not tell it."""

    found: bool


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The answer; of a long text the passages that fit the question best are read, and all are searched.

    `UNKNOWN` when the question names somebody or a number that the text does not, when none of its sentences is likely
    an answer, and when what the model says does not stand in the text or goes round in circles. Where a sentence
    surely answers, it is quoted instead, also when the model answers from other ones.
    """
    question = given.options.question.strip()
    room = 100
    limit = min(MOST, desk.room(turns("", question), room))
    text, coverage = pick(given.text, question, limit)
    if coverage.sections > coverage.sections_read:
        yield desk.progress(f"reading {coverage.sections_read} of {coverage.sections} passages")
    evidence = evidence_in(text, question, desk) if desk.can_compare else None
    best = evidence.sentences[0] if evidence and evidence.sentences else None
    if foreign(text, question) or (evidence and (best is None or best.score < LIKELY)):
        answer = UNKNOWN
    else:
        answer = cleaned((yield from desk.write(turns(text, question), max_tokens=room, purpose="answer")))
        if best and evidence and evidence.answerable and not sourced(answer, evidence):
            answer = best.text
        elif not supported(answer, f"{text} {question}") or loops(answer):
            answer = UNKNOWN
    found = not answer.lower().startswith(UNKNOWN.lower().rstrip("."))
    yield desk.show(answer)
    return Made([answer], coverage, {"found": found})


def evidence_in(text: str, question: str, desk: Desk) -> Evidence:
    """Its sentences as answers to the question, best first."""
    whole = Passage(id=0, document="", name="", title="", heading="", page=None, start=0, end=len(text), text=text)
    return weigh(question, [whole], desk.vectors)


def sourced(answer: str, evidence: Evidence) -> bool:
    """Whether the answer says something, and one of the sentences that surely answer says it."""
    enough = max(ENOUGH, evidence.sentences[0].score - CLOSE)
    likely = [one.text for one in evidence.sentences if one.score >= enough]
    says = set(words_of(answer)) - set(words_of(evidence.question))
    return bool(says) and not loops(answer) and any(supported(answer, f"{text} {evidence.question}") for text in likely)


def turns(text: str, question: str) -> list[Turn]:
    """One question answered already, then the text and the question.

    Examples of questions without an answer made a model of 135 million parameters decline nearly all
    (``docs/experiments.md``), so what has none is found out by `foreign` and `supported`.
    """
    return [
        ("system", "Answer from the text in few words."),
        ("user", f"Text: {EXAMPLE[0]}\n\nQuestion: {EXAMPLE[1]}"),
        ("assistant", EXAMPLE[2]),
        ("user", f"Text: {text}\n\nQuestion: {question}"),
    ]


def supported(answer: str, known: str) -> bool:
    """Whether every number of the answer, and enough of its telling words, stand in what is known."""
    words, said = set(words_of(known)), words_of(answer)
    words |= {digit for word, digit in DIGITS.items() if word in words}
    words |= {word for word, digit in DIGITS.items() if digit in words}
    numbers = [word for word in said if word[0].isdigit() or (word in DIGITS and word != "one")]
    return bool(said) and set(numbers) <= words and sum(word in words for word in said) >= SUPPORT * len(said)


def foreign(text: str, question: str) -> list[str]:
    """Names and numbers of the question that the text does not hold: then it cannot tell of them."""
    known = set(words_of(text))
    words = re.findall(r"\b[\w'’-]+", question)
    nouns = tongue_of(question).nouns(question)
    telling = [word for number, word in enumerate(words) if word[0].isdigit() or (number and word[0].isupper())]
    telling = [word for word in telling if word.lower() not in nouns]
    return [word for word in telling if any(piece not in known for piece in words_of(word) if piece != "s")]


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


TASK = Task(
    name="answer",
    summary="Answer a question from given texts, and from nothing else.",
    options=Options,
    output=Answer,
    run=run,
    measures=("support", "new numbers"),
    takes="texts that hold the answer",
)
