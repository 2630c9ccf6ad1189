"""Summarise: a text in a few sentences; a long one section by section, and then the summaries."""

import re
from collections.abc import Generator
from typing import Literal

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned, words_of
from castalia.language.mending import is_sound, leaks, said_once, whole
from castalia.language.sections import over_sections
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

SECTION = 1200
"""Most tokens read at once: a small model loses the thread in more."""
HELD = 0.55
"""Share of a sentence's longer words that the text must hold: below it the sentence tells of something else."""
MOST = 0.75
"""A summary of several sentences is at most so long, in words of the text."""
TOKENS = {"sentence": 45, "point": 32}


class Options(TaskOptions):
    """How long the summary is and what it looks at."""

    sentences: int = Field(default=2, ge=1, le=20, description="Most sentences, or points of a list.")
    form: Literal["prose", "list"] = Field(default="prose", description="Sentences, or a list of points.")
    focus: str | None = Field(default=None, description="What the summary looks at: 'costs', 'dates'.")


EXAMPLE = (
    "The town library will close for repairs on 3 March. Water came through the roof in January and damaged the "
    "reading room. The builders expect to need six weeks. Books can be returned at the town hall meanwhile."
)
EXAMPLE_ANSWERS = {
    "prose": "The town library closes on 3 March for six weeks, because water damaged the reading room.",
    "list": "- The town library closes on 3 March for repairs.\n- The work takes six weeks.",
}


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """A summary of each section; of more than one, a summary of these, until one is left."""
    options = given.options
    room = _tokens(options)
    limit = min(SECTION, desk.room(_turns("", options), room))

    def work(section: str, purpose: str) -> Generator[Event, None, str]:
        answer = yield from desk.write(_turns(section.strip(), options), max_tokens=room, purpose=purpose)
        if leaks(answer, (EXAMPLE, *EXAMPLE_ANSWERS.values()), section):
            bare = _turns(section.strip(), options)[-1:]
            answer = yield from desk.write(bare, max_tokens=room, purpose=purpose)
        return _trimmed(mended(said_once(whole(cleaned(answer))), section), section, options)

    mapped = yield from over_sections(desk, given.text, limit, work, "reading")
    coverage, parts = mapped.coverage, [text for text in mapped.texts if text]
    round_ = 1
    while len(parts) > 1:
        yield desk.progress(f"joining {len(parts)} summaries")
        joined = yield from over_sections(desk, "\n\n".join(parts), limit, work, f"joining, round {round_}, ")
        fewer = [text for text in joined.texts if text]
        if len(fewer) >= len(parts):
            parts = [*parts[:-2], "\n".join(parts[-2:])] if options.form == "list" else parts
            break
        parts, round_ = fewer, round_ + 1
    text = "\n".join(parts)
    yield desk.show(text)
    return Made([text], coverage)


def _tokens(options: Options) -> int:
    return 24 + options.sentences * TOKENS["sentence" if options.form == "prose" else "point"]


def _turns(text: str, options: Options) -> list[Turn]:
    return [
        ("user", _asked(EXAMPLE, options)),
        ("assistant", EXAMPLE_ANSWERS[options.form]),
        ("user", _asked(text, options)),
    ]


def _asked(text: str, options: Options) -> str:
    size = "one sentence" if options.sentences == 1 else f"at most {options.sentences} sentences"
    if options.form == "list":
        size = f"a list of at most {options.sentences} points"
    about = f" Say only what it tells about {options.focus}." if options.focus else ""
    return f"{text}\n\nSummarise the text above in {size}.{about}"


def mended(summary: str, text: str) -> str:
    """The summary with sentences of the text itself in the place of those that are not sound."""
    own = sentences_of(text)
    lines: list[str] = []
    for line in summary.splitlines():
        mark = "- " if line.startswith("- ") else ""
        said = [_sound(sentence, text, own) for sentence in sentences_of(line.removeprefix("- "))]
        lines.append(mark + " ".join(dict.fromkeys(said)))
    return "\n".join(dict.fromkeys(lines))


def _sound(sentence: str, text: str, own: list[str]) -> str:
    if is_sound(sentence, text, HELD):
        return sentence
    said = set(words_of(sentence))
    return max(own, key=lambda one: len(said & set(words_of(one))), default=sentence)


def _trimmed(summary: str, text: str, options: Options) -> str:
    """No more sentences or points than were asked for, and less than the text: the first ones carry the most."""
    if options.form == "list":
        return "\n".join([line for line in summary.splitlines() if line.strip()][: options.sentences])
    sentences = sentences_of(summary)[: options.sentences]
    most = MOST * len(text.split())
    while len(sentences) > 1 and len(" ".join(sentences).split()) > most:
        sentences.pop()
    return " ".join(sentences)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, white space evened out."""
    return [piece for piece in re.split(r"(?<=[.!?。！？])\s+", " ".join(text.split())) if piece]


TASK = Task(
    name="summarise",
    summary="Say in a few sentences what a text says.",
    options=Options,
    output=TaskOutput,
    run=run,
    measures=("coverage", "shorter", "new numbers"),
)
