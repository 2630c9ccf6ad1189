"""/v1/conversations by OpenAI's own client, over the same turns as `castalia chat` and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import openai
import pytest
from openai.types.conversations import Conversation, ConversationItemList
from tests.server.test_responses import WEATHER

from castalia.serving.talking import Talk

if TYPE_CHECKING:
    from tests.server.conftest import Running


def texts(items: list) -> list[str]:
    return [item.content[0].text for item in items if item.type == "message"]


def test_a_conversation_is_made_told_changed_and_deleted(running: Running) -> None:
    client = running.client()
    made = client.conversations.create(metadata={"topic": "boats", "by": "anna@example.org"})
    assert made.metadata == {"topic": "boats", "by": "[EMAIL_1]"}
    assert client.conversations.retrieve(made.id).created_at == made.created_at
    assert client.conversations.update(made.id, metadata={"topic": "cars"}).metadata == {"topic": "cars"}
    assert client.conversations.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_a_response_goes_on_in_a_conversation_with_its_items(running: Running) -> None:
    client = running.client()
    made = client.conversations.create(items=[{"role": "user", "content": "My cat is called Minka."}])
    answer = client.responses.create(model="talker", input="What is she called?", conversation=made.id)
    assert answer.conversation is not None
    assert answer.conversation.id == made.id
    assert answer.usage is not None
    assert answer.usage.input_tokens == 9, "five words before, four now"
    again = client.responses.create(model="talker", input="And now?", conversation={"id": made.id})
    assert again.usage is not None
    assert again.usage.input_tokens > answer.usage.total_tokens
    listed = list(client.conversations.items.list(made.id, order="asc", limit=2))
    assert texts(listed)[:2] == ["My cat is called Minka.", "What is she called?"]
    assert texts(listed)[2] == answer.output_text
    assert len(listed) == 5, "two pages and a half"
    assert next(iter(client.conversations.items.list(made.id))).id == listed[-1].id
    assert client.conversations.items.retrieve(listed[2].id, conversation_id=made.id) == listed[2]


def test_items_of_every_kind_are_added_and_have_openais_types(running: Running) -> None:
    client = running.client()
    made = client.conversations.create()
    added = client.conversations.items.create(
        made.id,
        items=[
            {"role": "user", "content": "Weather in Ulm and Bonn?"},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "Ulm"}'},
            {"type": "function_call", "call_id": "c2", "name": "weather", "arguments": '{"city": "Bonn"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
            {"type": "function_call_output", "call_id": "c2", "output": "rain"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Sunny and rain.", "annotations": []}]},
        ],
    )
    kinds = ["message", "function_call", "function_call", "function_call_output", "function_call_output", "message"]
    assert [item.type for item in added.data] == kinds
    told = httpx.get(f"{running.url}/v1/conversations/{made.id}/items?order=asc", headers=running.headers).json()
    assert [item.type for item in ConversationItemList.model_validate(told, strict=True).data] == kinds
    client.conversations.items.delete(added.data[1].id, conversation_id=made.id)
    left = list(client.conversations.items.list(made.id, order="asc"))
    assert [item.id for item in left] == [item.id for place, item in enumerate(added.data) if place != 1]


def test_a_deleted_item_is_gone_everywhere_and_the_others_keep_their_ids(running: Running) -> None:
    client = running.client()
    made = client.conversations.create(items=[{"role": "user", "content": "The secret word is xylophone."}])
    answer = client.responses.create(model="talker", input="Fine.", conversation=made.id)
    before = list(client.conversations.items.list(made.id, order="asc"))
    told = client.conversations.items.delete(before[0].id, conversation_id=made.id)
    assert isinstance(told, Conversation)
    assert told.id == made.id
    assert [item.id for item in client.conversations.items.list(made.id, order="asc")] == [one.id for one in before[1:]]
    kept = running.house.conversations
    assert kept.search("xylophone") == []
    assert "xylophone" not in kept.get(made.id).title
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve(before[0].id, conversation_id=made.id)
    spoken = client.responses.create(model="talker", input="Which?", conversation=made.id)
    assert spoken.usage is not None
    assert answer.usage is not None
    assert spoken.usage.input_tokens == answer.usage.output_tokens + 2, "the first five words are gone, not the rest"


def test_a_chat_is_a_conversation_too(running: Running) -> None:
    talk = Talk(running.house, model="talker")
    talk.ask("Good morning.")
    items = list(running.client().conversations.items.list(talk.conversation or "", order="asc"))
    assert texts(items)[0] == "Good morning."
    assert [item.type for item in items] == ["message", "message"]


def test_bad_bodies_are_refused_and_nothing_is_added(running: Running) -> None:
    client = running.client()
    with pytest.raises(openai.BadRequestError):
        client.conversations.create(items=[{"role": "user", "content": "x"}] * 21)
    with pytest.raises(openai.BadRequestError):
        client.conversations.create(metadata={"x": "y" * 600})
    made = client.conversations.create()
    with pytest.raises(openai.BadRequestError):
        client.conversations.items.create(made.id, items=[{"type": "reasoning", "summary": []}])  # type: ignore[list-item]
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.create("conv_none", items=[{"role": "user", "content": "x"}])
    assert list(client.conversations.items.list(made.id)) == []


def test_calls_made_in_a_response_are_items_that_can_be_deleted(running: Running) -> None:
    client = running.client()
    made = client.conversations.create()
    client.responses.create(
        model="talker", input="Weather?", conversation=made.id, tools=[WEATHER], tool_choice="required"
    )
    [said, call] = client.conversations.items.list(made.id, order="asc")
    assert call.type == "function_call"
    client.conversations.items.delete(call.id, conversation_id=made.id)
    assert [item.id for item in client.conversations.items.list(made.id)] == [said.id]
