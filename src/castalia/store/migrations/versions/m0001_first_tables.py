"""Models, aliases, results and runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first four tables."""
    op.create_table(
        "models",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.String(128), primary_key=True),
        sa.Column("model", sa.String(128), sa.ForeignKey("models.name", ondelete="CASCADE"), nullable=False),
    )
    op.create_table(
        "results",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("modality", sa.String(32)),
        sa.Column("model", sa.String(128)),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("review", sa.String(16)),
        sa.Column("review_note", sa.Text),
    )
    op.create_index("results_by_time", "results", ["created"])
    op.create_index("results_by_review", "results", ["review"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("model", sa.String(128)),
        sa.Column("error", sa.JSON),
    )
