"""OpenAI's own client against files and vector stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

if TYPE_CHECKING:
    from openai.types.responses import FileSearchToolParam
    from tests.server.conftest import Running

    from castalia.serving.house import House

TEXT = b"# Boat house\n\nA canoe costs 14 euros a day. The keeper is Mara Lindt.\n"


@pytest.fixture
def client(running: Running, starter: House) -> openai.OpenAI:
    running.house.registry.add(starter.registry.get("minilm"))
    return running.client()


def test_files_are_kept_listed_given_back_and_deleted(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("../../etc/rules.md", TEXT), purpose="assistants")
    assert (kept.filename, kept.bytes) == ("rules.md", len(TEXT))
    assert client.files.content(kept.id).read() == TEXT
    assert [one.id for one in client.files.list()] == [kept.id]
    assert client.files.delete(kept.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(kept.id)


def test_a_vector_store_from_file_to_search_to_nothing(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(name="rules", metadata={"team": "boats"})
    done = client.vector_stores.files.create_and_poll(
        vector_store_id=store.id, file_id=kept.id, attributes={"year": 2024}
    )
    assert done.status == "completed"
    found = list(client.vector_stores.search(store.id, query="price of a canoe"))
    assert found[0].file_id == kept.id
    assert found[0].filename == "rules.md"
    assert "14 euros" in found[0].content[0].text
    assert found[0].attributes == {"year": 2024}
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 1
    assert client.vector_stores.update(store.id, name="boats").name == "boats"
    assert [one.id for one in client.vector_stores.files.list(store.id)] == [kept.id]
    content = list(client.vector_stores.files.content(kept.id, vector_store_id=store.id))
    assert "Mara Lindt" in (content[0].text or "")
    client.vector_stores.files.delete(kept.id, vector_store_id=store.id)
    assert list(client.vector_stores.search(store.id, query="canoe")) == []
    assert client.vector_stores.delete(store.id).deleted
    assert list(client.vector_stores.list()) == []


def test_deleting_a_file_deletes_its_passages(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(name="rules", file_ids=[kept.id])
    client.files.delete(kept.id)
    assert list(client.vector_stores.search(store.id, query="canoe")) == []


def test_a_file_that_cannot_be_read_is_told_as_failed(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.pdf", b"this is no PDF"), purpose="assistants")
    store = client.vector_stores.create(name="rules")
    failed = client.vector_stores.files.create(vector_store_id=store.id, file_id=kept.id)
    assert failed.status == "failed"
    assert failed.last_error is not None
    assert failed.last_error.code == "unsupported_file"
    batch = client.vector_stores.file_batches.create(vector_store_id=store.id, file_ids=[kept.id])
    assert batch.file_counts.failed == 1


def test_a_chat_answers_from_a_store(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(name="rules", file_ids=[kept.id])
    answer = client.chat.completions.create(
        model="talker",
        messages=[{"role": "user", "content": "What does a canoe cost?"}],
        extra_body={"castalia": {"documents": [store.id]}},
    )
    assert "A canoe costs 14 euros a day." in (answer.choices[0].message.content or "")
    assert "support" in {one["name"] for one in answer.model_extra["castalia"]["verdict"]["measures"]}


def test_file_search_answers_from_a_vector_store_and_cites(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(name="rules", file_ids=[kept.id])
    search: FileSearchToolParam = {"type": "file_search", "vector_store_ids": [store.id]}
    question = "What does a canoe cost a day?"
    answer = client.responses.create(model="auto", input=question, tools=[search])
    call, message = answer.output
    assert call.type == "file_search_call"
    assert call.queries == [question]
    assert message.type == "message"
    part = message.content[0]
    assert part.type == "output_text"
    assert "14 euros" in part.text
    assert [one.file_id for one in part.annotations if one.type == "file_citation"][:1] == [kept.id]
    assert [item.to_dict() for item in client.responses.retrieve(answer.id).output] == [
        item.to_dict() for item in answer.output
    ]
    with client.responses.stream(model="auto", input=question, tools=[search]) as events:
        seen = [event.type for event in events]
    begun = [f"response.file_search_call.{state}" for state in ("in_progress", "searching", "completed")]
    places = [seen.index(kind) for kind in (*begun, "response.output_text.annotation.added", "response.completed")]
    assert places == sorted(places)


def test_file_search_declines_what_no_file_answers(client: openai.OpenAI) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(name="rules", file_ids=[kept.id])
    asked = "Who won the football world cup in 1998?"
    answer = client.responses.create(
        model="auto", input=asked, tools=[{"type": "file_search", "vector_store_ids": [store.id]}]
    )
    assert "do not answer" in answer.output_text
    with pytest.raises(openai.BadRequestError, match="stands alone"):
        client.responses.create(
            model="auto",
            input=asked,
            tools=[
                {"type": "file_search", "vector_store_ids": [store.id]},
                {"type": "function", "name": "f", "parameters": None, "strict": None},
            ],
        )
