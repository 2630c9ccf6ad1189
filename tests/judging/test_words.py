"""Word error rate."""

import pytest

from castalia.judging.instant.words import spoken_words, word_error_rate


@pytest.mark.parametrize(
    ("spoken", "heard"),
    [
        ("Good morning!", "good morning"),
        ("one hundred and twenty engines", "120 engines"),
        ("In 1969", "in nineteen sixty-nine"),
        ("two thousand and six", "2006"),
        ("the 14th of March", "the fourteenth of march"),
        ("twenty first", "21st"),
        ("1,200 people", "1200 people"),
        ("a hundred men", "100 men"),
        ("at 3:30 p.m.", "at 3.30 PM"),
        ("eleven forty-five", "11:45"),
        ("It isn't, we'll see", "it is not we will see"),
        ("Mr. Jones and Dr. Ray", "mister Jones and doctor Ray"),
        ("She sells sea shells", "She sells seashells"),
        ("e-mail me", "email me"),
        ("It's $42.50", "it is 42 dollars 50 cents"),
        ("50 per cent", "50%"),
        ("今日は", "今日は。"),
    ],
)
def test_what_sounds_alike_is_no_error(spoken: str, heard: str) -> None:
    assert word_error_rate(spoken, heard) == 0


@pytest.mark.parametrize(
    ("spoken", "heard", "rate"),
    [
        ("a b c d", "a x c", 0.5),
        ("a b c d", "a b c d e", 0.25),
        ("a b c d", "", 1.0),
        ("", "", 0.0),
        ("", "anything", 1.0),
        ("yes", "oh no not at all", 5.0),
        ("今日は雨", "今日も雨", 0.25),
    ],
)
def test_errors_are_counted_by_word(spoken: str, heard: str, rate: float) -> None:
    assert word_error_rate(spoken, heard) == pytest.approx(rate)


def test_numbers_are_read_as_they_are_meant() -> None:
    assert spoken_words("five hundred million three hundred thousand and two") == ["500300002"]
    assert spoken_words("two and three, five six") == ["2", "and", "3", "5", "6"]
    assert spoken_words("give me a second") == ["give", "me", "a", "second"]
