"""Words by FTS5's BM25, vectors by an exact scan of a matrix that is read from the database once for each change."""

import json
from collections.abc import Sequence
from threading import Lock

import numpy as np
import sqlalchemy as sa

from castalia.core.contracts import Array
from castalia.language.documents.shelf import Collection, Found, Ids
from castalia.language.documents.terms import searchable
from castalia.modalities.sentences import WIDTH
from castalia.store.tables import chunk_vectors

MOST_SCORED = 12_000
"""Passages that are scored for one question, about."""
MOST_KEPT = 4
"""Collections whose matrix is kept in memory: 1,536 bytes a passage."""


class SqliteIndex:
    """See `castalia.language.documents.shelf.Index`."""

    def __init__(self) -> None:
        self._matrices: dict[str, tuple[int, Ids, Array]] = {}
        self._lock = Lock()

    def add(
        self,
        connection: sa.Connection,
        collection: str,
        ids: Sequence[int],
        passages: Sequence[tuple[str, str]],
        vectors: Array,
    ) -> None:
        """Take in passages and their vectors."""
        words = sa.text(
            "insert into chunk_words (rowid, collection, heading, body) values (:id, :mark, :heading, :body)"
        )
        rows = [
            {"id": one, "mark": _mark(collection), "heading": searchable(heading), "body": searchable(text)}
            for one, (heading, text) in zip(ids, passages, strict=True)
        ]
        connection.execute(words, rows)
        packed = vectors.astype("<f4")
        connection.execute(
            chunk_vectors.insert(),
            [
                {"chunk": one, "collection": collection, "vector": row.tobytes()}
                for one, row in zip(ids, packed, strict=True)
            ],
        )

    def by_words(
        self, connection: sa.Connection, collection: str, terms: Sequence[str], most: int, within: Ids | None
    ) -> Found:
        """By BM25 over heading and text; the column of the collection's mark has no weight.

        Of many passages only those with the rarer terms are scored: frequent ones hardly move the order.
        """
        several = int(connection.execute(sa.text("select count(*) from collections")).scalar() or 0) > 1
        inside = f"collection : {_mark(collection)} AND " if several else ""
        kept = _rarer(connection, terms)
        query = sa.text(
            "select rowid, -bm25(chunk_words, 0.0, 1.0, 1.0) as score from chunk_words "
            "where chunk_words match :match "
            "and (:within is null or rowid in (select value from json_each(:within))) order by score desc limit :most"
        )
        asked = " OR ".join(f'"{term}"' for term in kept)
        among = None if within is None else json.dumps(within.tolist())
        values = {"match": f"{inside}{{heading body}} : ({asked})", "most": most, "within": among}
        rows = connection.execute(query, values).all()
        return Found(np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.float32))

    def by_vector(
        self, connection: sa.Connection, collection: Collection, vector: Array, most: int, within: Ids | None
    ) -> Found:
        """By one product of the whole matrix with the vector."""
        ids, matrix = self._matrix(connection, collection.id)
        if within is not None:
            kept = np.isin(ids, within)
            ids, matrix = ids[kept], matrix[kept]
        scores: Array = matrix @ vector
        best = np.argpartition(-scores, most)[:most] if len(scores) > most else np.arange(len(scores))
        order = best[np.argsort(-scores[best], kind="stable")]
        return Found(ids[order], scores[order])

    def vectors(self, connection: sa.Connection, collection: Collection, ids: Ids) -> Array:
        """The rows of the matrix."""
        known, matrix = self._matrix(connection, collection.id)
        return matrix[np.searchsorted(known, ids)]

    def _matrix(self, connection: sa.Connection, collection: str) -> tuple[Ids, Array]:
        """Ids in order and vectors (n, 384) as they stand in this transaction."""
        with self._lock:
            version = int(
                connection.execute(
                    sa.text("select version from collections where id = :id"), {"id": collection}
                ).scalar()
                or 0
            )
            kept = self._matrices.pop(collection, None)
            if kept is None or kept[0] != version:
                query = sa.select(chunk_vectors.c.chunk, chunk_vectors.c.vector)
                rows = connection.execute(
                    query.where(chunk_vectors.c.collection == collection).order_by(chunk_vectors.c.chunk)
                ).all()
                ids = np.array([row[0] for row in rows], np.int64)
                matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(-1, WIDTH)
                kept = (version, ids, matrix)
            self._matrices[collection] = kept
            while len(self._matrices) > MOST_KEPT:
                del self._matrices[next(iter(self._matrices))]
            return kept[1], kept[2]


def _rarer(connection: sa.Connection, terms: Sequence[str]) -> list[str]:
    """The terms from the rarest on, as long as the passages that hold them are few enough to score; at least one."""
    count = sa.text("select count(*) from (select 1 from chunk_words where chunk_words match :term limit :most)")
    rows = [
        (int(connection.execute(count, {"term": f'"{term}"', "most": MOST_SCORED}).scalar() or 0), place, term)
        for place, term in enumerate(terms)
    ]
    kept: list[str] = []
    total = 0
    for number, _, term in sorted(rows):
        total += number
        if kept and total > MOST_SCORED:
            break
        kept.append(term)
    return kept


def _mark(collection: str) -> str:
    """A word that stands for the collection in the index."""
    return "c" + "".join(sign for sign in collection if sign.isalnum())
