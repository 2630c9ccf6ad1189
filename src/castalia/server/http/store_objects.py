"""Collections, their documents and batches as OpenAI tells them."""

from datetime import datetime

from castalia.language.documents.shelf import Collection, Document
from castalia.serving.house import House
from castalia.serving.stores import Batch, Failure, expired, expires_at, failures_of, last_active

Item = dict[str, object]

CODES = {"unsupported_input": "unsupported_file", "too_large": "invalid_file"}
"""Why a file could not be read, in OpenAI's words."""


def store_object(house: House, store: Collection) -> Item:
    """A collection."""
    gone = expired(house, store)
    kept = house.library.shelf.documents(store)
    days, ends = store.details.get("expires_days"), expires_at(store)
    return {
        "id": store.id,
        "object": "vector_store",
        "created_at": _seconds(store.created),
        "last_active_at": _seconds(last_active(store, kept)),
        "name": store.name,
        "description": store.details.get("description"),
        "usage_bytes": sum(one.size for one in kept),
        "file_counts": _counts(len(kept), len(failures_of(store))),
        "status": "expired" if gone else "completed",
        "metadata": store.details.get("metadata", {}),
        "expires_after": None if days is None else {"anchor": "last_active_at", "days": days},
        "expires_at": None if ends is None else _seconds(ends),
    }


def document_object(store: Collection, one: Document) -> Item:
    """A document of a collection."""
    told: Item = {"id": one.details.get("file", one.id), "created_at": _seconds(one.created), "usage_bytes": one.size}
    rest = {"status": "completed", "last_error": None, "attributes": one.details.get("attributes", {})}
    return {**_file(store), **told, **rest}


def failure_object(store: Collection, one: Failure) -> Item:
    """A file that could not be read into a collection."""
    message = f"{one.error.get('message')} {one.error.get('hint')}".strip()
    last = {"code": CODES.get(str(one.error.get("code")), "server_error"), "message": message}
    told: Item = {"id": one.file, "created_at": _seconds(one.created), "usage_bytes": 0}
    return {**_file(store), **told, "status": "failed", "last_error": last, "attributes": one.attributes}


def batch_object(store: Collection, batch: Batch) -> Item:
    """A batch, whose files are all read or failed."""
    failed = sum(one.file in batch.files for one in failures_of(store))
    return {
        "id": batch.id,
        "object": "vector_store.file_batch",
        "vector_store_id": store.id,
        "created_at": _seconds(batch.created),
        "status": "completed",
        "file_counts": _counts(len(set(batch.files)) - failed, failed),
    }


def _file(store: Collection) -> Item:
    return {"object": "vector_store.file", "vector_store_id": store.id, "chunking_strategy": {"type": "other"}}


def _counts(completed: int, failed: int) -> dict[str, int]:
    return {"in_progress": 0, "completed": completed, "failed": failed, "cancelled": 0, "total": completed + failed}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
