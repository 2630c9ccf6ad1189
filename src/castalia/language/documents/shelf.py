"""Where documents, their passages, words and vectors are kept: one interface, SQLite and PostgreSQL behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Array
from castalia.core.errors import Conflict, NotFound
from castalia.core.requests import new_id
from castalia.language.documents.chunking import Chunk
from castalia.language.documents.content import Content
from castalia.store.database import Database
from castalia.store.tables import chunks, collections, documents

Ids = NDArray[np.int64]


class Collection(BaseModel):
    """A named set of documents. ``details`` holds what callers keep beside it."""

    id: str
    name: str
    created: datetime
    version: int = 0
    details: dict[str, object] = {}


class Document(BaseModel):
    """A document that is kept, without its text. ``name`` is the path of its file, or its id when it came over HTTP.

    ``chunks`` counts its passages, ``size`` the bytes of its file; ``details`` notes and what callers keep.
    """

    id: str
    collection: str
    name: str
    digest: str
    created: datetime
    format: str
    title: str
    size: int
    chunks: int = 0
    details: dict[str, object] = {}


class Passage(BaseModel):
    """A passage of a document: ``text`` is ``[start:end]`` of the document's text."""

    id: int
    document: str
    name: str
    title: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str
    format: str = ""
    details: dict[str, object] = {}
    score: float = 0.0
    cosine: float = 0.0


@dataclass(frozen=True)
class Found:
    """Passages by id with their scores, best first."""

    ids: Ids
    scores: Array


class Index(Protocol):
    """The words and vectors of passages in one kind of database: all that differs between databases."""

    def add(
        self,
        connection: sa.Connection,
        collection: str,
        ids: Sequence[int],
        passages: Sequence[tuple[str, str]],
        vectors: Array,
    ) -> None:
        """Take in passages ``(heading, text)`` and their unit vectors (n, 384)."""
        ...

    def by_words(
        self, connection: sa.Connection, collection: str, terms: Sequence[str], most: int, within: Ids | None
    ) -> Found:
        """The passages that hold any of the terms, by how well; higher is better. ``within``: of these alone."""
        ...

    def by_vector(
        self, connection: sa.Connection, collection: Collection, vector: Array, most: int, within: Ids | None
    ) -> Found:
        """The passages nearest to a unit vector (384,), by cosine, every one of them (``within``) looked at."""
        ...

    def vectors(self, connection: sa.Connection, collection: Collection, ids: Ids) -> Array:
        """The vectors (n, 384) of these passages."""
        ...


