"""The registry: models by name and alias."""

import re
from pathlib import Path

import sqlalchemy as sa

from castalia.core.errors import BadRequest, Conflict, NotFound
from castalia.core.models import Model
from castalia.store.database import Database
from castalia.store.tables import aliases, models

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
RESERVED = frozenset({"auto", "starter", "none"})


def check_name(name: str) -> str:
    """The name itself when it may name a model. Raises BadRequest."""
    if not NAME.fullmatch(name) or name in RESERVED or ".." in name:
        raise BadRequest(
            f"{name!r} cannot name a model.",
            hint="Use lower-case letters, digits, '.', '-' and '_', starting with a letter or digit; not 'auto'.",
        )
    return name


class Registry:
    """Models, kept in the database; their files lie in `Model.folder`.

    Folders inside ``home`` are kept relative to it, so that a home can be moved or copied.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home

    def add(self, model: Model, *, replace: bool = False) -> None:
        """Make a model known under its name and aliases. Raises Conflict when one is taken and ``replace`` is false.

        An alias moves to the newest model that claims it; a model's own name is never given away as an alias.
        """
        for name in (model.name, *model.aliases):
            check_name(name)
        inside = model.folder.is_relative_to(self.home)
        folder = model.folder.relative_to(self.home) if inside else model.folder
        data = {**model.model_dump(mode="json", exclude={"aliases"}), "folder": str(folder)}
        with self.database.begin() as connection:
            if self._exists(connection, model.name):
                if not replace:
                    raise Conflict(
                        f"A model named {model.name!r} is there already.",
                        hint=f"Choose another name, or remove it first: castalia rm {model.name}",
                    )
                connection.execute(sa.delete(models).where(models.c.name == model.name))
            connection.execute(sa.delete(aliases).where(aliases.c.alias == model.name))
            connection.execute(sa.insert(models).values(name=model.name, data=data, created=model.created))
            for alias in model.aliases:
                self._point(connection, alias, model.name)

    def get(self, name: str) -> Model:
        """The model of that name or alias. Raises NotFound with the nearest names."""
        with self.database.begin() as connection:
            target = connection.execute(sa.select(aliases.c.model).where(aliases.c.alias == name)).scalar() or name
            data = connection.execute(sa.select(models.c.data).where(models.c.name == target)).scalar()
            if data is not None:
                return self._model(connection, data)
        raise self._unknown(name)

    def list(self) -> list[Model]:
        """All models, the oldest first."""
        with self.database.begin() as connection:
            rows = connection.execute(sa.select(models.c.data).order_by(models.c.created, models.c.name))
            return [self._model(connection, data) for data in rows.scalars().all()]

    def remove(self, name: str) -> Model:
        """Forget a model and its aliases; its files stay. Raises NotFound. Returns what was removed."""
        model = self.get(name)
        with self.database.begin() as connection:
            connection.execute(sa.delete(models).where(models.c.name == model.name))
        return model

    def alias(self, name: str, alias: str) -> None:
        """Let ``alias`` mean the model ``name``. Raises NotFound, BadRequest, Conflict."""
        check_name(alias)
        target = self.get(name).name
        with self.database.begin() as connection:
            self._point(connection, alias, target)

    def folders(self) -> set[Path]:
        """The folders of all models: what else lies beside them is left over."""
        return {model.folder for model in self.list()}

    def _point(self, connection: sa.Connection, alias: str, name: str) -> None:
        if self._exists(connection, alias):
            raise Conflict(f"{alias!r} is the name of a model.", hint="Choose another alias.")
        connection.execute(sa.delete(aliases).where(aliases.c.alias == alias))
        connection.execute(sa.insert(aliases).values(alias=alias, model=name))

    def _exists(self, connection: sa.Connection, name: str) -> bool:
        return connection.execute(sa.select(models.c.name).where(models.c.name == name)).first() is not None

    def _model(self, connection: sa.Connection, data: dict[str, object]) -> Model:
        rows = connection.execute(sa.select(aliases.c.alias).where(aliases.c.model == data["name"]))
        folder = self.home / str(data["folder"])
        return Model.model_validate({**data, "folder": folder, "aliases": sorted(rows.scalars().all())})

    def _unknown(self, name: str) -> NotFound:
        from difflib import get_close_matches

        names = [known for model in self.list() for known in (model.name, *model.aliases)]
        near = get_close_matches(name, names, n=3, cutoff=0.4)
        if near:
            return NotFound(f"There is no model {name!r}.", hint=f"Did you mean {' or '.join(near)}? See castalia ls.")
        return NotFound(
            f"There is no model {name!r}.", hint="castalia ls lists all; castalia pull starter gets the first."
        )
