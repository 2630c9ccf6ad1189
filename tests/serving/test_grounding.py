"""Answers from documents: cited, quoted where the model's words have no support, declined where nothing answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castalia.core.config import DocumentSettings, Settings
from castalia.core.errors import ConfigError, NotFound
from castalia.core.events import Completed, Event, Progress, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.language.documents.citing import Cited
from castalia.language.documents.evidence import Evidence, Sentence
from castalia.language.documents.library import sources_of
from castalia.language.documents.shelf import Passage
from castalia.serving.house import House
from castalia.serving.pipeline import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXT = (
    "# Rules of the boat house\n\n## Prices\n\nA canoe costs 14 euros a day. The deposit is 50 euros.\n\n"
    "## People\n\nThe keeper is Mara Lindt.\n"
)
QUESTION = "What does a canoe cost?"


@pytest.fixture
def asked(house: House, starter: House, tmp_path: Path) -> Callable[[str, str], tuple[Cited, str, Request]]:
    house.registry.add(starter.registry.get("minilm"))
    (tmp_path / "rules.md").write_text(TEXT)
    list(house.library.add(sources_of([tmp_path / "rules.md"]), house.library.collection("rules", create=True)))

    def ask(question: str, reply: str) -> tuple[Cited, str, Request]:
        house.registry.add(
            Model(
                name="talker",
                format="fake",
                engines=["fake"],
                outputs=["text"],
                folder=house.home,
                details={"reply": reply},
            ),
            replace=True,
        )
        events = list(answer(house, Request.of_text(question, documents=["rules"], options={"max_tokens": 60})))
        result = next(event.result for event in events if isinstance(event, Completed))
        streamed = "".join(event.text for event in events if isinstance(event, TextDelta))
        assert streamed == result.text
        return (
            Cited.model_validate(result.outputs[0].info["documents"]),
            result.verdict.status,
            house.history.get(result.id).request,
        )

    return ask


def test_a_supported_answer_keeps_its_words_and_cites(asked: Callable[..., tuple[Cited, str, Request]]) -> None:
    told, _, kept = asked(QUESTION, "A canoe costs 14 euros.")
    assert told.text == "A canoe costs 14 euros."
    assert [place.text for place in told.sentences[0].citations] == ["A canoe costs 14 euros a day."]
    assert not told.quoted
    place = told.sentences[0].citations[0]
    assert place.end - place.start == len(place.text)
    assert kept.documents == ["rules"]


@pytest.mark.parametrize(
    "reply", ["A canoe costs 15 euros.", "A canoe costs what Peter Smith says.", "Blue is a colour."]
)
def test_words_without_support_give_way_to_a_quotation(
    reply: str, asked: Callable[..., tuple[Cited, str, Request]]
) -> None:
    told, _, _ = asked(QUESTION, reply)
    assert told.quoted
    assert told.text == "A canoe costs 14 euros a day."


def test_a_sentence_without_support_is_marked_and_flagged(asked: Callable[..., tuple[Cited, str, Request]]) -> None:
    told, status, _ = asked(QUESTION, "A canoe costs 14 euros a day. It was built in Norway.")
    assert [one.supported for one in told.sentences] == [True, False]
    assert status == "flag"


@pytest.mark.parametrize(
    "question", ["Who won the football match?", "What does a canoe cost in 2019?", "How deep is the lake?"]
)
def test_what_the_documents_do_not_say_is_declined(
    question: str, asked: Callable[..., tuple[Cited, str, Request]]
) -> None:
    told, _, _ = asked(question, "A canoe costs 14 euros a day.")
    assert not told.answered
    assert told.text.startswith("The documents do not answer this.")


def test_words_of_the_documents_put_together_to_a_path_are_no_support(
    asked: Callable[..., tuple[Cited, str, Request]],
) -> None:
    told, _, _ = asked(QUESTION, "A canoe costs 14 euros a day at canoe/keeper.")
    assert told.quoted
    assert told.text == "A canoe costs 14 euros a day."


def test_an_unknown_collection_is_told(house: House, starter: House) -> None:
    house.registry.add(starter.registry.get("minilm"))
    house.registry.add(Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=house.home))
    with pytest.raises(NotFound, match="no collection 'nowhere'"):
        list(answer(house, Request.of_text("What?", documents=["nowhere"])))


@pytest.mark.parametrize(
    ("odds", "reply", "quoted"), [(3.0, "A canoe costs 14 euros.", False), (-3.0, "A canoe costs 14 euros.", True)]
)
def test_a_checker_may_take_support_away(
    odds: float, reply: str, quoted: bool, house: House, asked: Callable[..., tuple[Cited, str, Request]]
) -> None:
    def check(passage: str, sentence: str) -> Iterator[Event]:
        asked_of.append((passage, sentence))
        yield Progress()
        return odds

    asked_of: list[tuple[str, str]] = []
    house.__dict__["checker"] = check
    told, _, _ = asked(QUESTION, reply)
    assert told.quoted == quoted
    assert [sentence for _, sentence in asked_of] == [reply]
    assert "14 euros a day" in asked_of[0][0]
    if not quoted:
        assert told.sentences[0].checked == odds


def returned(steps: Iterator[Event]) -> object:
    """What a generator returns in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


def test_the_checker_is_a_language_model_by_name(own_home: Path) -> None:
    def with_checker(name: str) -> House:
        return House(Settings(home=own_home, documents=DocumentSettings(checker=name)))

    with with_checker("nobody") as house, pytest.raises(ConfigError, match="nobody"):
        _ = house.checker
    with with_checker("talker") as house:
        house.registry.add(
            Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=house.home, details={})
        )
        assert house.checker is not None
        steps = house.checker("A canoe costs 14 euros a day.", "A canoe costs 14 euros.")
        assert isinstance(returned(steps), float)
    with House(Settings(home=own_home)) as house:
        assert house.checker is None


def test_what_is_declined_says_truly_what_the_passages_lack() -> None:
    def sentence(text: str, *missing: str) -> Sentence:
        place = {"id": 1, "document": "d", "name": "n", "title": "", "heading": "", "page": None, "start": 0, "end": 9}
        return Sentence(Passage.model_validate({**place, "text": text}), 0, 9, text, missing=missing)

    def why(*sentences: Sentence) -> str:
        return Evidence("?", [one.passage for one in sentences], sentences).why

    assert why(sentence("Rent of 2019", "paris"), sentence("A garage", "2019", "paris")) == (
        "The passages do not mention paris."
    )
    assert why(sentence("Rent of 2019", "lyon"), sentence("A garage in Lyon", "2019")) == (
        "No passage mentions all of 2019, lyon."
    )
    assert why(sentence("Rent"), sentence("A garage", "2019")) == "No sentence is near enough."
