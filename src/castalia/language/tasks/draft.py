"""Draft: an e-mail, a letter or another text from points."""

from collections.abc import Generator
from typing import Literal

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned, words_of
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

Kind = Literal["email", "letter", "message", "announcement", "paragraph"]


class Options(TaskOptions):
    """What kind of text, and how it sounds."""

    kind: Kind = Field(default="email", description="What the points become.")
    tone: Literal["formal", "friendly", "neutral"] = Field(default="neutral", description="How it sounds.")
    words: int = Field(default=120, ge=20, le=1500, description="About how long it may get.")
    signed: str = Field(default="", max_length=80, description="The name under it.")


EXAMPLE = "- to Ms Weber\n- her order 4417 is late\n- arrives Thursday 9 May\n- no delivery fee"
EXAMPLE_DRAFT = (
    "Dear Ms Weber,\n\nyour order 4417 is late, and we are sorry about that. It will arrive on Thursday 9 May. "
    "There is no delivery fee.\n\nKind regards"
)


SENTENCE = ("no delivery fee", "There is no delivery fee.")


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """One text that holds every point: what the model leaves out is asked for once more, a sentence a point, and put
    in; if that sentence does not hold it either, the point itself.

    Raises ContextTooLong for more points than the model can read.
    """
    options = given.options
    room = 32 + round(1.6 * options.words)
    answer = cleaned((yield from desk.write(turns(given.text, options), max_tokens=room, purpose="draft")))
    for point in lost_points(given.text, answer):
        sentence = cleaned(
            (yield from desk.write(_sentence(point), max_tokens=48, purpose="a point that was left out"))
        )
        answer = with_sentence(answer, sentence if holds(sentence, point) else f"{point[:1].upper()}{point[1:]}.")
    if options.signed and answer and options.signed not in answer:
        answer = f"{answer}\n{options.signed}"
    yield desk.show(answer)
    return Made([answer])


def _sentence(point: str) -> list[Turn]:
    return [
        ("user", f"Write one sentence: {SENTENCE[0]}"),
        ("assistant", SENTENCE[1]),
        ("user", f"Write one sentence: {point}"),
    ]


def lost_points(points: str, text: str) -> list[str]:
    """The points that the text leaves out: a number of theirs is not in it, or most of their telling words."""
    found = (point.strip(" -*•\t") for point in points.splitlines())
    return [point for point in found if point and not holds(text, point)]


def holds(text: str, point: str) -> bool:
    """Whether the text says a point: all of its numbers, and at least half of its telling words."""
    said = words_of(text)
    words = set(words_of(point))
    numbers = {word for word in words if word[0].isdigit()}
    return numbers <= set(said) and 2 * sum(word in said for word in words) >= len(words)


def with_sentence(text: str, sentence: str) -> str:
    """The text with one more sentence before its closing: at the end of the last paragraph that is no greeting."""
    paragraphs = text.split("\n\n")
    closing = 1 if len(paragraphs) > 1 and len(paragraphs[-1].split()) <= 6 else 0
    place = len(paragraphs) - 1 - closing
    if place < 0 or (paragraphs[place].endswith(",") and len(paragraphs[place].split()) <= 5):
        return "\n\n".join([*paragraphs[: place + 1], sentence, *paragraphs[place + 1 :]])
    paragraphs[place] = f"{paragraphs[place].rstrip()} {sentence}".strip()
    return "\n\n".join(paragraphs)


def turns(points: str, options: Options) -> list[Turn]:
    """One draft made already, and the points."""
    return [
        ("user", _asked(EXAMPLE, options, "")),
        ("assistant", EXAMPLE_DRAFT),
        ("user", _asked(points.strip(), options, options.signed)),
    ]


def _asked(points: str, options: Options, signed: str) -> str:
    tone = "" if options.tone == "neutral" else f"{options.tone} "
    kind = {"email": "e-mail"}.get(options.kind, options.kind)
    article = "an" if (tone or kind)[0] in "aeiou" else "a"
    end = f" Sign it: {signed}." if signed else ""
    return (
        f"Write {article} {tone}{kind} of at most {options.words} words from these points. "
        f"Use every point and add no facts.{end}\n{points}"
    )


TASK = Task(
    name="draft",
    summary="Write an e-mail, letter or other text from points.",
    options=Options,
    output=TaskOutput,
    run=run,
    measures=("points kept", "new numbers"),
    takes="points, one a line",
)
