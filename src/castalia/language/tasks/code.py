"""Code: write it from words, explain it, fix it, test it, or fill in what is missing at the cursor."""

import re
from collections.abc import Generator
from typing import Literal

from pydantic import Field, computed_field

from castalia.core.errors import BadRequest, UnsupportedOption
from castalia.core.events import Event
from castalia.language.answering import cleaned
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

CURSOR = "<cursor>"
FIM = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
)
"""Prefix, suffix and middle tokens: Qwen2.5-Coder and CodeGemma; StarCoder; Granite; DeepSeek-Coder; Code Llama.

Fill in the middle: Bavarian et al. 2022, "Efficient Training of Language Models to Fill in the Middle".
"""
ENDS = ["<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>", "<file_sep>"]
FENCED = re.compile(r"```[\w+#-]*[ \t]*\n(.*?)(?:\n?```|\Z)", re.DOTALL)
ROOM = {"write": 400, "explain": 220, "fix": 500, "test": 400, "complete": 128}
Action = Literal["write", "explain", "fix", "test", "complete"]


class Options(TaskOptions):
    """What to do with which code."""

    action: Action = Field(
        default="write", description="Write from words, explain, fix, test, or complete at <cursor>."
    )
    language: str = Field(default="Python", max_length=40, description="The programming language.")
    problem: str = Field(default="", max_length=2000, description="For fix: what is wrong, such as an error message.")


class Coded(TaskOutput):
    """``code`` is the code of the answer alone; all of it, where it is nothing else."""

    action: Action

    @computed_field
    @property
    def code(self) -> str:
        """The first fenced block, or the text when there is none; empty for an explanation."""
        return "" if self.action == "explain" else code_of(self.text)


SHOWN = {
    "write": ("A function double(x) that returns twice x.", "```python\ndef double(x):\n    return 2 * x\n```"),
    "explain": (
        "```python\nfor name in sorted(names):\n    print(name)\n```",
        "It prints every name in alphabetical order, one a line.",
    ),
    "fix": (
        "```python\ndef area(w, h):\n    return w + h\n```",
        "```python\ndef area(w, h):\n    return w * h\n```",
    ),
    "test": (
        "```python\ndef double(x):\n    return 2 * x\n```",
        "```python\nassert double(3) == 6\nassert double(0) == 0\nassert double(-2) == -4\n```",
    ),
}


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The answer of the action. Raises ContextTooLong for code that is too long, BadRequest without a cursor."""
    options = given.options
    if options.action == "complete":
        return (yield from _completed(given, desk))
    room = ROOM[options.action]
    answer = yield from desk.write(turns(given.text, options), max_tokens=room, purpose=options.action)
    text = cleaned(answer) if options.action == "explain" else code_of(answer)
    # small models give the code back instead: once more, without the example, which only Python has
    if options.action == "test" and options.language.lower() == "python" and "assert" not in text:
        asked = turns(given.text, options)[-1:]
        again = code_of((yield from desk.write(asked, max_tokens=room, purpose="test again")))
        text = again if "assert" in again else text
    yield desk.show(text)
    return Made([text], None, {"action": options.action})


def _completed(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    before, mark, after = given.text.partition(CURSOR)
    if not mark or CURSOR in after:
        raise BadRequest(
            f"To complete code, its text must hold {CURSOR} once, where the cursor is.",
            hint=f"For example: def double(x):\\n    return {CURSOR}",
        )
    tokens = next((tokens for tokens in FIM if desk.has_tokens(tokens)), None)
    if tokens is None:
        raise UnsupportedOption(
            "This model cannot fill in the middle: its vocabulary has no tokens for it.",
            hint="Take a model for code that has them, such as Qwen2.5-Coder, with --model.",
        )
    prefix, suffix, middle = tokens
    # within a line only its rest is missing; small models would go on with code that stands after the cursor already
    stops = [*ENDS, "\n"] if before.rpartition("\n")[2].strip() else ENDS
    prompt = f"{prefix}{before}{suffix}{after}{middle}"
    text = yield from desk.write(
        [("user", prompt)], max_tokens=ROOM["complete"], purpose="complete", raw=True, stop=stops
    )
    yield desk.show(text)
    return Made([text], None, {"action": "complete"})


def turns(text: str, options: Options) -> list[Turn]:
    """One such answer, given already, and the code or the wish."""
    shown, answered = SHOWN[options.action]
    material = text.strip()
    if options.action != "write" and "```" not in material:
        material = f"```{options.language.lower()}\n{material}\n```"
    python = options.language.lower() == "python"
    example: list[Turn] = [("user", _asked(shown, options, "")), ("assistant", answered)] if python else []
    return [*example, ("user", _asked(material, options, options.problem))]


def _asked(material: str, options: Options, problem: str) -> str:
    language = options.language
    wish = {
        "write": f"Write {language} code. Give the code only.",
        "explain": f"Explain in one or two sentences what this {language} code does.",
        "fix": f"This {language} code has a mistake. Give the corrected code only.",
        "test": f"Write tests for this {language} code"
        + (", one assert a line." if language.lower() == "python" else "."),
    }[options.action]
    told = f"\n\nThe problem: {problem}" if problem else ""
    return f"{wish}\n\n{material}{told}"


def code_of(text: str) -> str:
    """The first fenced block of an answer; without one the answer as it stands."""
    found = FENCED.search(text)
    return found.group(1).rstrip() if found else text.strip()


TASK = Task(
    name="code",
    summary="Write, explain, fix, test or complete code.",
    options=Options,
    output=Coded,
    run=run,
    measures=("parses", "tests it"),
    takes="what the code shall do, or code",
)
