"""Words by a tsvector and ``ts_rank``, vectors by pgvector, both exact."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from castalia.core.contracts import Array
from castalia.language.documents.shelf import Collection, Found, Ids
from castalia.language.documents.terms import searchable
from castalia.modalities.sentences import WIDTH

SHORTER_IS_BETTER = 1
"""``ts_rank``'s flag that divides by 1 + the logarithm of the length."""


class PostgresIndex:
    """See `castalia.language.documents.shelf.Index`. Needs the extension ``vector``."""

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
            "insert into chunk_words (chunk, collection, words) values (:id, :collection, "
            "setweight(to_tsvector('english', :heading), 'B') || setweight(to_tsvector('english', :body), 'B'))"
        )
        rows = [
            {"id": one, "collection": collection, "heading": searchable(heading), "body": searchable(text)}
            for one, (heading, text) in zip(ids, passages, strict=True)
        ]
        connection.execute(words, rows)
        near = sa.text(
            "insert into chunk_vectors (chunk, collection, vector) values (:id, :collection, cast(:vector as vector))"
        )
        packed = [
            {"id": one, "collection": collection, "vector": _literal(row)}
            for one, row in zip(ids, vectors, strict=True)
        ]
        connection.execute(near, packed)

    def by_words(
        self, connection: sa.Connection, collection: str, terms: Sequence[str], most: int, within: Ids | None
    ) -> Found:
        """By ``ts_rank``: PostgreSQL has no BM25, and its ranking knows no rarity of words."""
        query = sa.text(
            "with asked as (select (select string_agg(t::text, ' | ') from unnest(cast(:terms as text[])) as w, "
            "lateral (select plainto_tsquery('english', w) as t) as q where t::text <> '')::tsquery as query) "
            "select chunk, ts_rank(words, query, :flag) as score from chunk_words, asked "
            "where collection = :collection and words @@ query "
            "and (cast(:within as bigint[]) is null or chunk = any(cast(:within as bigint[]))) "
            "order by score desc, chunk limit :most"
        )
        values: dict[str, object] = {
            "terms": list(terms),
            "flag": SHORTER_IS_BETTER,
            "collection": collection,
            "most": most,
        }
        values["within"] = None if within is None else within.tolist()
        rows = connection.execute(query, values).all()
        return Found(np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.float32))

    def by_vector(
        self, connection: sa.Connection, collection: Collection, vector: Array, most: int, within: Ids | None
    ) -> Found:
        """By the inner product of unit vectors, without an approximate index."""
        query = sa.text(
            "select chunk, -(vector <#> cast(:vector as vector)) as score from chunk_vectors "
            "where collection = :collection "
            "and (cast(:within as bigint[]) is null or chunk = any(cast(:within as bigint[]))) "
            "order by vector <#> cast(:vector as vector), chunk limit :most"
        )
        values: dict[str, object] = {"vector": _literal(vector), "collection": collection.id, "most": most}
        values["within"] = None if within is None else within.tolist()
        rows = connection.execute(query, values).all()
        return Found(np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.float32))

    def vectors(self, connection: sa.Connection, collection: Collection, ids: Ids) -> Array:
        """The vectors of these passages."""
        query = sa.text(
            "select chunk, cast(vector as text) from chunk_vectors where collection = :collection and chunk = any(:ids)"
        )
        values = {"collection": collection.id, "ids": ids.tolist()}
        known = {row[0]: np.fromstring(row[1][1:-1], np.float32, sep=",") for row in connection.execute(query, values)}
        return np.array([known[one] for one in ids.tolist()], np.float32).reshape(-1, WIDTH)


def _literal(vector: Array) -> str:
    return "[" + ",".join(f"{value:.8g}" for value in vector) + "]"
