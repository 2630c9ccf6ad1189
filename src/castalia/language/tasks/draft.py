"""Draft: an e-mail, a letter or another text from points."""

from collections.abc import Generator
from typing import Literal

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned
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


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """One text that holds every point. Raises ContextTooLong for more points than the model can read."""
    options = given.options
    room = 32 + round(1.6 * options.words)
    answer = cleaned((yield from desk.write(turns(given.text, options), max_tokens=room, purpose="draft")))
    if options.signed and answer and options.signed not in answer:
        answer = f"{answer}\n{options.signed}"
    yield desk.show(answer)
    return Made([answer])


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
