"""Collections as vector stores: files taken in one by one or in batches, what failed, attributes, and expiry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import BaseModel

from castalia.core.errors import Conflict, NotFound
from castalia.core.requests import new_id
from castalia.language.documents.library import Added
from castalia.language.documents.shelf import Collection, Document
from castalia.serving.house import House
from castalia.serving.uploads import attach

Details = dict[str, object]
MOST_BATCHES = 200
"""Batches of a store that are remembered, the newest."""
TOUCHED = timedelta(hours=1)
"""How exactly the last use of a store that can expire is known."""


@dataclass(frozen=True)
class Wanted:
    """A file to take in with its attributes."""

    file: str
    attributes: Details = field(default_factory=dict[str, object])


class Failure(BaseModel):
    """A file that could not be read into a store."""

    file: str
    created: datetime
    error: Details
    attributes: Details = {}


class Batch(BaseModel):
    """Files that were taken in together."""

    id: str
    created: datetime
    files: list[str]


def take_in(house: House, store: Collection, wanted: Sequence[Wanted]) -> list[Added]:
    """Take files into a store; those that cannot be read are remembered as failures. Raises NotFound for a file."""
    done: list[Added] = []
    for one in wanted:
        added = next(event for event in attach(house, store, one.file, one.attributes) if isinstance(event, Added))
        if added.document is not None and added.state == "unchanged":
            added.document = with_attributes(house, added.document, one.attributes)
        done.append(added)
    failures = {
        one.file: Failure(
            file=one.file, created=datetime.now(UTC), error=added.error or {}, attributes=one.attributes
        ).model_dump(mode="json")
        for one, added in zip(wanted, done, strict=True)
        if added.document is None
    }
    names = {one.file for one in wanted}

    def change(details: Details) -> Details:
        before = {name: told for name, told in _section(details, "failures").items() if name not in names}
        return {**details, "failures": {**before, **failures}, "active": datetime.now(UTC).isoformat()}

    house.library.shelf.alter(store, change)
    return done


def take_in_batch(house: House, store: Collection, wanted: Sequence[Wanted]) -> Batch:
    """Take several files in; returns when all are done. Raises NotFound for a file."""
    take_in(house, store, wanted)
    batch = Batch(id=new_id("vsfb"), created=datetime.now(UTC), files=[one.file for one in wanted])

    def change(details: Details) -> Details:
        batches = {**_section(details, "batches"), batch.id: batch.model_dump(mode="json")}
        return {**details, "batches": dict(list(batches.items())[-MOST_BATCHES:])}

    house.library.shelf.alter(store, change)
    return batch


def batch_of(store: Collection, id: str) -> Batch:
    """A batch by its id. Raises NotFound."""
    told = _section(store.details, "batches").get(id)
    if told is None:
        raise NotFound(f"{store.name} has no batch {id!r}.", hint="The newest batches of a store are remembered.")
    return Batch.model_validate(told)


def failures_of(store: Collection) -> list[Failure]:
    """The files that could not be read into a store."""
    return [Failure.model_validate(told) for told in _section(store.details, "failures").values()]


def forget_failure(house: House, store: Collection, file: str) -> bool:
    """Remember a failure no longer; False when there is none of that file."""
    if file not in _section(store.details, "failures"):
        return False

    def change(details: Details) -> Details:
        left = {name: told for name, told in _section(details, "failures").items() if name != file}
        return {**details, "failures": left}

    house.library.shelf.alter(store, change)
    return True


def with_attributes(house: House, document: Document, attributes: Details) -> Document:
    """The document with other attributes in the place of those it had."""
    return house.library.shelf.describe_document(document, {**document.details, "attributes": attributes})


def expires_at(store: Collection) -> datetime | None:
    """When a store that is not used any more expires; None: never."""
    days = store.details.get("expires_days")
    return last_active(store) + timedelta(days=days) if isinstance(days, int) else None


def last_active(store: Collection, documents: Iterable[Document] = ()) -> datetime:
    """When a store was last used: made, filled or, if it can expire, searched."""
    told = store.details.get("active")
    known = [store.created, *(one.created for one in documents)]
    return max(_aware(one) for one in [*known, *([datetime.fromisoformat(told)] if isinstance(told, str) else [])])


def expired(house: House, store: Collection) -> bool:
    """Whether a store has expired; then its documents are deleted."""
    ends = expires_at(store)
    if ends is None or datetime.now(UTC) < ends:
        return False
    for document in house.library.shelf.documents(store):
        house.library.shelf.remove(store, document)
    return True


def in_use(house: House, name: str) -> Collection:
    """A collection that is about to be searched. Raises NotFound, and Conflict when it has expired."""
    store = house.library.collection(name)
    if expired(house, store):
        raise Conflict(f"The vector store {store.name} has expired.", hint="Make a new one, or update expires_after.")
    now = datetime.now(UTC)
    if expires_at(store) is not None and now - last_active(store) > TOUCHED:
        store = house.library.shelf.alter(store, lambda details: {**details, "active": now.isoformat()})
    return store


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _section(details: Details, name: str) -> dict[str, Details]:
    return cast("dict[str, Details]", details.get(name, {}))
