"""The tables, in SQLAlchemy Core; `migrations/` brings an older database here."""

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, MetaData, String, Table, Text

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
