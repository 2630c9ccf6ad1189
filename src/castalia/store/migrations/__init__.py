"""Alembic's folder: `env.py` runs it, `versions/` only ever grows."""
