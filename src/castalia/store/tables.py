"""The tables, in SQLAlchemy Core; `migrations/` brings an older database here."""

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

models = Table(
    "models",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("data", JSON, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
)

aliases = Table(
    "aliases",
    metadata,
    Column("alias", String(128), primary_key=True),
    Column("model", String(128), ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
)

results = Table(
    "results",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("status", String(16), nullable=False),
    Column("modality", String(32)),
    Column("model", String(128)),
    Column("request", JSON, nullable=False),
    Column("result", JSON),
    Column("error", JSON),
    Column("review", String(16)),
    Column("review_note", Text),
    Index("results_by_time", "created"),
    Index("results_by_review", "review"),
)
"""``status`` is the verdict's, or ``error``; ``review`` is null, ``open``, ``accepted`` or ``rejected``."""

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("state", String(16), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("model", String(128)),
    Column("error", JSON),
)
"""``state`` is ``running``, ``stopped``, ``failed`` or ``done``."""

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("updated", DateTime(timezone=True), nullable=False),
    Column("title", String(128), nullable=False),
    Column("tip", String(64)),
    Column("branched_from", String(64)),
    Column("info", JSON, nullable=False),
    Index("conversations_by_time", "updated"),
)
"""``tip`` is the newest turn, from which its parents lead back to the beginning; ``branched_from`` the turn at which it
left another conversation; ``info`` holds what a face keeps with it."""

turns = Table(
    "turns",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("conversation", String(64), ForeignKey("conversations.id"), nullable=False),
    Column("parent", String(64)),
    Column("said", JSON, nullable=False),
    Column("answered", JSON, nullable=False),
    Column("trace", JSON, nullable=False),
    Column("results", JSON, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("summary", Text),
    Column("face", JSON, nullable=False),
    Index("turns_by_conversation", "conversation"),
    Index("turns_by_parent", "parent"),
)
"""``said`` and ``answered`` are messages, ``results`` ids on the record, ``tokens`` the length of the conversation up
to here, ``summary`` stands for everything up to and with this turn, ``face`` is how the turn was asked for over HTTP.
Their words lie in the FTS5 table ``turn_words``, which SQLAlchemy does not know."""
