"""Which of several fitting models is preferred, by what was measured."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from castalia.choosing.chooser import Chooser
from castalia.choosing.policies import not_worse, passed_between
from castalia.core.config import ChooserSettings
from castalia.core.models import Model, ModelFile
from castalia.core.plugins import engines
from castalia.core.requests import Preference, Request
from castalia.core.results import Choice
from castalia.store.history import Experience

NOW = datetime.now(UTC)


def language(name: str, megabytes: int, age: int, **fields: object) -> Model:
    files = [ModelFile(path="model.gguf", size=megabytes * 1_000_000, sha256="0" * 64)]
    entry = {"format": "fake", "engines": ["fake"], "folder": Path(), "outputs": ["text"], "files": files, **fields}
    return Model.model_validate({"name": name, "created": NOW - timedelta(days=age), **entry})


BIG = language("big", 900, 3, aliases=["default"])
SMALL = language("small", 90, 2)
MIDDLE = language("middle", 300, 1)
ALL = [BIG, SMALL, MIDDLE]


@pytest.fixture(scope="module")
def chooser() -> Chooser:
    return Chooser(ChooserSettings())


def choose(chooser: Chooser, policy: Preference | None, **known: Experience) -> Choice:
    return chooser.choose(Request.of_text("Why is the sea salty?", policy=policy), ALL, known)


def test_without_measurements_the_default_model_is_best(chooser: Chooser) -> None:
    choice = choose(chooser, None)
    assert (choice.model, choice.policy, choice.fallbacks) == ("big", "best", ["small", "middle"])


def test_best_leaves_out_what_is_clearly_worse(chooser: Chooser) -> None:
    choice = choose(chooser, "best", big=Experience(20, 3, 1.0), small=Experience(20, 19, 1.0))
    assert choice.model == "small"
    assert choice.fallbacks[-1] == "big"
    assert any("3 of its 20 results passed" in reason for reason in choice.reasons)
    few = choose(chooser, "best", big=Experience(4, 0, 1.0), small=Experience(20, 19, 1.0))
    assert few.model == "big"


def test_fastest_goes_by_the_record_then_by_what_pull_measured(chooser: Chooser) -> None:
    known = {"big": Experience(3, 3, 4.0), "middle": Experience(3, 3, 0.5)}
    choice = choose(chooser, "fastest", **known)
    assert choice.model == "middle"
    assert any("median of 3 answers" in reason for reason in choice.reasons)
    figures = {"fake.first_token_seconds": 0.1, "fake.tokens_per_second": 1000.0}
    timed = SMALL.model_copy(update={"figures": figures})
    by_pull = chooser.choose(Request.of_text("Why is the sea salty?", policy="fastest"), [BIG, timed], {})
    assert by_pull.model == "small"
    assert any("measured at pull" in reason for reason in by_pull.reasons)
    assert any("not measured yet" in reason for reason in choose(chooser, "fastest").reasons)


def test_cheapest_goes_by_price_then_size(chooser: Chooser) -> None:
    assert choose(chooser, "cheapest").model == "small"
    priced = SMALL.model_copy(update={"details": {"price_per_million_tokens": 2.5}})
    choice = chooser.choose(Request.of_text("Why is the sea salty?", policy="cheapest"), [BIG, priced, MIDDLE])
    assert choice.model == "middle"


def test_private_leaves_out_engines_that_send_requests_elsewhere(
    chooser: Chooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = BIG.model_copy(update={"name": "away", "engines": ["elsewhere"]})
    real = engines().spec
    remote = real("fake").model_copy(update={"remote": True})
    registry = engines()
    monkeypatch.setattr(type(registry), "spec", lambda _, name: remote if name == "elsewhere" else real(name))
    request = Request.of_text("Why is the sea salty?", policy="private")
    choice = chooser.choose(request, [away, SMALL])
    assert (choice.model, choice.fallbacks) == ("small", [])
    nothing = chooser.choose(request, [away])
    assert nothing.model is None
    assert any("stays on this machine" in reason for reason in nothing.reasons)


def test_a_named_class_comes_before_the_policy(chooser: Chooser) -> None:
    def painter(name: str, *classes: str) -> Model:
        return language(name, 1, 1, outputs=["image"], details={"classes": list(classes)})

    models = [painter("flowers", "rose", "tulip"), painter("digits", "0", "1")]
    known = {"flowers": Experience(9, 9, 9.0), "digits": Experience(9, 9, 0.1)}
    choice = chooser.choose(Request.of_text("Draw a tulip", policy="fastest"), models, known)
    assert choice.model == "flowers"


def test_wilson_interval_is_that_of_the_books() -> None:
    low, high = passed_between(Experience(10, 9, 1.0))
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert not_worse(ALL, {}) == (ALL, None)


def test_several_are_made_where_variety_is_wanted(chooser: Chooser) -> None:
    painter = language("painter", 1, 1, outputs=["image"])

    def settings(text: str, **fields: object) -> dict[str, object]:
        return chooser.choose(Request.of_text(text, **fields), [painter]).settings

    assert settings("Draw a few different hedgehogs") == {"count": 4}
    assert settings("Draw 3 different hedgehogs") == {}
    assert settings("Draw a hedgehog") == {}
    assert settings("Draw a few different hedgehogs", options={"count": 2}) == {}
