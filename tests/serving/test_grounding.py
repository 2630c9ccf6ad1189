"""Answers from documents: cited, quoted where the model's words have no support, declined where nothing answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castalia.core.errors import NotFound
from castalia.core.events import Completed, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.language.documents.citing import Cited
from castalia.language.documents.library import sources_of
from castalia.serving.house import House
from castalia.serving.pipeline import answer

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_an_unknown_collection_is_told(house: House, starter: House) -> None:
    house.registry.add(starter.registry.get("minilm"))
    house.registry.add(Model(name="talker", format="fake", engines=["fake"], outputs=["text"], folder=house.home))
    with pytest.raises(NotFound, match="no collection 'nowhere'"):
        list(answer(house, Request.of_text("What?", documents=["nowhere"])))
