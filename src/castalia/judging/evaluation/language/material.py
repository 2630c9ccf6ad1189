"""What language models are asked: our own questions and texts, or those of a file."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from castalia.core.errors import BadRequest
from castalia.modalities.text.options import TextData
from castalia.modalities.text.reading import documents_of, read

MATERIAL = Path(__file__).with_name("material.json")
LONGEST = 1500
"""Characters of one passage: texts of people are cut at paragraphs into such."""
MOST_PASSAGES = 32


@dataclass(frozen=True)
class Question:
    """A question with its accepted answers; ``source`` is the text that holds the answer, where there is one."""

    text: str
    answers: tuple[str, ...]
    source: str = ""


@dataclass
class Material:
    """All that an evaluation asks. ``origin`` says where it is from."""

    passages: list[str]
    facts: list[Question]
    sourced: list[Question]
    openings: list[str] = field(default_factory=list[str])
    samplings: list[str] = field(default_factory=list[str])
    origin: str = "packaged"


@cache
def _packaged() -> dict[str, list[object]]:
    return json.loads(MATERIAL.read_text(encoding="utf-8"))


def packaged() -> Material:
    """Our own."""
    data = _packaged()
    passages = cast("list[dict[str, object]]", data["passages"])
    facts = [
        (str(text), tuple(cast("list[str]", answers))) for text, answers in cast("list[list[object]]", data["facts"])
    ]
    sourced = [
        Question(question, (answer,), str(passage["text"]))
        for passage in passages
        for question, answer in cast("list[list[str]]", passage["questions"])
    ]
    return Material(
        passages=[str(passage["text"]) for passage in passages],
        facts=[Question(text, answers) for text, answers in facts],
        sourced=sourced,
        openings=[str(one) for one in data["openings"]],
        samplings=[str(cast("list[str]", one)[0]) for one in data["samplings"]],
    )


def supplied(source: Path) -> Material:
    """Ours, with passages or questions of a file or folder in their place.

    JSON lines with ``question`` and ``answer`` (a text or several), and ``source`` where the answer stands in a text,
    replace the questions; any other text replaces the passages. Raises BadRequest for a line that is neither.
    """
    own = packaged()
    own.origin = source.name
    if source.is_file() and source.suffix.lower() in {".jsonl", ".ndjson"}:
        questions = [
            _question(line, source, number)
            for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1)
            if line.strip()
        ]
        if not questions:
            raise BadRequest(f"{source} holds no question.", hint='Lines look like {"question": ..., "answer": ...}.')
        own.facts = [one for one in questions if not one.source]
        own.sourced = [one for one in questions if one.source]
        return own
    passages = [piece for text in documents_of(read(source, TextData(skip_bad=True))) for piece in pieces(text)]
    if not passages:
        raise BadRequest(f"{source} holds no text.", hint="Give text files, or questions as .jsonl.")
    step = max(1, len(passages) // MOST_PASSAGES)
    own.passages = passages[::step][:MOST_PASSAGES]
    return own


def pieces(text: str) -> list[str]:
    """The text in pieces of at most 1,500 characters, cut at blank lines, else at lines, else anywhere."""
    found: list[str] = []
    for paragraph in text.split("\n\n"):
        if found and len(found[-1]) + len(paragraph) + 2 <= LONGEST:
            found[-1] += f"\n\n{paragraph}"
            continue
        rest = paragraph
        while len(rest) > LONGEST:
            cut = max(rest.rfind("\n", 0, LONGEST), rest.rfind(". ", 0, LONGEST) + 1)
            cut = cut if cut > LONGEST // 2 else LONGEST
            found.append(rest[:cut])
            rest = rest[cut:].lstrip()
        if rest.strip():
            found.append(rest)
    return [one for one in found if len(one.strip()) > 40]


def _question(line: str, source: Path, number: int) -> Question:
    try:
        row: object = json.loads(line)
    except ValueError as error:
        raise BadRequest(f"{source.name}, line {number} is not JSON: {error}.", hint="One object a line.") from None
    fields = cast("dict[str, object]", row) if isinstance(row, dict) else {}
    question, answer = fields.get("question"), fields.get("answer", fields.get("answers"))
    answers = [answer] if isinstance(answer, str | int | float) else answer
    if not isinstance(question, str) or not isinstance(answers, list) or not answers:
        raise BadRequest(
            f"{source.name}, line {number} has no question with an answer.",
            hint='Lines look like {"question": "...", "answer": "..."}.',
        )
    return Question(question, tuple(str(one) for one in cast("list[object]", answers)), str(fields.get("source", "")))
