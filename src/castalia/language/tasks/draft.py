"""Draft: an e-mail, a letter or another text from points."""

import re
from collections.abc import Generator
from typing import Literal

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import cleaned, words_of
from castalia.language.mending import invents, leaks, loops, said_once, whole
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn
from castalia.modalities.text.spans import sentence_spans

Kind = Literal["email", "letter", "message", "announcement", "paragraph"]


class Options(TaskOptions):
    """What kind of text, and how it sounds."""

    kind: Kind = Field(default="email", description="What the points become.")
    tone: Literal["formal", "friendly", "neutral"] = Field(default="neutral", description="How it sounds.")
    words: int = Field(default=120, ge=20, le=1500, description="About how long it may get.")
    strict: bool = Field(default=True, description="Strike out what no point says; a large model may do without.")
    signed: str = Field(default="", max_length=80, description="The name under it.")


EXAMPLES = {
    "email": (
        "- to Ms Weber\n- her order 4417 is late\n- arrives Thursday 9 May\n- no fee",
        "Dear Ms Weber,\n\nyour order 4417 is late. It will arrive on Thursday 9 May. There is no fee.\n\nKind regards",
    ),
    "message": (
        "- to Pavel\n- keys are at the neighbour's\n- water the plants",
        "Hi Pavel, the keys are at the neighbour's. Please water the plants.",
    ),
    "announcement": (
        "- car park closed\n- from 2 to 6 June\n- new tarmac",
        "The car park is closed from 2 to 6 June. It gets new tarmac.",
    ),
    "paragraph": (
        "- the old mill\n- built in 1820\n- now a museum",
        "The old mill was built in 1820. It is now a museum.",
    ),
}
"""Points and what they become, of each kind: the example of another kind is copied, greeting and all."""
SENTENCES = (
    ("no delivery fee", "There is no delivery fee."),
    ("shop closed on Monday", "The shop is closed on Monday."),
    ("cannot come on Friday", "I cannot come on Friday."),
    ("bring warm clothes", "Please bring warm clothes."),
    ("costs 40 euros", "It costs 40 euros."),
)
HELD = 0.67
"""Share of a sentence's telling words that the points must hold."""
USUAL = "Dear Mr, Ms, Hi, Hello, Kind regards, there will please order"
"""Words of the examples that any draft may have."""
STRUCK = 0.34
"""Share of a draft's sentences from which on nothing of it is kept."""
COURTESY = re.compile(
    r"\b(?:hope|thank|thanks|regards|sorry|apologi[sz]e|forward to|let (?:me|us) know|hesitate|questions|appreciate|"
    r"wishes|sincerely|cheers)\b",
    re.IGNORECASE,
)
GREETING = re.compile(r"(?:dear|hi|hello|hey|good (?:morning|day|evening))\b", re.IGNORECASE)
FILLER = frozenset(["writing", "write", "inform", "like", "let", "know", "please", "also", "want", "note"])
NEGATION = re.compile(r"\b(?:no|not|never|without|cannot|can't)\b|n't\b", re.IGNORECASE)
RECIPIENT = re.compile(r"^to (?:(?:the|our|my) )?(\S+(?: \S+){0,3})$", re.IGNORECASE)
FRAMED = {"email": ("Dear", "Kind regards"), "letter": ("Dear", "Kind regards"), "message": ("Hi", "")}


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """One text that holds every point, and nothing else as far as can be seen.

    What the model adds of its own is struck out; where that is much, the text is composed of a sentence for each point.
    Points that it leaves out are asked for once more, a sentence a point; if that sentence does not hold it either, or
    adds to it, the point itself is put in. Raises ContextTooLong for more points than the model can read.
    """
    options = given.options
    room = 32 + round(1.6 * options.words)
    points = points_of(given.text)
    draft = cleaned((yield from desk.write(turns(given.text, options), max_tokens=room, purpose="draft")))
    draft = said_once(whole(draft))
    kept = struck(draft, points, options) if options.strict else draft
    greeting, closing = ("", "") if kept else frame(points, options)
    said: list[str] = []
    for point in lost_points(given.text, kept or greeting):
        sentence = cleaned((yield from desk.write(_sentence(point), max_tokens=48, purpose="a point by itself")))
        sound = "\n" not in sentence and holds(sentence, point)
        sound = sound and (not options.strict or is_grounded(sentence, [point], 1.0))
        said.append(sentence if sound else f"{point[:1].upper()}{point[1:].rstrip('.')}.")
    more = " ".join(said)
    if kept:
        answer = with_sentence(kept, more) if more else kept
    else:
        answer = "\n\n".join(piece for piece in (greeting, more, closing) if piece)
    if options.signed and answer and options.signed not in answer:
        answer = f"{answer}\n{options.signed}"
    yield desk.show(answer)
    return Made([answer])


