"""Instant checks of text: empty, loops, cut off, wrong language, disobeyed schema, unsure, echo of the prompt."""

import json
import math
import re
from collections import Counter
from typing import cast

from castalia.core.content import Part
from castalia.core.events import TokenLogprob
from castalia.core.results import Measure
from castalia.judging.context import CheckContext
from castalia.judging.instant.copying import answers_requests, check_copies, content_of, continuation
from castalia.judging.language import CERTAIN, allowed, detect
from castalia.judging.obeying import check_schema
from castalia.judging.repetition import longest_loop, prose, repeated_share, words_of

REPEATED = 0.5
"""Share of four-word runs said before: plain prose stays under 0.1, song lyrics under 0.4, a looping model nears 1."""

FEWEST_WORDS = 40
"""Shorter answers hold too few runs of four words for a share to mean anything."""

LOOP = 12
"""Words that one loop may cover: "no, no, no" and "ha ha ha ha" are speech, a dozen words in a circle are not."""

CONFIDENCE = 0.25
"""Geometric mean of the token probabilities: below a quarter the model chose among four words at every step."""

WEAKEST = 0.05
"""The same over the worst eight tokens in a row: about twenty equally likely words at each of them."""

STRETCH = 8

ECHO = 0.9
"""Share of three-word runs that prompt and answer have in common: the rest is a word or two."""

LONG_LINE = 12
"""Words from which a last line should end like a sentence; titles, names and list items are shorter."""

ENDINGS = re.compile(r"[.!?…。！？؟।:)\]}>\"'”’»`*_|~]\s*$|[\U0001F300-\U0001FAFF]\s*$")
DANGLING = re.compile(
    r"(?:[,;(\[{–—/]|\b(?:and|or|the|of|to|with|und|oder|der|die|das|et|ou|de|y|o|el|la))\s*$", re.IGNORECASE
)
COPYING = re.compile(
    r"\b(?:repeat|copy|echo|say|correct|fix|proofread|rewrite|rephrase|edit|format|spell|punctuat|grammar|quote|"
    r"wiederhole|korrigiere|répète|corrige|repite|ripeti|repete)\w*|\btimes\b",
    re.IGNORECASE,
)


def check(output: Part, context: CheckContext) -> list[Measure]:
    """Measures ``empty``, ``repetition``, ``loop``, ``cut off``, ``language``, ``echo``; and, where they apply,
    ``schema`` (a JSON schema was set), ``confidence`` and ``weakest stretch`` (the engine gave log-probabilities).

    OpenVINO's are those after the temperature, llama.cpp's those before it: with a low temperature the former are the
    higher, and only values of one engine compare.
    Models trained on texts of one's own are asked for copies instead, see `castalia.judging.instant.copying`; those
    that learnt to answer requests, as well.
    """
    text = output.text if output.text is not None else output.read().decode("utf-8", errors="replace")
    options = context.request.options
    if options.get("raw") or options.get("echo"):
        return _confidence(context.logprobs)  # no answer: it may be empty, and what is asked of answers says nothing
    if not text.strip():
        return [_empty(text)]
    measures = [_empty(text)]
    copies = check_copies(text, context) if answers_requests(context) else []
    if continuation(context):
        # such a model answers nothing: language, echo and an open end say nothing about it
        loops = _repetition(text, copying=False) if content_of(context) == "prose" else []
        return [*measures, *loops, *check_copies(text, context)]
    schema = context.request.options.get("json_schema")
    if isinstance(schema, dict):
        measures.append(check_schema(text, cast("dict[str, object]", schema)))
    copying = bool(COPYING.search(context.request.prompt))
    if not _is_json(text):
        measures += [*_repetition(text, copying), _language(text, context), _echo(text, context, copying)]
    measures.append(_cut_off(text, context))
    return [*measures, *copies, *_confidence(context.logprobs)]


def _empty(text: str) -> Measure:
    letters = len(text.strip())
    return Measure(
        name="empty",
        value=letters,
        unit="characters",
        direction="higher",
        threshold=1,
        status="pass" if letters else "block",
        note="" if letters else "The answer is empty.",
    )


