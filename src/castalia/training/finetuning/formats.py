"""Files of examples, read line by line with every problem named by its line. Knows no torch and no tokenizer.

A file holds one format: ``chat`` (``messages`` with ``role`` and ``content``), ``instruction`` (``prompt`` and
``completion``, or ``instruction``, perhaps ``input``, and ``output``) or ``text`` (``text``; a .txt or .md file as a
whole).
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

Format = Literal["chat", "instruction", "text"]
ROLES = ("system", "user", "assistant")
FEWEST = 8
"""Of fewer examples none can be held out and nothing is learnt but these words."""
TEXT_SUFFIXES = (".txt", ".md")
MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Turn:
    """One message; ``learnt`` says whether its words are."""

    role: str
    content: str
    learnt: bool = False


@dataclass(frozen=True)
class Example:
    """What one line holds: turns of a conversation, the last one an answer, or a text alone."""

    line: int
    turns: tuple[Turn, ...] = ()
    text: str = ""

    @property
    def words(self) -> str:
        """All that can be read in it."""
        return self.text or "\n".join(turn.content for turn in self.turns)


@dataclass
class Reading:
    """The examples of a file, and what is wrong with it: ``problems`` forbid learning, ``warnings`` do not."""

    format: Format | None = None
    examples: list[Example] = field(default_factory=list[Example])
    problems: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


class _Wrong(ValueError):
    """Why a line is no example."""


def read_examples(path: Path, leave_out: frozenset[int] = frozenset()) -> Reading:
    """All examples of a file without the lines ``leave_out``; raises nothing for what is wrong with them.

    An example that stands there twice is learnt once.
    """
    found = Reading()
    if path.stat().st_size > MOST_BYTES:
        found.problems.append(f"the file has {path.stat().st_size:,} bytes; at most {MOST_BYTES:,} are read")
        return found
    data = path.read_bytes()
    try:
        whole = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        found.problems.append(f"line {line}: not UTF-8")
        return found
    if path.suffix.lower() in TEXT_SUFFIXES:
        found.format = "text"
        kept = [text for line, text in paragraphs(whole) if line not in leave_out]
        if not kept:
            found.problems.append("the file holds no text")
        found.examples = [Example(1, text="\n\n".join(kept))]
        return found
    _read_lines(whole, found, leave_out)
    if not found.examples and not found.problems:
        found.problems.append("the file holds no example")
    elif len(found.examples) < FEWEST:
        found.problems.append(f"the file holds {_counted(len(found.examples))}; at least {FEWEST} are needed")
    return found


def _counted(count: int) -> str:
    return f"{count} usable example{'' if count == 1 else 's'}"


def paragraphs(whole: str) -> list[tuple[int, str]]:
    """A text's paragraphs with the lines where they begin."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(whole.splitlines(), 1):
        if not line.strip():
            found.append((number, ""))
        elif found and found[-1][1]:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        else:
            found.append((number, line))
    return [(number, text) for number, text in found if text]


def _read_lines(whole: str, found: Reading, leave_out: frozenset[int]) -> None:
    places: dict[Format, list[int]] = {"chat": [], "instruction": [], "text": []}
    seen: dict[str, int] = {}
    answers: defaultdict[str, set[str]] = defaultdict(set)
    doubles: list[tuple[int, int]] = []
    # not splitlines: JSON strings may hold U+2028 and its like
    for number, line in enumerate(whole.split("\n"), 1):
        if not line.strip() or number in leave_out:
            continue
        try:
            kind, example = _example(number, line)
        except _Wrong as wrong:
            found.problems.append(f"line {number}: {wrong}")
            continue
        places[kind].append(number)
        key = repr((example.turns, example.text))
        if key in seen:
            doubles.append((number, seen[key]))
            continue
        seen[key] = number
        if example.turns:
            answers[repr(example.turns[:-1])].add(example.turns[-1].content)
        found.examples.append(example)
    there: dict[Format, list[int]] = {kind: lines for kind, lines in places.items() if lines}
    if len(there) > 1:
        told = ", ".join(f"{len(lines)} of {kind} (first in line {lines[0]})" for kind, lines in there.items())
        found.problems.append(f"the file mixes formats: {told}")
    found.format = next(iter(there), None)
    if doubles:
        told = ", ".join(f"line {line} repeats line {first}" for line, first in doubles[:5])
        more = f" and {len(doubles) - 5} more" if len(doubles) > 5 else ""
        found.warnings.append(f"{len(doubles)} examples stand there twice and are learnt once: {told}{more}")
    torn = sum(len(one) > 1 for one in answers.values())
    if torn:
        found.warnings.append(f"{torn} questions have several different answers")


