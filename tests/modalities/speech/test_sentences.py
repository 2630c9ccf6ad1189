"""Splitting into sentences."""

import pytest

from castalia.modalities.speech.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met Mr. J. K. Jones. Fine.", ["Dr. Smith met Mr. J. K. Jones.", "Fine."]),
        ("It costs $3.50 at 3 p.m. on Friday. Good.", ["It costs $3.50 at 3 p.m. on Friday.", "Good."]),
        ("He lives in the U.S. He is old.", ["He lives in the U.S.", "He is old."]),
        ("Bread, milk, etc. and more. Then go.", ["Bread, milk, etc. and more.", "Then go."]),
        ("He left... or did he? Yes… He did.", ["He left... or did he?", "Yes…", "He did."]),
        ('"Stop!" she cried. He ran.', ['"Stop!" she cried.', "He ran."]),
        ("今日は晴れです。明日は雨！行こう。", ["今日は晴れです。", "明日は雨！", "行こう。"]),
        ("¿Qué tal? ¡Bien! Vale.", ["¿Qué tal?", "¡Bien!", "Vale."]),
        ("A heading\n\nThen text\nthat goes on.", ["A heading", "Then text that goes on."]),
        ("Buy:\n- milk\n- bread", ["Buy:", "- milk", "- bread"]),
        ("What is it? I. Yes.", ["What is it?", "I.", "Yes."]),
        ("  \n\n ", []),
    ],
)
def test_splitting(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_long_sentence_is_cut_at_commas_and_loses_nothing() -> None:
    text = ", ".join(f"the {number}th word of many" for number in range(60)) + "."
    pieces = split_sentences(text)
    assert len(pieces) > 3
    assert all(len(piece) <= 300 and piece.endswith((",", ".")) for piece in pieces)
    assert " ".join(pieces) == text


@pytest.mark.parametrize("text", ["word " * 200, "x" * 1000])
def test_a_long_sentence_without_commas_is_cut_too(text: str) -> None:
    pieces = split_sentences(text)
    assert max(map(len, pieces)) <= 300
    assert "".join("".join(pieces).split()) == "".join(text.split())
