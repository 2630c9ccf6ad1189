"""Routing wishes to tasks: held-out wishes, saying "unsure", and what a wish says of options."""

import pytest

from castalia.choosing import held_out
from castalia.choosing.corpus import grammar
from castalia.choosing.tasks.corpus import FOLDER, examples
from castalia.choosing.tasks.routing import (
    DEVELOPMENT,
    HELD_OUT,
    OTHER,
    SURE,
    classifier,
    ranked,
    route,
)
from castalia.choosing.tasks.saying import options_of
from castalia.core.errors import BadRequest


def test_weights_match_the_corpus() -> None:
    trained = "python scripts/train_task_router.py trains the weights anew"
    assert classifier().corpus == grammar.load(FOLDER).digest, trained


def test_wishes_that_were_never_learnt_go_the_right_way_or_are_asked_back() -> None:
    wishes = held_out.load(HELD_OUT)
    assert len(wishes) >= 120
    first = [(one.label, *ranked(one.text, list(one.kinds))[0]) for one in wishes]
    assert sum(name == label for label, name, _ in first) / len(wishes) >= 0.95
    acted = [(label, name) for label, name, probability in first if name != OTHER and probability >= SURE]
    assert sum(label != name for label, name in acted) <= 0.02 * len(acted)


def test_what_is_held_out_was_not_learnt() -> None:
    kept = {held_out.plain(one.text) for path in (HELD_OUT, DEVELOPMENT) for one in held_out.load(path)}
    learnt = examples()
    assert len(learnt) > 9000
    assert kept & {held_out.plain(example.text) for example in learnt} == set()


@pytest.mark.parametrize("wish", ["hmm", "do it", "draw me a cat", "Hello!", "the usual, please", "x", ""])
def test_it_says_unsure_rather_than_guess(wish: str) -> None:
    with pytest.raises(BadRequest, match="unsure"):
        route(wish, ["text"])


def test_a_route_says_why() -> None:
    found = route("shorten this", ["text"])
    assert (found.task, found.options) == ("rewrite", {"length": "shorter"})
    assert found.confidence >= SURE
    assert any("rewrite" in reason for reason in found.reasons)
    assert "it says length: shorter" in found.reasons


@pytest.mark.parametrize(
    ("task", "wish", "options"),
    [
        ("translate", "Put this into French", {"to": "French"}),
        ("translate", "from Polish to English", {"to": "English", "source": "Polish"}),
        ("translate", "Chinese translation of this menu", {"to": "Chinese"}),
        ("summarise", "summarise it in three bullet points", {"sentences": 3, "form": "list"}),
        ("rewrite", "make it less formal", {"tone": "friendly"}),
        ("rewrite", "fix my grammar", {"correct": True}),
        ("rewrite", "expand this for beginners", {"length": "longer", "audience": "beginners"}),
        ("draft", "turn my notes into a letter", {"kind": "letter"}),
        ("answer", "What does clause 4 say?", {"question": "What does clause 4 say?"}),
        ("code", "write tests for this javascript", {"action": "test", "language": "JavaScript"}),
        ("code", "why does it crash", {"action": "fix"}),
        ("classify", "Is this spam or ham?", {"labels": ["spam", "ham"]}),
        ("classify", "Sort this into complaint, praise or question", {"labels": ["complaint", "praise", "question"]}),
        ("extract", "Pull out all names and dates", {"fields": ["names", "dates"]}),
        ("personalise", "mail merge", {}),
    ],
)
def test_what_a_wish_says_of_the_options(task: str, wish: str, options: dict[str, object]) -> None:
    assert options_of(task, wish) == options
