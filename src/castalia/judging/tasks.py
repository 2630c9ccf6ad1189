"""What judges a language task: short checks of what was made against what was given. A task names those that fit it."""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import cast

from castalia.core.results import Measure, Status
from castalia.judging.language import CERTAIN, CODES, detect
from castalia.judging.repetition import words_of
from castalia.modalities.text.claims import missing_identifiers

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
ALIKE = 0.95
"""Share of words in common, in order, from which a text counts as left as it was."""
MOST_COMPARED = 2000
"""Words compared for it: what is longer is compared by its beginning."""
SUPPORTED = 0.6
"""Share of an answer's telling words that stand in the text: below it the answer comes from elsewhere."""
SURE = 0.5
DEFINED = re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
"""What Python code defines by name."""
FUNCTION_WORDS = 3
"""Words of up to so many letters tell nothing of where an answer comes from."""


@dataclass(frozen=True)
class TaskContext:
    """What was given and what was made of it. ``coverage`` is the share that was read, None where all had to be."""

    source: str
    texts: list[str]
    options: dict[str, object]
    facts: dict[str, object] = field(default_factory=dict[str, object])
    coverage: float | None = None
    how: str = ""

    @property
    def text(self) -> str:
        """All that was made."""
        return "\n\n".join(self.texts)


def judge_task(names: tuple[str, ...], context: TaskContext) -> list[Measure]:
    """The measures of these names that apply."""
    found = [CHECKS[name](context) for name in names]
    return [measure for measure in found if measure is not None]


def _measure(
    name: str, value: float, *, least: float | None = None, most: float | None = None, note: str, unit: str = ""
) -> Measure:
    bad = (least is not None and value < least) or (most is not None and value > most)
    status: Status = "flag" if bad else "pass"
    return Measure(
        name=name,
        value=round(value, 4),
        unit=unit,
        direction="lower" if least is None else "higher",
        threshold=most if least is None else least,
        status=status,
        note=note if bad else "",
    )


def _coverage(context: TaskContext) -> Measure | None:
    if context.coverage is None:
        return None
    note = f"Only {context.coverage:.0%} of the text was read: {context.how}."
    return _measure("coverage", context.coverage, least=1.0, unit="share read", note=note)


def _shorter(context: TaskContext) -> Measure | None:
    before, after = len(words_of(context.source)), len(words_of(context.text))
    if before < 30:
        return None
    return _measure(
        "shorter", after / before, most=0.8, unit="of its words", note="It is hardly shorter than the text."
    )


def _new_numbers(context: TaskContext) -> Measure:
    given = _numbers(context.source) | _numbers(str(context.options.get("question", "")))
    new = sorted(_numbers(context.text) - given)
    return _measure("new numbers", len(new), most=0, unit="numbers", note=_not_there(new))


def _numbers_kept(context: TaskContext) -> Measure:
    lost = sorted(_numbers(context.source) - _numbers(context.text))
    return _measure("numbers kept", len(lost), most=0, unit="lost", note=f"Lost: {', '.join(lost[:5])}.")


def _language(context: TaskContext) -> Measure | None:
    wanted, guess = CODES.get(str(context.options.get("to", "")).lower()), detect(context.text)
    if wanted is None or guess is None:
        return None
    value = guess.confidence if guess.code != wanted else 0.0
    return _measure(
        "language", value, most=CERTAIN, unit="probability of another", note=f"It is in {guess.code}, not {wanted}."
    )


def _left_as_it_was(context: TaskContext) -> Measure:
    before, after = words_of(context.source)[:MOST_COMPARED], words_of(context.text)[:MOST_COMPARED]
    ratio = SequenceMatcher(None, before, after, autojunk=False).ratio()
    expected = context.options.get("correct") is True
    note = "It is the text as it was."
    return _measure("left as it was", ratio, most=1.0 if expected else ALIKE, unit="share of words", note=note)


def _length(context: TaskContext) -> Measure | None:
    wanted = context.options.get("length")
    ratio = len(words_of(context.text)) / max(1, len(words_of(context.source)))
    if wanted == "shorter":
        return _measure("length", ratio, most=0.95, unit="of its words", note="It is not shorter.")
    if wanted == "longer":
        return _measure("length", ratio, least=1.1, unit="of its words", note="It is not longer.")
    return _measure("length", ratio, least=0.4, unit="of its words", note="More than half of it is gone.")


