"""Training runs: what was started, how it stands, which model came of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from castalia.core.errors import CastaliaError, NotFound
from castalia.store.database import Database
from castalia.store.tables import runs

State = Literal["running", "stopped", "failed", "done"]


@dataclass(frozen=True)
class Run:
    """One training; ``plan`` is the whole `castalia.training.plan.TrainingPlan` as data."""

    id: str
    created: datetime
    state: State
    plan: dict[str, object]
    model: str | None
    error: dict[str, object] | None


class Runs:
    """The table of runs; their folders lie in ``<home>/runs/<id>``."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def start(self, id: str, plan: dict[str, object]) -> None:
        """A new run, or one resumed: its state becomes ``running``."""
        with self.database.begin() as connection:
            connection.execute(sa.delete(runs).where(runs.c.id == id))
            connection.execute(sa.insert(runs).values(id=id, created=datetime.now(UTC), state="running", plan=plan))

    def finish(self, id: str, state: State, model: str | None = None, error: CastaliaError | None = None) -> None:
        """Write down how it ended."""
        values = {"state": state, "model": model, "error": None if error is None else error.as_dict()}
        with self.database.begin() as connection:
            connection.execute(sa.update(runs).where(runs.c.id == id).values(values))

    def get(self, id: str) -> Run:
        """The run of that id. Raises NotFound."""
        with self.database.begin() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no run {id!r}.", hint="castalia ps --runs lists them.")
        return Run(**row)

    def list(self) -> list[Run]:
        """All runs, the newest first."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(runs).order_by(runs.c.created.desc())).mappings().all()
        return [Run(**row) for row in rows]
