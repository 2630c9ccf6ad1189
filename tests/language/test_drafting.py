"""A draft as a whole, by a model that says what it is told to say."""

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

from castalia.core.events import Event
from castalia.language.task import Given, Material
from castalia.language.tasks import draft

POINTS = "- to the bank\n- card stolen on 3 April\n- block it"


def drafted(*answers: str, **options: Any) -> str:
    """What becomes of the points when the model answers so, the last one again and again."""
    waiting = list(answers)

    def write(*_: object, **__: object) -> Generator[Event, None, str]:
        yield from ()
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    desk: Any = SimpleNamespace(write=write, show=lambda text: text)
    steps = draft.run(Given([Material(POINTS)], draft.Options(kind="letter", **options)), desk)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value.texts[0]


def test_a_sound_draft_is_left_alone() -> None:
    good = "Dear bank,\n\nMy card was stolen on 3 April. Please block it.\n\nKind regards"
    assert drafted(good) == good


def test_a_foreign_draft_gives_way_to_the_points_in_their_order() -> None:
    made = drafted("Dear Mr Smith,\n\nI love Paris. It has 2 rivers.", "My card was stolen on 3 April.", "I like cats.")
    assert made == "Dear bank,\n\nMy card was stolen on 3 April. Block it.\n\nKind regards"
    assert drafted("I love Paris.", "I like cats.", strict=False) == (
        "I love Paris. To the bank. Card stolen on 3 April. Block it."
    )
