"""The starter model of stories, as it is shipped."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "starter" / "src" / "castalia_starter" / "models" / "stories"


def told(events):
    return "".join(event.text for event in events if event.event == "text"), events[-1].finish_reason


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Write a short story about a fox and a lost bell", {"fox", "bell", "lost"}),
        (
            "Tell me a story about a brave hare and a magic lantern by the sea.",
            {"brave", "hare", "magic", "lantern", "sea"},
        ),
        ("Can you tell me a story about an owl who has lost a key?", {"owl", "lost", "key"}),
    ],
)
def test_stories_are_about_what_they_are_asked_for(ask, prompt, subject):
    stories = [told(ask(FOLDER, "text", prompt, seed=seed)) for seed in range(4)]
    heeded = [subject <= set(re.findall(r"[a-z]+", text.lower())) for text, _ in stories]
    assert sum(heeded) >= 3
    for text, reason in stories:
        assert reason == "stop"
        assert text.count("\n") >= 1
        assert re.search(r"[.!?]\"?$", text)
