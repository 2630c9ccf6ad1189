"""Rewrite: the same content in another tone or length, or for another audience."""

from collections.abc import Generator
from typing import Literal

from pydantic import Field

from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.language.answering import section_by_section, words_of
from castalia.language.mending import leaks, said_once, whole
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn
from castalia.modalities.text.claims import missing_names, numbers_of

SECTION = 400
KEPT = 0.25
"""Share of the telling words that stand in the new text as well, at least."""
SHORTER = 0.9
Tone = Literal["formal", "friendly", "neutral", "polite", "confident", "simple"]
Length = Literal["shorter", "same", "longer"]


class Options(TaskOptions):
    """What changes; at least one of them."""

    tone: Tone | None = Field(default=None, description="How it sounds.")
    length: Length = Field(default="same", description="Shorter, as long, or longer than it is.")
    audience: str | None = Field(default=None, max_length=120, description="Who reads it: 'a ten-year-old', 'lawyers'.")
    correct: bool = Field(default=False, description="Mend spelling and grammar and change nothing else.")


GROWTH = {"shorter": 0.8, "same": 1.3, "longer": 2.5}
PLAIN = "hey, cant make it to the meeting on friday bc im at the dentist till 3. can we do monday??"
SHOWN = {
    "formal": "Unfortunately, I cannot attend the meeting on Friday, as I have a dental appointment until 3. "
    "Would Monday suit you instead?",
    "polite": "I am sorry, but I cannot come to the meeting on Friday because I am at the dentist until 3. "
    "Could we please meet on Monday instead?",
    "confident": "I am at the dentist until 3 on Friday. Let us meet on Monday.",
    "neutral": "I cannot come to the meeting on Friday because I am at the dentist until 3. Can we meet on Monday?",
    "simple": "I cannot come on Friday. I am at the dentist until 3. Can we meet on Monday?",
    "shorter": "Can't make Friday (dentist till 3). Monday?",
    "correct": "Hey, I can't make it to the meeting on Friday because I'm at the dentist till 3. Can we do Monday?",
}
STIFF = "The undersigned regrets to inform you that attendance on Friday is not possible owing to a dental appointment."
FRIENDLY = "Hi! I'm so sorry, but I can't make it on Friday, I'm at the dentist. Hope to see you soon!"


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """Every section rewritten. Raises BadRequest when nothing shall change."""
    options = given.options
    if options == Options():
        raise BadRequest(
            "Rewriting needs to know what shall change.", hint="Give tone, length, audience or correct: --tone formal."
        )
    return (
        yield from section_by_section(
            desk,
            given.text,
            lambda section: turns(section, options),
            growth=GROWTH[options.length],
            most=SECTION,
            doing="rewriting",
            mend=said_and_whole,
            faults=lambda section, answer: faults(section, answer, options),
        )
    )


def said_and_whole(text: str) -> str:
    """The text without what it says twice and without a sentence that breaks off."""
    return said_once(whole(text))


def faults(section: str, answer: str, options: Options) -> int:
    """How many things are wrong with it, as far as can be seen: it tells of the example; numbers and names are lost or
    new; most words are lost; it is as it was, or as long."""
    lost = numbers_of(section) ^ numbers_of(answer) | missing_names(section, answer) | missing_names(answer, section)
    shown = (PLAIN, STIFF, FRIENDLY, *SHOWN.values())
    before, after = set(words_of(section)), set(words_of(answer))
    kept = len(before & after) / max(1, len(before))
    return (
        3 * leaks(answer, shown, section)
        + len(lost)
        + (kept < KEPT)
        + (not options.correct and answer.split() == section.split())
        + (options.length == "shorter" and len(answer.split()) > SHORTER * len(section.split()))
    )


def turns(text: str, options: Options) -> list[Turn]:
    """One example of the change that is wanted, where there is one, and the text."""
    kind = "correct" if options.correct else options.tone or (options.length if options.length == "shorter" else "")
    shown = (STIFF, FRIENDLY) if kind == "friendly" else (PLAIN, SHOWN[kind]) if kind in SHOWN else None
    example: list[Turn] = []
    if shown is not None:
        example = [("user", _asked(shown[0], options)), ("assistant", shown[1])]
    return [*example, ("user", _asked(text, options))]


def _asked(text: str, options: Options) -> str:
    if options.correct:
        wish = "Correct the spelling and grammar of this text and change nothing else"
    else:
        tone = {None: "", "simple": " in simple words"}.get(options.tone, f" in a {options.tone} tone")
        length = {"same": "", "shorter": ", much shorter", "longer": ", longer and with more detail"}[options.length]
        audience = f", so that {options.audience} understands it" if options.audience else ""
        wish = f"Rewrite this text{tone}{length}{audience}. Keep all names, numbers and facts"
    return f"{wish}:\n\n{text}"


TASK = Task(
    name="rewrite",
    summary="Say the same in another tone or length, or for another audience.",
    options=Options,
    output=TaskOutput,
    run=run,
    measures=("coverage", "numbers kept", "length", "left as it was"),
)
