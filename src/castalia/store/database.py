"""The database: SQLite in WAL mode by default, the same code on any SQLAlchemy URL."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from castalia.core.errors import StorageError
from castalia.store.locking import locked

HEAD = "0003"
"""The newest migration; compared at start so that Alembic is imported only when there is something to do."""


class Database:
    """A connection pool over a database that is brought up to date when opened.

    Raises StorageError when the file is damaged, from a newer Castalia, or cannot be written.
    """

    def __init__(self, url: str, lock_folder: Path) -> None:
        self.url = url
        self.engine = sa.create_engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _set_pragmas)
        self._migrate(lock_folder)

    @classmethod
    def at(cls, home: Path) -> "Database":
        """The SQLite database of a home folder, made when missing."""
        return cls(f"sqlite:///{home / 'castalia.db'}", home)

    @contextmanager
    def begin(self) -> Generator[sa.Connection]:
        """One transaction; whatever the database refuses comes out as StorageError."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise _as_storage_error(error, self.url) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _version(self) -> str | None:
        with self.begin() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("select version_num from alembic_version")).scalar()

    def _migrate(self, lock_folder: Path) -> None:
        if self._version() == HEAD:
            return
        with locked(lock_folder / "migration.lock"):
            version = self._version()
            if version == HEAD:
                return
            if version is not None and version > HEAD:
                raise StorageError(
                    f"The database is at version {version}, newer than this Castalia's {HEAD}.",
                    hint="Upgrade Castalia: pip install -U castalia.",
                )
            from alembic import command
            from alembic.config import Config

            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            with self.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _set_pragmas(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000", "foreign_keys=ON"):
        connection.execute(f"pragma {pragma}")


def _as_storage_error(error: DatabaseError, url: str) -> StorageError:
    reason = str(error.orig)
    if "full" in reason:
        return StorageError("The disk is full; nothing was stored.", hint="Free some space and ask again.")
    if "malformed" in reason or "not a database" in reason:
        return StorageError(
            f"The database {url} is damaged: {reason}.",
            hint="Restore it from a backup, or move it away to start afresh.",
        )
    if "readonly" in reason or "unable to open" in reason:
        return StorageError(f"The database {url} cannot be written: {reason}.", hint="Check the folder's permissions.")
    return StorageError(f"The database refused: {reason}.", hint="`castalia doctor` looks for the cause.")