class Shelf:
    """Collections of documents in a database. Every change is one transaction: it happens wholly or not at all."""

    def __init__(self, database: Database) -> None:
        self.database = database
        if database.engine.dialect.name == "postgresql":
            from castalia.language.documents.postgres import PostgresIndex

            self.index: Index = PostgresIndex()
        else:
            from castalia.language.documents.sqlite import SqliteIndex

            self.index = SqliteIndex()

    def create(self, name: str, details: dict[str, object] | None = None, id: str | None = None) -> Collection:
        """A new, empty collection. Raises Conflict when the name is taken."""
        made = Collection(id=id or new_id("vs"), name=name, created=datetime.now(UTC), details=details or {})
        with self.database.begin() as connection:
            if connection.execute(sa.select(collections.c.id).where(collections.c.name == name)).first():
                raise Conflict(f"There is a collection {name!r} already.", hint="Use it, or choose another name.")
            connection.execute(collections.insert().values(**made.model_dump()))
        return made

    def collections(self) -> list[Collection]:
        """All collections, the oldest first."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(collections).order_by(collections.c.created)).mappings()
            return [Collection.model_validate(dict(row)) for row in rows]

    def collection(self, name: str) -> Collection:
        """The collection of that name or id. Raises NotFound with the names there are."""
        with self.database.begin() as connection:
            wanted = sa.or_(collections.c.name == name, collections.c.id == name)
            row = connection.execute(sa.select(collections).where(wanted)).mappings().first()
        if row is None:
            names = ", ".join(one.name for one in self.collections()) or "none yet"
            raise NotFound(
                f"There is no collection {name!r}; there are: {names}.",
                hint=f"castalia documents add PATH --collection {name}",
            )
        return Collection.model_validate(dict(row))

    def describe(self, collection: Collection, name: str, details: dict[str, object]) -> Collection:
        """The collection under another name or with other details. Raises Conflict when the name is taken."""
        with self.database.begin() as connection:
            change = {"name": name, "details": details}
            taken = sa.and_(collections.c.name == name, collections.c.id != collection.id)
            if connection.execute(sa.select(collections.c.id).where(taken)).first():
                raise Conflict(f"There is a collection {name!r} already.", hint="Choose another name.")
            connection.execute(collections.update().where(collections.c.id == collection.id).values(**change))
        return collection.model_copy(update=change)

    def alter(self, collection: Collection, change: Callable[[dict[str, object]], dict[str, object]]) -> Collection:
        """The collection with details that ``change`` makes of those it has now, in one transaction.

        Raises NotFound when it is gone.
        """
        own = collections.c.id == collection.id
        with self.database.begin() as connection:
            # a write first: whoever else changes it waits
            connection.execute(collections.update().where(own).values(name=collections.c.name))
            details = connection.execute(sa.select(collections.c.details).where(own)).scalar()
            if details is None:
                raise _gone(collection)
            changed = change(dict(details))
            connection.execute(collections.update().where(own).values(details=changed))
        return collection.model_copy(update={"details": changed})

    def describe_document(self, document: Document, details: dict[str, object]) -> Document:
        """The document with other details."""
        with self.database.begin() as connection:
            connection.execute(documents.update().where(documents.c.id == document.id).values(details=details))
        return document.model_copy(update={"details": details})

    def passages_of(self, documents_wanted: Sequence[str]) -> Ids:
        """The ids of all passages of these documents, in order."""
        query = sa.select(chunks.c.id).where(chunks.c.document.in_(list(documents_wanted))).order_by(chunks.c.id)
        with self.database.begin() as connection:
            return np.array(connection.execute(query).scalars().all(), np.int64)

    def drop(self, collection: Collection) -> None:
        """Delete a collection with all its documents."""
        with self.database.begin() as connection:
            connection.execute(documents.delete().where(documents.c.collection == collection.id))
            connection.execute(collections.delete().where(collections.c.id == collection.id))

    def put(
        self, collection: Collection, document: Document, content: Content, passages: Sequence[Chunk], vectors: Array
    ) -> Document:
        """Keep a document with its passages; one of the same name is replaced."""
        row = {**document.model_dump(exclude={"chunks"}), "text": content.text}
        with self.database.begin() as connection:
            self._changed(connection, collection)
            same = sa.and_(documents.c.collection == collection.id, documents.c.name == document.name)
            connection.execute(documents.delete().where(same))
            connection.execute(documents.insert().values(**row))
            ids: list[int] = []
            for one in passages:
                place = {"start": one.start, "end": one.end, "page": one.page, "heading": one.heading}
                inserted = connection.execute(chunks.insert().values(document=document.id, **place))
                key: list[int] = list(inserted.inserted_primary_key or [])
                ids.append(key[0])
            if ids:
                words = [(f"{content.title} {one.heading}", one.text) for one in passages]
                self.index.add(connection, collection.id, ids, words, vectors)
        return document.model_copy(update={"chunks": len(passages)})

    def documents(self, collection: Collection) -> list[Document]:
        """The documents of a collection by name."""
        with self.database.begin() as connection:
            return self._documents(connection, documents.c.collection == collection.id)

    def document(self, collection: Collection, name: str) -> Document | None:
        """The document of that name or id, if it is there."""
        with self.database.begin() as connection:
            named = sa.or_(documents.c.name == name, documents.c.id == name)
            found = self._documents(connection, sa.and_(documents.c.collection == collection.id, named))
        return found[0] if found else None

    def text(self, document: str) -> str:
        """The whole text of a document. Raises NotFound."""
        with self.database.begin() as connection:
            text = connection.execute(sa.select(documents.c.text).where(documents.c.id == document)).scalar()
        if text is None:
            raise NotFound(f"There is no document {document}.", hint="castalia documents list shows them.")
        return str(text)

    def remove(self, collection: Collection, document: Document) -> None:
        """Delete a document with its passages, words and vectors."""
        with self.database.begin() as connection:
            self._changed(connection, collection)
            connection.execute(documents.delete().where(documents.c.id == document.id))

    def by_words(self, collection: Collection, terms: Sequence[str], most: int, within: Ids | None = None) -> Found:
        """See `Index.by_words`."""
        if not terms:
            return Found(np.zeros(0, np.int64), np.zeros(0, np.float32))
        with self.database.begin() as connection:
            return self.index.by_words(connection, collection.id, terms, most, within)

    def by_vector(self, collection: Collection, vector: Array, most: int, within: Ids | None = None) -> Found:
        """See `Index.by_vector`."""
        with self.database.begin() as connection:
            return self.index.by_vector(connection, collection, vector, most, within)

    def vectors(self, collection: Collection, ids: Ids) -> Array:
        """See `Index.vectors`."""
        with self.database.begin() as connection:
            return self.index.vectors(connection, collection, ids)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """These passages in this order; one that was deleted meanwhile is left out."""
        # counted in characters by both databases
        cut = sa.func.substr(documents.c.text, chunks.c.start + 1, chunks.c.end - chunks.c.start)
        wanted = [documents.c.name, documents.c.title, documents.c.format, documents.c.details, cut.label("text")]
        query = sa.select(chunks, *wanted).join(documents, documents.c.id == chunks.c.document)
        with self.database.begin() as connection:
            rows = connection.execute(query.where(chunks.c.id.in_(list(ids)))).mappings()
            found = {int(row["id"]): Passage.model_validate(dict(row)) for row in rows}
        return [found[one] for one in ids if one in found]

    def documents_of(self, ids: Sequence[int]) -> dict[int, str]:
        """The ids of the documents that these passages are of."""
        query = sa.select(chunks.c.id, chunks.c.document).where(chunks.c.id.in_(list(ids)))
        with self.database.begin() as connection:
            return {int(row[0]): str(row[1]) for row in connection.execute(query)}

    def _changed(self, connection: sa.Connection, collection: Collection) -> None:
        """Grow the version; the row's lock makes changes of one collection wait for each other."""
        one_more = (
            collections.update().where(collections.c.id == collection.id).values(version=collections.c.version + 1)
        )
        if connection.execute(one_more).rowcount == 0:
            raise _gone(collection)

    def _documents(self, connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Document]:
        columns = [column for column in documents.c if column.name != "text"]
        count = sa.select(sa.func.count()).where(chunks.c.document == documents.c.id).scalar_subquery().label("chunks")
        rows = connection.execute(sa.select(*columns, count).where(where).order_by(documents.c.name)).mappings()
        return [Document.model_validate(dict(row)) for row in rows]


def _gone(collection: Collection) -> NotFound:
    return NotFound(f"The collection {collection.name!r} is gone.", hint="castalia documents list shows them.")