def _sentence(point: str) -> list[Turn]:
    said: list[Turn] = []
    for shown, sentence in SENTENCES:
        said += [("user", f"Write one sentence: {shown}"), ("assistant", sentence)]
    return [*said, ("user", f"Write one sentence: {point}")]


def points_of(text: str) -> list[str]:
    """The points, one a line, without their marks."""
    return [point for line in text.splitlines() if (point := line.strip(" -*•\t"))]


def struck(draft: str, points: list[str], options: Options) -> str:
    """The draft without sentences that say what no point says; empty when that is much, or it tells of the example.

    Greetings, closings and courtesies stay.
    """
    if leaks(draft, _example(options), "\n".join([*points, USUAL])):
        return ""
    kept: list[str] = []
    said = lost = 0
    for paragraph in draft.split("\n\n"):
        if _is_frame(paragraph):
            framed = GREETING.match(paragraph) or COURTESY.search(paragraph)
            if framed and not invents(paragraph, f"{' '.join(points)} {options.signed}"):
                kept.append(paragraph)
            continue
        sentences = [paragraph[start:end] for start, end in sentence_spans(paragraph)]
        good = [one for one in sentences if is_grounded(one, points)]
        said, lost = said + len(sentences), lost + len(sentences) - len(good)
        if good:
            kept.append(" ".join(good))
    return "" if not said or lost > STRUCK * said else "\n\n".join(kept)


def is_grounded(sentence: str, points: list[str], share: float = HELD) -> bool:
    """Whether a sentence says what the points say, or is a courtesy: no new number, name or negation, no loop, and so
    large a share of its telling words is theirs."""
    known = "\n".join(points)
    if invents(sentence, known) or loops(sentence) or (NEGATION.search(sentence) and not NEGATION.search(known)):
        return False
    words = [word for word in words_of(sentence) if word not in FILLER]
    held = set(words_of(known))
    return bool(COURTESY.search(sentence)) or sum(word in held for word in words) >= share * len(words)


def frame(points: list[str], options: Options) -> tuple[str, str]:
    """A greeting and a closing for what is composed point by point; empty for kinds that have none."""
    if options.kind not in FRAMED:
        return "", ""
    hail, closing = FRAMED[options.kind]
    found = next((match for point in points if (match := RECIPIENT.match(point))), None)
    return f"{hail} {found[1]}," if found else "Hello,", closing


def _is_frame(paragraph: str) -> bool:
    """Whether it is a greeting or a closing."""
    return len(paragraph.split()) <= 6 and not re.search(r"[.!?]$", paragraph.strip())


def _example(options: Options) -> tuple[str, str]:
    return EXAMPLES.get(options.kind, EXAMPLES["email"])


def lost_points(points: str, text: str) -> list[str]:
    """The points that the text leaves out: a number of theirs is not in it, or most of their telling words."""
    return [point for point in points_of(points) if not holds(text, point)]


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
    shown, drafted = _example(options)
    return [
        ("user", _asked(shown, options, "")),
        ("assistant", drafted),
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
