"""/v1/vector_stores: collections of documents in OpenAI's words."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from castalia.core.errors import NotFound
from castalia.core.requests import new_id
from castalia.language.documents.shelf import Collection, Document
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.pages import Page, page
from castalia.server.http.store_objects import batch_object, document_object, failure_object, store_object
from castalia.server.schemas.vector_stores import (
    AttachBody,
    AttributesBody,
    BatchBody,
    SearchBody,
    StoreBody,
    StoreUpdate,
)
from castalia.serving.grounding import found, results_of
from castalia.serving.stores import (
    Wanted,
    batch_of,
    expired,
    failures_of,
    forget_failure,
    take_in,
    take_in_batch,
    with_attributes,
)

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])

State = Literal["in_progress", "completed", "failed", "cancelled"]


def _page(
    after: str | None = None,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> Page:
    return Page(after=after, before=before, limit=limit, order=order)


PageDependency = Annotated[Page, Depends(_page)]


@router.post("")
def create_store(body: StoreBody, desk: DeskDependency) -> dict[str, object]:
    """A new collection, with files if some are named."""
    fresh = new_id("vs")
    details = {"metadata": body.metadata or {}, "description": body.description, **_expiry(body)}
    store = desk.house.library.shelf.create(body.name or fresh, details, fresh)
    if body.file_ids:
        with desk.queue.place():
            take_in(desk.house, store, [Wanted(file) for file in body.file_ids])
    return store_object(desk.house, _store(desk, fresh))


@router.get("")
def list_stores(desk: DeskDependency, wanted: PageDependency) -> dict[str, object]:
    """All collections, also those that the command line made."""
    return page([store_object(desk.house, one) for one in desk.house.library.shelf.collections()], wanted)


@router.get("/{store_id}")
def get_store(store_id: str, desk: DeskDependency) -> dict[str, object]:
    """One collection."""
    return store_object(desk.house, _store(desk, store_id))


@router.post("/{store_id}")
def update_store(store_id: str, body: StoreUpdate, desk: DeskDependency) -> dict[str, object]:
    """Another name, other metadata, another expiry."""
    store = desk.house.library.collection(store_id)
    changed: dict[str, object] = {} if body.metadata is None else {"metadata": body.metadata}
    if "expires_after" in body.model_fields_set:
        changed |= _expiry(body)
    shelf = desk.house.library.shelf
    store = shelf.alter(store, lambda details: {**details, **changed})
    if body.name is not None:
        store = shelf.describe(store, body.name, store.details)
    return store_object(desk.house, store)


@router.delete("/{store_id}")
def delete_store(store_id: str, desk: DeskDependency) -> dict[str, object]:
    """Delete a collection with its documents; the files stay."""
    store = desk.house.library.collection(store_id)
    desk.house.library.shelf.drop(store)
    return {"id": store.id, "object": "vector_store.deleted", "deleted": True}


@router.post("/{store_id}/search")
def search_store(store_id: str, body: SearchBody, desk: DeskDependency) -> dict[str, object]:
    """The best passages for a question, with their places under ``castalia``."""
    query = body.query if isinstance(body.query, str) else " ".join(body.query)
    with desk.queue.place():
        passages = found(desk.house, [store_id], query, body.search)
    data = [
        {
            "file_id": one["file_id"],
            "filename": one["filename"],
            "score": one["score"],
            "attributes": one["attributes"],
            "content": [{"type": "text", "text": one["text"]}],
            "castalia": {name: one[name] for name in ("document", "page", "start", "end")},
        }
        for one in results_of(passages)
    ]
    told = {"object": "vector_store.search_results.page", "search_query": [query], "data": data}
    return {**told, "has_more": False, "next_page": None}


@router.post("/{store_id}/files")
def create_store_file(store_id: str, body: AttachBody, desk: DeskDependency) -> dict[str, object]:
    """Take a file in. One that cannot be read is told as ``failed`` with ``last_error``."""
    store = desk.house.library.collection(store_id)
    with desk.queue.place():
        take_in(desk.house, store, [Wanted(body.file_id, dict(body.attributes or {}))])
    return _file_object(desk, store_id, body.file_id)


@router.get("/{store_id}/files")
def list_store_files(
    store_id: str, desk: DeskDependency, wanted: PageDependency, filter: State | None = None
) -> dict[str, object]:
    """The documents of a collection, and the files that could not be read into it."""
    return _files(desk, _store(desk, store_id), wanted, filter)


@router.get("/{store_id}/files/{file_id}")
def get_store_file(store_id: str, file_id: str, desk: DeskDependency) -> dict[str, object]:
    """One document of a collection."""
    return _file_object(desk, store_id, file_id)


@router.post("/{store_id}/files/{file_id}")
def update_store_file(store_id: str, file_id: str, body: AttributesBody, desk: DeskDependency) -> dict[str, object]:
    """Other attributes of a document in the place of those it had."""
    store = desk.house.library.collection(store_id)
    changed = with_attributes(desk.house, _document(desk, store, file_id), dict(body.attributes or {}))
    return document_object(store, changed)


@router.get("/{store_id}/files/{file_id}/content")
def get_store_file_content(store_id: str, file_id: str, desk: DeskDependency) -> dict[str, object]:
    """The text of a document as it was read: what positions count in."""
    document = _document(desk, desk.house.library.collection(store_id), file_id)
    data = [{"type": "text", "text": desk.house.library.shelf.text(document.id)}]
    return {"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None}


@router.delete("/{store_id}/files/{file_id}")
def delete_store_file(store_id: str, file_id: str, desk: DeskDependency) -> dict[str, object]:
    """Take a document out; its file stays."""
    store = desk.house.library.collection(store_id)
    if not forget_failure(desk.house, store, file_id):
        desk.house.library.shelf.remove(store, _document(desk, store, file_id))
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


@router.post("/{store_id}/file_batches")
def create_batch(store_id: str, body: BatchBody, desk: DeskDependency) -> dict[str, object]:
    """Take several files in; the answer comes when all are done."""
    store = desk.house.library.collection(store_id)
    with desk.queue.place():
        batch = take_in_batch(desk.house, store, body.wanted)
    return batch_object(_store(desk, store_id), batch)


@router.get("/{store_id}/file_batches/{batch_id}")
def get_batch(store_id: str, batch_id: str, desk: DeskDependency) -> dict[str, object]:
    """A batch; the newest of a collection are remembered."""
    store = _store(desk, store_id)
    return batch_object(store, batch_of(store, batch_id))


@router.post("/{store_id}/file_batches/{batch_id}/cancel")
def cancel_batch(store_id: str, batch_id: str, desk: DeskDependency) -> dict[str, object]:
    """A batch is done when it is told of, so that nothing is left to stop."""
    store = _store(desk, store_id)
    return batch_object(store, batch_of(store, batch_id))


@router.get("/{store_id}/file_batches/{batch_id}/files")
def list_batch_files(
    store_id: str, batch_id: str, desk: DeskDependency, wanted: PageDependency, filter: State | None = None
) -> dict[str, object]:
    """The files of a batch that are still in the collection, or could not be read into it."""
    store = _store(desk, store_id)
    return _files(desk, store, wanted, filter, set(batch_of(store, batch_id).files))


def _store(desk: Desk, store_id: str) -> Collection:
    """A collection as it stands; the documents of one that has expired are deleted now."""
    store = desk.house.library.collection(store_id)
    expired(desk.house, store)
    return store


def _expiry(body: StoreUpdate) -> dict[str, object]:
    return {"expires_days": None if body.expires_after is None else body.expires_after.days}


def _files(
    desk: Desk, store: Collection, wanted: Page, state: State | None, among: set[str] | None = None
) -> dict[str, object]:
    told = [document_object(store, one) for one in desk.house.library.shelf.documents(store)]
    told += [failure_object(store, one) for one in failures_of(store)]
    kept = [one for one in told if state in {None, one["status"]} and (among is None or one["id"] in among)]
    return page(sorted(kept, key=lambda one: (int(str(one["created_at"])), str(one["id"]))), wanted)


def _file_object(desk: Desk, store_id: str, file_id: str) -> dict[str, object]:
    store = _store(desk, store_id)
    failure = next((one for one in failures_of(store) if one.file == file_id), None)
    if failure is not None:
        return failure_object(store, failure)
    return document_object(store, _document(desk, store, file_id))


def _document(desk: Desk, store: Collection, id: str) -> Document:
    document = desk.house.library.shelf.document(store, id)
    if document is None:
        raise NotFound(
            f"{store.name} holds no file {id!r}.", hint=f"GET /v1/vector_stores/{store.id}/files lists them."
        )
    return document
