"""Files of examples: every problem is found at once and named by its line."""

import json
from pathlib import Path

import pytest

from castalia.training.finetuning.formats import Turn, read_examples


def chat(question: str, answer: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})


def written(folder: Path, *lines: str) -> Path:
    path = folder / "examples.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    lines = [
        chat("one", "1"),
        "{broken",
        chat("two", "  "),
        json.dumps({"messages": [{"role": "robot", "content": "x"}]}),
        json.dumps({"messages": messages[:1]}),
        json.dumps({"messages": [messages[1]]}),
        json.dumps({"messages": [messages[0], messages[0], messages[1]]}),
        json.dumps({"messages": [messages[0], {"role": "system", "content": "x"}]}),
        json.dumps({"prompt": "p", "completion": ""}),
        json.dumps({"instruction": "p"}),
        "[]",
        json.dumps({"text": "a text"}),
        json.dumps({"messages": [messages[0], {**messages[1], "weight": 0}]}),
    ]
    problems = read_examples(written(tmp_path, *lines)).problems
    begins = [problem.split(":")[0] for problem in problems]
    assert begins[:10] == [f"line {number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11)]
    said = "\n".join(problems)
    for words in ("not valid JSON", "is empty", "the role 'robot'", "no assistant's", "answers nobody", "in a row",
                  "only the first", "completion is empty", "its fields: instruction", "not a JSON object",
                  "mixes formats: 1 of chat (first in line 1), 1 of text (first in line 12)", "weight 0",
                  "at least 8 are needed"):  # fmt: skip
        assert words in said


def test_a_file_of_one_row_is_too_little(tmp_path: Path) -> None:
    assert read_examples(written(tmp_path, chat("q", "a"))).problems == [
        "the file holds 1 usable example; at least 8 are needed"
    ]


def test_what_stands_there_twice_is_learnt_once_and_told(tmp_path: Path) -> None:
    lines = [chat(f"q{number}", "a") for number in range(9)]
    found = read_examples(written(tmp_path, *lines, lines[2], chat("q3", "another")))
    assert found.problems == []
    assert len(found.examples) == 10
    assert "line 10 repeats line 3" in found.warnings[0]
    assert found.warnings[1] == "1 questions have several different answers"


@pytest.mark.parametrize(
    ("row", "question"),
    [
        ({"prompt": "p", "completion": "c"}, "p"),
        ({"instruction": "i", "output": "c"}, "i"),
        ({"instruction": "i", "input": "x", "output": "c"}, "i\n\nx"),
    ],
)
def test_instructions_are_questions_with_answers(tmp_path: Path, row: dict[str, str], question: str) -> None:
    found = read_examples(written(tmp_path, json.dumps(row)))
    assert found.format == "instruction"
    assert found.examples[0].turns == (Turn("user", question), Turn("assistant", "c", learnt=True))


def test_a_text_file_is_one_text_without_the_paragraphs_left_out(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("one\ntwo\n\nthree\n\nfour\n", encoding="utf-8")
    assert read_examples(path).examples[0].text == "one\ntwo\n\nthree\n\nfour"
    assert read_examples(path, frozenset({4})).examples[0].text == "one\ntwo\n\nfour"


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "\xff"}\n')
    assert read_examples(path).problems == ["line 2: not UTF-8"]
