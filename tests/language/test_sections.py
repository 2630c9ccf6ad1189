"""Cutting texts: nothing is lost, nothing is too long, and it is cut where it breaks best."""

import random

import pytest

from castalia.core.errors import ContextTooLong
from castalia.language.sections import over_sections, sections_of, tokens_of

TEXTS = [
    "One short line.",
    "# A\n\nFirst paragraph of words.\n\nSecond one, longer than that.\n\n# B\n\nThird. " * 30,
    "no breaks at all" * 300,
    "x" * 5000,
    "今天天气很好。我们去公园。" * 200,
    "a\r\nb\n\n\n  c\t" * 400,
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("limit", [10, 57, 400])
def test_the_sections_joined_are_the_text_and_none_is_too_long(text: str, limit: int) -> None:
    sections = sections_of(text, limit)
    assert "".join(sections) == text
    assert all(tokens_of(section) <= limit + 1 for section in sections)
    assert all(sections)


def test_random_texts_are_never_lost() -> None:
    draw = random.Random(4)
    for _ in range(200):
        text = "".join(draw.choices("ab .\n#é汉", k=draw.randrange(1, 300)))
        assert "".join(sections_of(text, draw.randrange(1, 60))) == text


def test_it_is_cut_at_headings_first() -> None:
    text = "# One\n" + "word " * 40 + "\n# Two\n" + "word " * 40
    first, second = sections_of(text, 80)
    assert first.startswith("# One")
    assert second.startswith("# Two")


class Narrow:
    """A desk whose model refuses what is longer than it says."""

    def progress(self, message: str, fraction: float | None = None) -> tuple[str, float | None]:
        return message, fraction


def mapped(text: str, limit: int, most: int):
    def work(section: str, purpose: str):
        if len(section) > most:
            raise ContextTooLong("too long")
        yield from ()
        return section.upper()

    steps = over_sections(Narrow(), text, limit, work, "reading")  # pyright: ignore[reportArgumentType]
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def test_a_section_that_proves_too_long_is_cut_again_and_all_is_covered() -> None:
    text = "some words here. " * 200
    found, told = mapped(text, 600, 500)
    assert "".join(found.texts) == text.upper()
    assert found.coverage.share == 1.0
    assert found.coverage.sections > 2
    assert all(fraction is None or 0 <= fraction < 1 for _, fraction in told)


def test_what_cannot_be_cut_any_more_is_refused() -> None:
    with pytest.raises(ContextTooLong):
        mapped("some words here. " * 200, 600, 5)
