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
    seeded = {"extra_body": {"castalia": {"seed": 1}}}
    answer = client.responses.create(model="auto", input=question, tools=[search], **seeded)
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
    with client.responses.stream(model="auto", input=question, tools=[search], **seeded) as events:
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


def filled(client: openai.OpenAI) -> tuple[str, dict[str, str]]:
    """A store of four files with attributes, and their ids by name."""
    rows = {
        "old": ("A canoe cost 9 euros a day.", {"year": 2019, "topic": "boats", "valid": False}),
        "new": ("A canoe costs 14 euros a day.", {"year": 2024, "topic": "boats", "valid": True}),
        "garden": ("A canoe of stone stands among the roses.", {"year": 2024, "topic": "garden", "valid": True}),
        "bare": ("Somebody spoke of a canoe.", {}),
    }
    files = {
        name: client.files.create(file=(f"{name}.md", text.encode()), purpose="assistants").id
        for name, (text, _) in rows.items()
    }
    store = client.vector_stores.create(name="rules", description="Prices", metadata={"team": "boats"})
    batch = client.vector_stores.file_batches.create(
        store.id, files=[{"file_id": file, "attributes": rows[name][1]} for name, file in files.items()]
    )
    assert (batch.status, batch.file_counts.completed) == ("completed", 4)
    return store.id, files


FILTERS: list[tuple[dict[str, object], set[str]]] = [
    ({"type": "eq", "key": "year", "value": 2024}, {"new", "garden"}),
    ({"type": "ne", "key": "topic", "value": "boats"}, {"garden", "bare"}),
    ({"type": "lt", "key": "year", "value": 2024}, {"old"}),
    ({"type": "gte", "key": "year", "value": 2019}, {"old", "new", "garden"}),
    ({"type": "in", "key": "topic", "value": ["boats", "cars"]}, {"old", "new"}),
    ({"type": "nin", "key": "topic", "value": ["boats", "cars"]}, {"garden", "bare"}),
    ({"type": "eq", "key": "valid", "value": True}, {"new", "garden"}),
    ({"type": "eq", "key": "valid", "value": 1}, set()),
    (
        {
            "type": "and",
            "filters": [
                {"type": "gt", "key": "year", "value": 2020},
                {
                    "type": "or",
                    "filters": [
                        {"type": "eq", "key": "topic", "value": "boats"},
                        {"type": "eq", "key": "topic", "value": "cars"},
                    ],
                },
            ],
        },
        {"new"},
    ),
]


def test_a_search_looks_only_at_files_that_the_filter_lets_through(client: openai.OpenAI) -> None:
    store, _ = filled(client)
    for filters, names in FILTERS:
        found = client.vector_stores.search(store, query="canoe price", filters=filters)  # type: ignore[arg-type]
        assert {one.filename.removesuffix(".md") for one in found} == names, filters


def test_a_search_has_a_limit_and_a_threshold(client: openai.OpenAI) -> None:
    store, _ = filled(client)
    every = list(client.vector_stores.search(store, query="What does a canoe cost a day?"))
    assert len(every) == 4
    assert len(list(client.vector_stores.search(store, query="canoe", max_num_results=2))) == 2
    middle = (every[1].score + every[2].score) / 2
    good = list(
        client.vector_stores.search(
            store, query="What does a canoe cost a day?", ranking_options={"score_threshold": middle}
        )
    )
    assert [one.file_id for one in good] == [one.file_id for one in every[:2]]
    with pytest.raises(openai.BadRequestError):
        client.vector_stores.search(store, query="canoe", max_num_results=51)
    with pytest.raises(openai.BadRequestError):
        client.vector_stores.search(store, query="canoe", filters={"type": "like", "key": "a", "value": "b"})  # type: ignore[typeddict-item]


