"""From the wishes of a request to the steps of a plan: what each is asked, and whose output it works on."""

import re

from castalia.choosing.several import Piece, is_summary, shows_topic
from castalia.choosing.wording import joined, named
from castalia.core.results import Step

CHARTS = "charts"
"""The model that draws numbers of a table; see `castalia.engines.chart`."""
SUMMARY = "Summarise this in two or three plain sentences:"
SUMMARIES = {
    "en": SUMMARY,
    "es": "Resume esto en dos o tres frases sencillas:",
    "fr": "Résume ceci en deux ou trois phrases simples :",
    "de": "Fasse dies in zwei oder drei einfachen Sätzen zusammen:",
    "zh": "请用两三句简单的话总结下面的内容：",
    "vi": "Tóm tắt đoạn sau trong hai hoặc ba câu đơn giản:",
}


def steps_of(found: list[Piece], language: str, kinds: list[str]) -> list[Step]:
    """The steps for these wishes, in an order in which each comes after what it works on.

    ``kinds`` are those of the attachments. A wish for a chart without a table is left out: there are no numbers to
    draw. Fewer than two steps mean that there is no plan.
    """
    wanted = [piece for piece in found if not piece.chart or "table" in kinds]
    steps: list[Step] = []
    for piece in wanted:
        if piece.modality == "speech":
            steps += _spoken(piece, wanted, steps, language)
        elif piece.modality == "text":
            steps.append(_written(piece, steps, kinds))
        else:
            steps.append(_made(piece, wanted, steps))
    return steps if len({(step.modality, step.model) for step in steps}) > 1 else []


def reasons_of(steps: list[Step], left_out: bool) -> list[str]:
    """Why it is a plan, in words."""
    kinds = [("a chart" if step.model == CHARTS else named(step.modality)) for step in steps]
    reasons = [f"Several outputs are wanted: {joined(list(dict.fromkeys(kinds)), 'and')}."]
    if left_out:
        reasons.append("The chart is left out: no table is attached whose numbers it could show.")
    return reasons


def _written(piece: Piece, steps: list[Step], kinds: list[str]) -> Step:
    # "draw a lighthouse and write about it": the words say what; pictures and sounds do not go into a language model
    before = [step.name for step in steps if step.modality == "table"] if piece.referring else []
    return Step(
        name=_free("text", steps),
        modality="text",
        prompt=piece.text,
        after=before,
        attach=bool(kinds),
        reason=_because(piece),
    )


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
            prompt=piece.text or piece.cue,
            attach=True,
            reason=f"{_because(piece)} It is drawn from the table's own numbers; a picture model would make them up.",
        )
    prompt, after = piece.text or piece.cue, list[str]()
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


REFERENCE = re.compile(
    r"^(?:(?:and|with|plus|y|con|et|avec|und|mit|và|kèm|并|配上?)\s+)|\s*\b(?:(?:of|for|about) (?:it|them|him|her|each)"
    r"|to (?:go|match|accompany|illustrate)\b.*|illustrate (?:it|them|this)|(?:for|to) (?:go with )?(?:it|them))$",
    re.IGNORECASE,
)


def _without_reference(prompt: str) -> str:
    """``a drawing to go with it`` is ``a drawing``."""
    return REFERENCE.sub("", prompt).strip() or "a picture of"


def _because(piece: Piece) -> str:
    return f"“{' '.join(piece.cue.split())[:60]}” asks for {'a chart' if piece.chart else named(piece.modality)}."


def _free(name: str, steps: list[Step]) -> str:
    count = sum(step.name == name or step.name.startswith(f"{name}-") for step in steps)
    return name if not count else f"{name}-{count + 1}"
