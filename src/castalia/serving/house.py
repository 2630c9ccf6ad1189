"""A house: everything that belongs to one home folder, opened at first use."""

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from castalia.core.assets import SENTENCE_VECTORS, SOURCES
from castalia.core.config import Settings, load
from castalia.store.blobs import Blobs
from castalia.store.conversations import Conversations
from castalia.store.database import Database
from castalia.store.history import Experience, History
from castalia.store.locking import storage_errors
from castalia.store.registry import Registry
from castalia.store.runs import Runs

if TYPE_CHECKING:
    from castalia.choosing.chooser import Chooser
    from castalia.choosing.corrections import Corrections
    from castalia.guarding.guard import Guard
    from castalia.language.documents.citing import Check
    from castalia.language.documents.library import Library
    from castalia.serving.pool import Pool

FRESH = 30.0
"""Seconds for which what the record says of models is not read again."""


class House:
    """The rooms of one home folder, each imported when it is first entered: `castalia ls` needs no chooser. Use it
    as a context manager, or ``close`` it: loaded models are processes.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load().settings
        self.home = self.settings.home.expanduser().resolve()
        with storage_errors(str(self.home)):
            self.home.mkdir(parents=True, exist_ok=True)
        self._experiences: tuple[float, dict[str, Experience]] | None = None

    @cached_property
    def database(self) -> Database:
        """The database, brought up to date."""
        return Database.at(self.home)

    @cached_property
    def registry(self) -> Registry:
        """The models."""
        return Registry(self.database, self.home)

    @cached_property
    def history(self) -> History:
        """Requests and results."""
        return History(self.database)

    @cached_property
    def conversations(self) -> Conversations:
        """Conversations and their turns."""
        return Conversations(self.database)

    @cached_property
    def runs(self) -> Runs:
        """Trainings."""
        return Runs(self.database)

    @cached_property
    def blobs(self) -> Blobs:
        """Media by hash."""
        return Blobs(self.home / "blobs")

    @cached_property
    def pool(self) -> "Pool":
        """Loaded models."""
        from castalia.serving.hosting import hosted
        from castalia.serving.pool import Pool

        return Pool(
            self.settings.engines, self.home, self.assets, lambda model, engine: hosted(self.registry, model, engine)
        )

    @cached_property
    def guard(self) -> "Guard":
        """The guard with this house's policies."""
        from castalia.guarding.guard import Guard

        return Guard(self.settings.guard)

    @cached_property
    def chooser(self) -> "Chooser":
        """The chooser with this house's settings."""
        from castalia.choosing.chooser import Chooser

        return Chooser(self.settings.chooser, self.corrections)

    @cached_property
    def library(self) -> "Library":
        """Documents to answer from, in the database that the settings name."""
        from castalia.language.documents.library import Library
        from castalia.language.documents.shelf import Shelf

        url = self.settings.documents.url
        database = self.database if url is None else Database(url.get_secret_value(), self.home)
        return Library(Shelf(database), self.assets().get(SENTENCE_VECTORS))

    @cached_property
    def checker(self) -> "Check | None":
        """What asks the model that ``documents.checker`` names, see `castalia.serving.checking`."""
        from castalia.serving.checking import checker

        return checker(self)

    @cached_property
    def corrections(self) -> "Corrections":
        """What a person said against the chooser's choices."""
        from castalia.choosing.corrections import Corrections

        return Corrections(self.home)

    def experiences(self) -> dict[str, Experience]:
        """What the record says of each model, at most half a minute old."""
        now = time.monotonic()
        if self._experiences is None or now - self._experiences[0] > FRESH:
            self._experiences = (now, self.history.experience())
        return self._experiences[1]

    def assets(self) -> dict[str, Path]:
        """Where the files that models share lie, see `castalia.core.assets`."""
        return {model.format: model.folder for model in self.registry.list() if model.format in SOURCES}

    @property
    def models_folder(self) -> Path:
        """Where the files of models lie, one folder each."""
        return self.home / "models"

    def close(self) -> None:
        """Unload all models and close the database."""
        if "pool" in self.__dict__:
            self.pool.close()
        if "library" in self.__dict__:
            self.library.shelf.database.close()
        if "database" in self.__dict__:
            self.database.close()

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
