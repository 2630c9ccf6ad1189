"""Files, collections, documents, passages, their words and vectors."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WIDTH = 384


def upgrade() -> None:
    """Make the tables of documents; full text and vectors in the way of the database."""
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "files",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(256), nullable=False, unique=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("collection", sa.String(64), sa.ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.UniqueConstraint("collection", "name", name="one_document_of_a_name"),
    )
    op.create_table(
        "chunks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document", sa.String(64), sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer),
        sa.Column("heading", sa.Text, nullable=False),
    )
    op.create_index("chunks_by_document", "chunks", ["document"])
    if postgres:
        op.execute("create extension if not exists vector")
        op.execute(
            "create table chunk_vectors (chunk integer primary key references chunks (id) on delete cascade, "
            f"collection varchar(64) not null, vector vector({WIDTH}) not null)"
        )
        op.execute(
            "create table chunk_words (chunk integer primary key references chunks (id) on delete cascade, "
            "collection varchar(64) not null, words tsvector not null)"
        )
        op.execute("create index chunk_words_by_word on chunk_words using gin (words)")
    else:
        op.create_table(
            "chunk_vectors",
            sa.Column("chunk", sa.Integer, sa.ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("collection", sa.String(64), nullable=False),
            sa.Column("vector", sa.LargeBinary, nullable=False),
        )
        op.execute(
            "create virtual table chunk_words using fts5 "
            "(collection, heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        op.execute(
            "create trigger chunk_words_follow after delete on chunks "
            "begin delete from chunk_words where rowid = old.id; end"
        )
    op.create_index("chunk_vectors_by_collection", "chunk_vectors", ["collection"])
