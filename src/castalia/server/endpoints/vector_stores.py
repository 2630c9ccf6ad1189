"""/v1/vector_stores: collections of documents in OpenAI's words."""

from fastapi import APIRouter

from castalia.core.errors import NotFound
from castalia.core.requests import new_id
from castalia.language.documents.library import Added
from castalia.language.documents.shelf import Collection, Document
from castalia.server.desk import Desk, DeskDependency
from castalia.server.schemas.vector_stores import AttachBody, BatchBody, SearchBody, StoreBody
from castalia.serving.grounding import search_and_cite
from castalia.serving.uploads import attach

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])


@router.post("")
def create_store(body: StoreBody, desk: DeskDependency) -> dict[str, object]:
    """A new collection, with files if some are named."""
    fresh = new_id("vs")
    store = desk.house.library.shelf.create(body.name or fresh, {"metadata": body.metadata or {}}, fresh)
    for file in body.file_ids:
        _attach(desk, store, file, {})
    return store_object(desk, store)


@router.get("")
def list_stores(desk: DeskDependency) -> dict[str, object]:
    """All collections, also those that the command line made."""
    return _list([store_object(desk, one) for one in reversed(desk.house.library.shelf.collections())])


@router.get("/{store_id}")
def get_store(store_id: str, desk: DeskDependency) -> dict[str, object]:
    """One collection."""
    return store_object(desk, desk.house.library.collection(store_id))


@router.post("/{store_id}")
def update_store(store_id: str, body: StoreBody, desk: DeskDependency) -> dict[str, object]:
    """Another name or other metadata."""
    store = desk.house.library.collection(store_id)
    details = store.details if body.metadata is None else {**store.details, "metadata": body.metadata}
    return store_object(desk, desk.house.library.shelf.describe(store, body.name or store.name, details))


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
        found = search_and_cite(desk.house, [store_id], query, body.max_num_results)
    data = [
        {
            "file_id": one["file_id"],
            "filename": one["filename"],
            "score": one["score"],
            "attributes": one["attributes"],
            "content": [{"type": "text", "text": one["text"]}],
            "castalia": {name: one[name] for name in ("document", "page", "start", "end")},
        }
        for one in found
    ]
    page = {"object": "vector_store.search_results.page", "search_query": [query], "data": data}
    return {**page, "has_more": False, "next_page": None}


@router.post("/{store_id}/files")
def create_store_file(store_id: str, body: AttachBody, desk: DeskDependency) -> dict[str, object]:
    """Take a file in. One that cannot be read is told as ``failed`` with ``last_error``."""
    store = desk.house.library.collection(store_id)
    return store_file_object(store, _attach(desk, store, body.file_id, dict(body.attributes or {})))


@router.get("/{store_id}/files")
def list_store_files(store_id: str, desk: DeskDependency) -> dict[str, object]:
    """The documents of a collection."""
    store = desk.house.library.collection(store_id)
    return _list([_document_object(store, one) for one in desk.house.library.shelf.documents(store)])


@router.get("/{store_id}/files/{file_id}")
def get_store_file(store_id: str, file_id: str, desk: DeskDependency) -> dict[str, object]:
    """One document of a collection."""
    store = desk.house.library.collection(store_id)
    return _document_object(store, _document(desk, store, file_id))


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
    desk.house.library.shelf.remove(store, _document(desk, store, file_id))
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


@router.post("/{store_id}/file_batches")
def create_batch(store_id: str, body: BatchBody, desk: DeskDependency) -> dict[str, object]:
    """Take several files in; the answer comes when all are done."""
    store = desk.house.library.collection(store_id)
    added = [_attach(desk, store, file, dict(body.attributes or {})) for file in body.file_ids]
    failed = sum(one.document is None for one in added)
    counts = _counts(len(added) - failed, failed)
    told = {"id": new_id("vsfb"), "object": "vector_store.file_batch", "vector_store_id": store.id}
    return {**told, "created_at": int(store.created.timestamp()), "status": "completed", "file_counts": counts}


def store_object(desk: Desk, store: Collection) -> dict[str, object]:
    """A collection as OpenAI tells it."""
    kept = desk.house.library.shelf.documents(store)
    created = int(store.created.timestamp())
    return {
        "id": store.id,
        "object": "vector_store",
        "created_at": created,
        "last_active_at": max([created, *(int(one.created.timestamp()) for one in kept)]),
        "name": store.name,
        "usage_bytes": sum(one.size for one in kept),
        "file_counts": _counts(len(kept), 0),
        "status": "completed",
        "metadata": store.details.get("metadata", {}),
    }


def store_file_object(store: Collection, added: Added) -> dict[str, object]:
    """A document of a collection, or why it could not be read, as OpenAI tells it."""
    if added.document is not None:
        return _document_object(store, added.document)
    error = added.error or {}
    codes = {"unsupported_input": "unsupported_file", "too_large": "invalid_file"}
    message = f"{error.get('message')} {error.get('hint')}".strip()
    told = _document_object(store, None, added.name)
    last = {"code": codes.get(str(error.get("code")), "server_error"), "message": message}
    return {**told, "status": "failed", "last_error": last}


def _document_object(store: Collection, one: Document | None, name: str = "") -> dict[str, object]:
    return {
        "id": name if one is None else one.details.get("file", one.id),
        "object": "vector_store.file",
        "created_at": int((store if one is None else one).created.timestamp()),
        "vector_store_id": store.id,
        "usage_bytes": 0 if one is None else one.size,
        "status": "completed",
        "last_error": None,
        "attributes": {} if one is None else one.details.get("attributes", {}),
    }


def _attach(desk: Desk, store: Collection, file: str, attributes: dict[str, object]) -> Added:
    with desk.queue.place():
        return next(one for one in attach(desk.house, store, file, attributes) if isinstance(one, Added))


def _document(desk: Desk, store: Collection, id: str) -> Document:
    document = desk.house.library.shelf.document(store, id)
    if document is None:
        raise NotFound(
            f"{store.name} holds no file {id!r}.", hint=f"GET /v1/vector_stores/{store.id}/files lists them."
        )
    return document


def _counts(completed: int, failed: int) -> dict[str, int]:
    return {"in_progress": 0, "completed": completed, "failed": failed, "cancelled": 0, "total": completed + failed}


def _list(data: list[dict[str, object]]) -> dict[str, object]:
    ids = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"object": "list", "data": data, **ids, "has_more": False}
