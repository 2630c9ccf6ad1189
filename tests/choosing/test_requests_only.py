"""A model that has learnt requests of one kind answers those, and leaves the others to a language model."""

from pathlib import Path

import pytest

from castalia.choosing.ranking import pick
from castalia.core.models import Model

ASKED = ["write", "tell", "me", "can", "you", "a", "an", "short", "story", "about", "and", "fox", "lost", "bell"]


def of_text(name: str, **details: object) -> Model:
    aliases = ["story"] if details else ["default"]
    return Model(
        name=name, format="castalia", engines=["native"], inputs=["text"], outputs=["text"], folder=Path("/m"),
        aliases=aliases, details=details,
    )  # fmt: skip


LANGUAGE = of_text("smollm")
STORIES = of_text("stories", kind="requests", **{"asked in": ASKED})


@pytest.mark.parametrize("models", [[LANGUAGE, STORIES], [STORIES, LANGUAGE]])
@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("Write a short story about a fox and a lost bell", "stories"),
        ("Can you tell me a story about a fox?", "stories"),
        ("Write a short story about a fox and a lost submarine", "smollm"),
        ("Tell me about a fox and a bell", "smollm"),
        ("Write a story about the French revolution", "smollm"),
    ],
)
def test_it_is_taken_when_it_is_called_and_knows_all_words(models: list[Model], prompt: str, chosen: str) -> None:
    picked = pick("text", models, prompt, [])
    assert picked.model is not None
    assert picked.model.name == chosen
    assert ("just these words" in picked.reason) == (chosen == "stories")


def test_it_answers_anything_when_it_is_alone() -> None:
    picked = pick("text", [STORIES], "Write about submarines", [])
    assert picked.model is STORIES
    assert "only installed model" in picked.reason
