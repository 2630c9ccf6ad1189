"""Conversations, their turns and the words in them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables and the index of words."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(128), nullable=False),
        sa.Column("tip", sa.String(64)),
        sa.Column("branched_from", sa.String(64)),
        sa.Column("info", sa.JSON, nullable=False),
    )
    op.create_index("conversations_by_time", "conversations", ["updated"])
    op.create_table(
        "turns",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("answered", sa.JSON, nullable=False),
        sa.Column("trace", sa.JSON, nullable=False),
        sa.Column("results", sa.JSON, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("face", sa.JSON, nullable=False),
    )
    op.create_index("turns_by_conversation", "turns", ["conversation"])
    op.create_index("turns_by_parent", "turns", ["parent"])
    if op.get_bind().dialect.name == "postgresql":
        return  # there only documents are kept: conversations are searched by SQLite's own index
    op.execute(
        "create virtual table turn_words using fts5(turn unindexed, words, tokenize = 'unicode61 remove_diacritics 2')"
    )
