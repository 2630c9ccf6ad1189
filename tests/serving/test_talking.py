"""Conversations: kept turn by turn, gone on with, branched, searched, deleted, summarised; personal data hidden."""

from pathlib import Path

import pytest

from castalia.core.config import GuardSettings, Settings
from castalia.core.errors import CastaliaError, NotFound
from castalia.core.events import Completed, Summarised
from castalia.core.models import Model
from castalia.serving.house import House
from castalia.serving.talking import Talk


def add(house: House, name: str, **details: object) -> None:
    house.registry.add(
        Model(name=name, format="fake", engines=["fake"], outputs=["text"], folder=house.home, details=details)
    )


@pytest.fixture
def talking(house: House) -> House:
    add(house, "talker")
    return house


def test_a_conversation_goes_on_in_another_process(talking: House, own_home: Path) -> None:
    talk = Talk(talking, model="talker", system="Be kind.")
    talk.ask("My cat is called Minka.")
    talk.ask("What is she called?")
    with House(Settings(home=own_home)) as later:
        again = Talk(later, conversation="newest", model="talker")
        assert again.conversation == talk.conversation
        again.ask("And now?")
        said = [message.text for turn in later.conversations.path(again.tip) for message in turn.said]
    assert said == ["Be kind.", "My cat is called Minka.", "What is she called?", "And now?"]


def test_a_branch_leaves_the_other_as_it_is(talking: House) -> None:
    talk = Talk(talking, model="talker")
    for text in ("one", "two", "three"):
        talk.ask(text)
    branch = Talk(talking, branch=f"{talk.conversation}:2", model="talker")
    branch.ask("other")
    path = talking.conversations.path(branch.tip)
    assert [turn.said[0].text for turn in path] == ["one", "two", "other"]
    assert branch.conversation != talk.conversation
    assert len(talking.conversations.path(talk.tip)) == 3
    assert talking.conversations.delete(talk.conversation or "") == [branch.conversation]
    assert [turn.said[0].text for turn in talking.conversations.path(branch.tip)] == ["one", "two", "other"]
    assert talking.conversations.search("three") == []
    assert len(talking.conversations.search("two")) == 1


def test_what_is_deleted_is_gone_from_the_index_and_the_record(talking: House) -> None:
    talk = Talk(talking, model="talker")
    result = talk.ask("The secret word is xylophone.")
    [hit] = talking.conversations.search("xylo")
    assert hit.conversation == talk.conversation
    assert "[xylophone]" in hit.excerpt
    talking.conversations.delete(talk.conversation or "")
    assert talking.conversations.search("xylophone") == []
    with pytest.raises(NotFound):
        talking.history.get(result.id)


def test_a_turn_that_fails_or_is_stopped_leaves_the_others(talking: House) -> None:
    add(talking, "broken", fail="no")
    talk = Talk(talking, model="talker")
    talk.ask("fine")
    tip = talk.tip
    talk.model = "broken"
    with pytest.raises(CastaliaError):
        talk.ask("not fine")
    talk.model = "talker"
    events = talk.say("stopped")
    next(events)
    events.close()
    assert talk.tip == tip == talking.conversations.list()[0].tip


def test_personal_data_is_hidden_with_its_own_placeholders(talking: House) -> None:
    talk = Talk(talking, model="talker")
    talk.ask("Write to anna@example.org.")
    talk.ask("And to bert@example.org.")
    said = [turn.said[0].text for turn in talking.conversations.path(talk.tip)]
    assert said == ["Write to [EMAIL_1].", "And to [EMAIL_2]."]
    assert talking.conversations.search("anna") == []


def test_history_may_keep_everything(own_home: Path) -> None:
    with House(Settings(home=own_home, guard=GuardSettings(history="keep"))) as house:
        add(house, "talker")
        talk = Talk(house, model="talker")
        talk.ask("Write to anna@example.org.")
        assert len(house.conversations.search("anna")) == 1


def test_older_turns_give_way_to_a_summary_that_is_told(house: House) -> None:
    add(house, "short", context_length=400, reply="They spoke of many things.")
    talk = Talk(house, model="short")
    told: list[Summarised] = []
    for number in range(12):
        for event in talk.say(f"turn {number} " + "word " * 40):
            if isinstance(event, Summarised):
                told.append(event)
            if isinstance(event, Completed):
                assert event.result.text == "They spoke of many things."
    assert told
    assert told[0].text == "They spoke of many things."
    path = house.conversations.path(talk.tip)
    assert len(path) == 12, "the originals are kept"
    assert path[told[-1].turns - 1].summary == "They spoke of many things."
    last = house.history.get(path[-1].results[-1]).request
    assert last.messages[0].role == "system"
    assert "They spoke of many things." in last.messages[0].text
    assert len(last.messages) < 24