def test_file_search_takes_filters_and_tells_its_results(client: openai.OpenAI) -> None:
    store, files = filled(client)
    search: FileSearchToolParam = {
        "type": "file_search",
        "vector_store_ids": [store],
        "filters": {"type": "eq", "key": "year", "value": 2019},
        "max_num_results": 3,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.1},
    }
    seeded = {"castalia": {"seed": 1}}
    asked = {"model": "auto", "input": "What does a canoe cost a day?", "tools": [search], "extra_body": seeded}
    answer = client.responses.create(**asked, include=["file_search_call.results"])
    call = answer.output[0]
    assert call.type == "file_search_call"
    assert call.results is not None
    [result] = call.results
    assert (result.file_id, result.filename) == (files["old"], "old.md")
    assert result.attributes == {"year": 2019, "topic": "boats", "valid": False}
    assert "9 euros" in (result.text or "")
    assert "9 euros" in answer.output_text
    assert client.responses.retrieve(answer.id).output[0].to_dict() == call.to_dict()
    with client.responses.stream(**asked, include=["file_search_call.results"]) as events:
        final = events.get_final_response()
    assert final.output[0].to_dict()["results"] == call.to_dict()["results"]
    plain = client.responses.create(**asked).output[0]
    assert plain.type == "file_search_call"
    assert plain.results is None
    nothing = {**search, "filters": {"type": "eq", "key": "year", "value": 1999}}
    declined = client.responses.create(**{**asked, "tools": [nothing]})
    assert "do not answer" in declined.output_text


def test_attributes_are_changed_and_files_listed_page_by_page(client: openai.OpenAI) -> None:
    store, files = filled(client)
    changed = client.vector_stores.files.update(files["bare"], vector_store_id=store, attributes={"topic": "talk"})
    assert changed.attributes == {"topic": "talk"}
    found = client.vector_stores.search(store, query="canoe", filters={"type": "eq", "key": "topic", "value": "talk"})
    assert [one.file_id for one in found] == [files["bare"]]
    listed = list(client.vector_stores.files.list(store, limit=3, order="asc"))
    assert {one.id for one in listed} == set(files.values())
    before = client.vector_stores.files.list(store, before=listed[3].id, limit=2, order="asc")
    assert [one.id for one in before.data] == [listed[1].id, listed[2].id]
    with pytest.raises(openai.BadRequestError):
        client.vector_stores.files.update(files["bare"], vector_store_id=store, attributes={"x": ["a"]})  # type: ignore[dict-item]


def test_what_failed_is_remembered_until_it_is_read_or_deleted(client: openai.OpenAI) -> None:
    good = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    bad = client.files.create(file=("rules.pdf", b"this is no PDF"), purpose="assistants")
    store = client.vector_stores.create(name="rules")
    batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[good.id, bad.id])
    assert (batch.file_counts.completed, batch.file_counts.failed, batch.file_counts.total) == (1, 1, 2)
    assert client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id).status == "completed"
    failed = list(client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, filter="failed"))
    assert [one.id for one in failed] == [bad.id]
    again = client.vector_stores.files.create_and_poll(bad.id, vector_store_id=store.id)
    assert again.status == "failed"
    assert client.vector_stores.retrieve(store.id).file_counts.failed == 1
    assert client.vector_stores.files.delete(bad.id, vector_store_id=store.id).deleted
    assert client.vector_stores.retrieve(store.id).file_counts.failed == 0


def test_a_store_expires_after_its_last_use(client: openai.OpenAI, running: Running) -> None:
    kept = client.files.create(file=("rules.md", TEXT), purpose="assistants")
    store = client.vector_stores.create(
        name="rules", file_ids=[kept.id], expires_after={"anchor": "last_active_at", "days": 2}
    )
    assert store.expires_at is not None
    assert store.expires_at == (store.last_active_at or 0) + 2 * 86400
    shelf = running.house.library.shelf
    collection = shelf.collection(store.id)
    long_ago = "2020-01-01T00:00:00+00:00"
    shelf.alter(collection, lambda details: {**details, "active": long_ago})
    with running.house.database.begin() as connection:
        connection.exec_driver_sql("update collections set created = '2020-01-01 00:00:00'")
    with pytest.raises(openai.ConflictError, match="has expired"):
        client.vector_stores.search(store.id, query="canoe")
    gone = client.vector_stores.retrieve(store.id)
    assert (gone.status, gone.file_counts.total, gone.usage_bytes) == ("expired", 0, 0)