def _repetition(text: str, copying: bool) -> list[Measure]:
    plain = prose(text)
    words = words_of(plain)
    share = repeated_share(words)
    loop = longest_loop(plain, words)
    asked = " The prompt asks for repetition." if copying else ""
    repeated = share > REPEATED and len(words) >= FEWEST_WORDS
    looping = loop is not None and loop.covered > LOOP
    return [
        Measure(
            name="repetition",
            value=round(share, 3),
            unit="share of four-word runs",
            direction="lower",
            threshold=REPEATED,
            status="flag" if repeated and not copying else "pass",
            note=f"Most of it was said before.{asked}" if repeated else "",
        ),
        Measure(
            name="loop",
            value=loop.covered if loop is not None else 0,
            unit="words",
            direction="lower",
            threshold=LOOP,
            status="flag" if looping and not copying else "pass",
            note=f"{loop.text[:80]!r} comes {loop.times} times in a row.{asked}"
            if looping and loop is not None
            else "",
        ),
    ]


def _cut_off(text: str, context: CheckContext) -> Measure:
    note = ""
    last = text.rstrip().rsplit("\n", 1)[-1]
    if context.finish_reason == "length":
        most = context.request.options.get("max_tokens")
        limit = f"max_tokens ({most})" if most is not None else "the model's longest length"
        note = f"The answer reached {limit} before its end."
    elif context.finish_reason == "cancelled":
        note = "The answer was stopped."
    elif context.finish_reason == "stop" and not context.request.options.get("stop") and not _heard(context):
        if text.count("```") % 2:
            note = "A block of code is not closed."
        elif DANGLING.search(last) and len(words_of(last)) > 2:
            note = f"It ends in the middle of a sentence: {last[-40:]!r}."
        elif len(words_of(last)) > LONG_LINE and not ENDINGS.search(last) and "```" not in text:
            note = f"Its last sentence has no end: {last[-40:]!r}."
    return Measure(
        name="cut off",
        value=1 if note else 0,
        direction="lower",
        threshold=0,
        status="flag" if note else "pass",
        note=note,
    )


def _heard(context: CheckContext) -> bool:
    # speech ends where the recording ends, and need not be written with full stops
    return any(
        part.type in {"audio", "speech"} or (part.media_type or "").startswith("audio/")
        for part in context.request.attachments
    )


def _language(text: str, context: CheckContext) -> Measure:
    expected = allowed(context.request)
    guess = detect(text)
    if expected is None or guess is None:
        unclear = "The request allows any language." if expected is None else "Too little text to tell its language."
        return Measure(name="language", value=None, unit="probability", direction="lower", note=unclear)
    unexpected = guess.code not in expected
    wrong = unexpected and guess.confidence >= CERTAIN
    told = f"The answer is in {guess.code}, asked for was {' or '.join(sorted(expected))}."
    return Measure(
        name="language",
        value=round(guess.confidence, 3) if unexpected else 0.0,
        unit="probability of another",
        direction="lower",
        threshold=CERTAIN,
        status="flag" if wrong else "pass",
        note=told if wrong else "",
    )


def _echo(text: str, context: CheckContext, copying: bool) -> Measure:
    asked, answered = words_of(context.request.prompt), words_of(text)
    share = 0.0
    if len(asked) >= 4:
        left = Counter(zip(asked, asked[1:], asked[2:], strict=False))
        right = Counter(zip(answered, answered[1:], answered[2:], strict=False))
        share = 2 * (left & right).total() / max(1, left.total() + right.total())
    echoed = share > ECHO and not copying
    return Measure(
        name="echo",
        value=round(share, 3),
        unit="share of three-word runs",
        direction="lower",
        threshold=ECHO,
        status="flag" if echoed else "pass",
        note="The answer repeats the prompt." if echoed else "",
    )


def _confidence(logprobs: list[TokenLogprob]) -> list[Measure]:
    if not logprobs:
        return []
    values = [entry.logprob for entry in logprobs]
    mean = math.exp(sum(values) / len(values))
    size = min(STRETCH, len(values))
    sums = [sum(values[start : start + size]) for start in range(len(values) - size + 1)]
    worst = min(range(len(sums)), key=sums.__getitem__)
    weakest = math.exp(sums[worst] / size)
    place = "".join(entry.token for entry in logprobs[worst : worst + size])
    return [
        Measure(
            name="confidence",
            value=round(mean, 4),
            unit="probability a token",
            direction="higher",
            threshold=CONFIDENCE,
            status="flag" if mean < CONFIDENCE else "pass",
            note="The model was unsure of most of its words." if mean < CONFIDENCE else "",
            n=len(values),
        ),
        Measure(
            name="weakest stretch",
            value=round(weakest, 4),
            unit="probability a token",
            direction="higher",
            threshold=WEAKEST,
            status="flag" if weakest < WEAKEST and size == STRETCH else "pass",
            note=f"The model was least sure at {place.strip()!r}.",
            n=size,
        ),
    ]


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