def _example(number: int, line: str) -> tuple[Format, Example]:
    try:
        row: object = json.loads(line)
    except ValueError as error:
        raise _Wrong(f"not valid JSON: {error}") from None
    if not isinstance(row, dict):
        raise _Wrong("not a JSON object")
    fields = cast("dict[str, object]", row)
    if "messages" in fields:
        return "chat", Example(number, tuple(_turns(fields["messages"])))
    if "completion" in fields or "output" in fields:
        return "instruction", Example(number, _instruction(fields))
    if "text" in fields:
        return "text", Example(number, text=_filled(fields, "text"))
    names = ", ".join(sorted(fields)) or "none"
    raise _Wrong(f"has none of messages, prompt with completion, instruction with output, text (its fields: {names})")


def _filled(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise _Wrong(f"{name} is {'missing' if value is None else 'no string'}")
    if not value.strip():
        raise _Wrong(f"{name} is empty")
    return value


def _instruction(fields: dict[str, object]) -> tuple[Turn, ...]:
    if "completion" in fields:
        question, answer = _filled(fields, "prompt"), _filled(fields, "completion")
    else:
        question, answer = _filled(fields, "instruction"), _filled(fields, "output")
        more = fields.get("input")
        if more is not None and not isinstance(more, str):
            raise _Wrong("input is no string")
        question = f"{question}\n\n{more}" if more else question
    return Turn("user", question), Turn("assistant", answer, learnt=True)


def _turns(messages: object) -> Iterator[Turn]:
    if not isinstance(messages, list) or not messages:
        raise _Wrong("messages is no list, or empty")
    before, learns = "", False
    for place, message in enumerate(cast("list[object]", messages), 1):
        turn = _turn(message, f"message {place}", before)
        before, learns = turn.role, learns or turn.learnt
        yield turn
    if before != "assistant":
        raise _Wrong("the last message is no assistant's, so there is no answer to learn")
    if not learns:
        raise _Wrong("every answer has the weight 0, so there is nothing to learn")


def _turn(message: object, where: str, before: str) -> Turn:
    """A message that comes after one of the role ``before``, empty for the first."""
    if not isinstance(message, dict):
        raise _Wrong(f"{where} is no object")
    fields = cast("dict[str, object]", message)
    role, content, weight = fields.get("role"), fields.get("content"), fields.get("weight", 1)
    if role not in ROLES:
        raise _Wrong(f"{where} has the role {role!r}; there are {', '.join(ROLES)}")
    if fields.get("tool_calls") or fields.get("function_call"):
        raise _Wrong(f"{where} calls tools, which cannot be learnt here")
    if not isinstance(content, str):
        raise _Wrong(f"the content of {where} is {'missing' if content is None else 'no string'}")
    if not content.strip():
        raise _Wrong(f"{where} ({role}) is empty")
    if weight not in {0, 1}:
        raise _Wrong(f"the weight of {where} is {weight!r}; it can be 0 or 1")
    _check_order(str(role), where, before)
    return Turn(str(role), content, learnt=role == "assistant" and weight == 1)


def _check_order(role: str, where: str, before: str) -> None:
    if role == "system" and before:
        raise _Wrong(f"{where} is of the system; only the first can be")
    if role == "assistant" and before != "user":
        raise _Wrong(f"{where} answers nobody: an assistant's message follows a user's")
    if role == "user" and before == "user":
        raise _Wrong(f"{where} is a second user message in a row")
