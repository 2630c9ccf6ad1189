"""From the wishes of a request to the steps of a plan: what each is asked, and whose output it works on."""

import re
from dataclasses import dataclass, field

from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import Reading
from castalia.choosing.several import Piece, is_summary, language_of, pieces, shows_topic
from castalia.choosing.wording import joined, named
from castalia.core.results import Step

CHARTS, CHART_ENGINE = "charts", "chart"
"""The model that draws numbers of a table; see `castalia.engines.chart`."""
SUMMARY = "Summarise the text above in two sentences."
SUMMARIES = {
    "en": SUMMARY,
    "es": "Resume el texto anterior en dos frases.",
    "fr": "Résume le texte ci-dessus en deux phrases.",
    "de": "Fasse den Text oben in zwei Sätzen zusammen.",
    "zh": "请用两句话总结上面的内容。",
    "vi": "Tóm tắt đoạn văn trên trong hai câu.",
}
"""What a summary that nobody else writes is asked for by; the text stands before it."""
ONE_ANSWER = frozenset({"tools", "tool_choice", "json_schema"})
"""Options whose answer is for a program: it expects one."""
SURE = 0.95
"""Confidence of a plan: of the plans found among our held-out requests all were right, 68 of 68; the lower end of the
95 % interval (Wilson) is .95."""


@dataclass
class Wanted:
    """The steps that a request asks for, none for one output; ``no_table``: a chart is wanted of numbers that are not
    there."""

    steps: list[Step] = field(default_factory=list[Step])
    no_table: bool = False


def wanted(reading: Reading, text: str, kinds: list[str], lexicon: Lexicon) -> Wanted:
    """What the words ask for, in an order in which each step comes after what it works on.

    ``kinds`` are those of the attachments. A wish for a chart without a table is left out.
    """
    found = pieces(reading, text, lexicon)
    language = language_of(reading, text, lexicon)
    drawn = [piece for piece in found if not piece.chart or "table" in kinds]
    steps: list[Step] = []
    for piece in drawn:
        if piece.modality == "speech":
            steps += _spoken(piece, drawn, steps, language)
        elif piece.modality == "text":
            steps.append(_written(piece, steps, kinds))
        else:
            steps.append(_made(piece, drawn, steps))
    several = len({(step.modality, step.model) for step in steps}) > 1
    return Wanted(steps if several else [], len(drawn) < len(found))


def reasons_of(found: Wanted) -> list[str]:
    """Why it is a plan, in words."""
    kinds = ["a chart" if step.model == CHARTS else named(step.modality) for step in found.steps]
    reasons = [f"Several outputs are wanted: {joined(list(dict.fromkeys(kinds)), 'and')}."]
    if found.no_table:
        reasons.append("The chart is left out: no table is attached whose numbers it could show.")
    return reasons


def _written(piece: Piece, steps: list[Step], kinds: list[str]) -> Step:
    # "draw a lighthouse and write about it": the words say what; pictures and sounds do not go into a language model
    before = [step.name for step in steps if step.modality == "table"] if piece.referring else []
    return Step(
        name=_free("text", steps),
        modality="text",
        prompt="\n\n".join(words for words in _in_order(piece) if words),
        after=before,
        attach=bool(kinds),
        reason=_because(piece),
    )


def _in_order(piece: Piece) -> tuple[str, str]:
    """The words and the text that they are about, as they stood in the request."""
    return (piece.given, piece.text) if piece.before else (piece.text, piece.given)


def _spoken(piece: Piece, wanted: list[Piece], steps: list[Step], language: str) -> list[Step]:
    """Reading aloud what was written; a summary of it first, where that is what shall be heard."""
    written = [step for step in steps if step.modality == "text"]
    if not written:
        return [Step(name=_free("speech", steps), modality="speech", prompt=piece.text, reason=_because(piece))]
    source, added = written[-1], list[Step]()
    if is_summary(piece.text, language) and not any(
        is_summary(one.text, language) for one in wanted if one.modality == "text"
    ):
        prompt = SUMMARIES.get(language, SUMMARY)
        reason = f"“{piece.text}” speaks of a summary that no other step writes."
        added.append(
            Step(name=_free("summary", steps), modality="text", prompt=prompt, after=[source.name], reason=reason)
        )
        source = added[0]
    spoken = Step(
        name=_free("speech", steps), modality="speech", prompt=piece.text, after=[source.name], reason=_because(piece)
    )
    return [*added, spoken]


def _made(piece: Piece, wanted: list[Piece], steps: list[Step]) -> Step:
    """A picture, a sound, music, a film or rows, from the request's words or else from what was written."""
    if piece.chart:
        return Step(
            name=_free("chart", steps),
            modality="image",
            model=CHARTS,
            engine=CHART_ENGINE,
            prompt=_drawn(piece, wanted),
            attach=True,
            reason=f"{_because(piece)} It is drawn from the table's own numbers; a picture model would make them up.",
        )
    prompt, after = LEAD.sub("", piece.text or piece.cue), list[str]()
    if piece.referring:
        topic = next((found for one in wanted if one.modality == "text" and (found := shows_topic(one.text))), None)
        written = [step.name for step in steps if step.modality == "text"]
        if topic is not None:
            prompt = f"{_without_reference(prompt)} {topic}"
        elif written:
            after = written[-1:]
    return Step(
        name=_free(piece.modality, steps),
        modality=piece.modality,
        prompt=prompt,
        after=after,
        reason=_because(piece),
    )


LEAD = re.compile(r"^(?:(?:and|with|plus|y|con|et|avec|und|mit|và|kèm)\s+|[并配附]上?)+", re.IGNORECASE)
REFERENCE = re.compile(
    r"\s*\b(?:(?:of|for|about|with) (?:it|them|him|her|each)\b|to (?:go|match|accompany|illustrate)\b.*"
    r"|that (?:goes|fits)\b.*)",
    re.IGNORECASE,
)
POINTS = re.compile(
    r"^(?:illustrate|il[úu]stra\w*|illustre-?|illustriere|bebildere|minh họa|draw|paint|sketch)\W*"
    r"(?:it|them|this|es|sie|lo|la|le)?$",
    re.IGNORECASE,
)


def _drawn(piece: Piece, wanted: list[Piece]) -> str:
    """The words of a chart, with what the text is about: columns may be named there."""
    written = next((one.text for one in wanted if one.modality == "text"), "")
    return f"{LEAD.sub('', piece.text or piece.cue)} {shows_topic(written) or ''}".strip()


def _without_reference(prompt: str) -> str:
    """``a drawing to go with it`` is ``a drawing``, ``illustrate it`` is ``a picture``."""
    bare = REFERENCE.sub("", prompt).strip(" .,")
    return "a picture" if not bare or POINTS.match(bare) else bare


def _because(piece: Piece) -> str:
    return f"“{' '.join(piece.cue.split())[:60]}” asks for {'a chart' if piece.chart else named(piece.modality)}."


def _free(name: str, steps: list[Step]) -> str:
    count = sum(step.name == name or step.name.startswith(f"{name}-") for step in steps)
    return name if not count else f"{name}-{count + 1}"