def _points_kept(context: TaskContext) -> Measure:
    made = set(_telling(context.text)) | _numbers(context.text)
    points = [point for point in context.source.splitlines() if _telling(point) or _numbers(point)]
    lost = [
        point.strip(" -*\t")
        for point in points
        if not _numbers(point) <= made or sum(word in made for word in _telling(point)) * 2 < len(set(_telling(point)))
    ]
    return _measure("points kept", len(lost), most=0, unit="points lost", note=f"Not in it: {'; '.join(lost[:3])}.")


def _support(context: TaskContext) -> Measure | None:
    telling = _telling(context.text)
    if not telling or context.facts.get("found") is False:
        return None
    invented = missing_identifiers(context.text, f"{context.source}\n{context.options.get('question', '')}")
    if invented:
        return _measure("support", 0.0, least=SUPPORTED, unit="share of telling words", note=_not_there(invented))
    known = set(_telling(context.source))
    share = sum(word in known for word in telling) / len(telling)
    note = "Most of it does not stand in the text."
    return _measure("support", share, least=SUPPORTED, unit="share of telling words", note=note)


def _not_there(words: list[str]) -> str:
    return f"Not in the text: {', '.join(words[:5])}."


def _found_in_the_text(context: TaskContext) -> Measure | None:
    values = [value for text in context.texts for value in _leaves(json.loads(text))]
    if not values:
        return None
    source = _even(context.source)
    invented = [value for value in values if _even(value) not in source]
    share = 1 - len(invented) / len(values)
    return _measure(
        "found in the text", share, least=1.0, unit="share of values", note=f"Not in it: {'; '.join(invented[:3])}."
    )


def _sure(context: TaskContext) -> Measure | None:
    scores = cast("dict[str, float]", context.facts.get("scores") or {})
    if not scores:
        return None
    note = "No label is likelier than all others together."
    return _measure("sure", max(scores.values()), least=SURE, unit="probability", note=note)


def _parses(context: TaskContext) -> Measure | None:
    if str(context.options.get("language", "")).lower() != "python":
        return None
    if context.options.get("action") in {"explain", "complete"}:
        return None
    try:
        ast.parse(context.text)
        problem = ""
    except (SyntaxError, ValueError) as error:
        problem = str(error)
    return _measure("parses", float(not problem), least=1.0, note=f"It is no valid Python: {problem}.")


def _tests_it(context: TaskContext) -> Measure | None:
    """Asserts, or calls of a test case's own, of an answer that names what the code defines."""
    if context.options.get("action") != "test" or str(context.options.get("language", "")).lower() != "python":
        return None
    try:
        nodes = list(ast.walk(ast.parse(context.text)))
    except (SyntaxError, ValueError):
        return None  # `parses` tells
    defined = set(DEFINED.findall(context.source))
    named = {one.id for one in nodes if isinstance(one, ast.Name)} | {
        one.attr for one in nodes if isinstance(one, ast.Attribute)
    }
    found = sum(
        isinstance(one, ast.Assert) or (isinstance(one, ast.Attribute) and one.attr.startswith("assert"))
        for one in nodes
    )
    number = found if named & defined or not defined else 0
    return _measure("tests it", number, least=1.0, unit="assertions", note="It asserts nothing of the code.")


def _all_rows(context: TaskContext) -> Measure:
    empty = sum(not text.strip() for text in context.texts)
    return _measure("all rows", empty, most=0, unit="empty messages", note=f"{empty} messages are empty.")


CHECKS: dict[str, Callable[[TaskContext], Measure | None]] = {
    "all rows": _all_rows,
    "coverage": _coverage,
    "found in the text": _found_in_the_text,
    "language": _language,
    "left as it was": _left_as_it_was,
    "length": _length,
    "new numbers": _new_numbers,
    "numbers kept": _numbers_kept,
    "parses": _parses,
    "points kept": _points_kept,
    "shorter": _shorter,
    "support": _support,
    "sure": _sure,
    "tests it": _tests_it,
}


def _numbers(text: str) -> set[str]:
    # 1,200 and 1.200 and 1200 are one number; leading zeros of dates do not matter
    return {re.sub(r"[.,](?=\d{3}\b)", "", found).lstrip("0") or "0" for found in NUMBER.findall(text)}


def _telling(text: str) -> list[str]:
    return [word for word in words_of(text) if len(word) > FUNCTION_WORDS]


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in cast("dict[str, object]", value).values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in cast("list[object]", value) for leaf in _leaves(inner)]
    if isinstance(value, bool) or value is None:
        return []
    return [str(value)] if str(value).strip() else []


def _even(text: str) -> str:
    return " ".join(re.sub(r"[^\w.,]", " ", text.casefold()).split())
