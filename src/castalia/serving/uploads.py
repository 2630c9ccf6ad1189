"""Files that come over HTTP: kept whole in the home folder, on the record, and taken into collections by their id."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import PurePath

import sqlalchemy as sa
from pydantic import BaseModel

from castalia.core.errors import NotFound, UnsupportedInput
from castalia.core.events import Progress
from castalia.core.requests import new_id
from castalia.language.documents.library import Added, Source
from castalia.language.documents.shelf import Collection
from castalia.serving.house import House
from castalia.store.locking import write_whole
from castalia.store.tables import files


class Upload(BaseModel):
    """A file that was sent: its own name is kept as data only, never as a path."""

    id: str
    created: datetime
    name: str
    purpose: str
    size: int
    path: str


def upload(house: House, data: bytes, name: str, purpose: str) -> Upload:
    """Keep the bytes. Raises UnsupportedInput for an empty file, StorageError."""
    if not data:
        raise UnsupportedInput(f"{name} is empty.", hint="Send its bytes.")
    fresh = new_id("file")
    plain = PurePath(name.replace("\\", "/")).name[:200] or "file"
    kept = Upload(
        id=fresh, created=datetime.now(UTC), name=plain, purpose=purpose, size=len(data), path=f"files/{fresh}"
    )
    write_whole(house.home / kept.path, data)
    with house.database.begin() as connection:
        connection.execute(files.insert().values(**kept.model_dump()))
    return kept


def uploads(house: House) -> list[Upload]:
    """All files, the newest first."""
    with house.database.begin() as connection:
        rows = connection.execute(sa.select(files).order_by(files.c.created.desc())).mappings()
        return [Upload.model_validate(dict(row)) for row in rows]


def upload_of(house: House, id: str) -> Upload:
    """One file. Raises NotFound."""
    with house.database.begin() as connection:
        row = connection.execute(sa.select(files).where(files.c.id == id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no file {id!r}.", hint="GET /v1/files lists them.")
    return Upload.model_validate(dict(row))


def forget_upload(house: House, id: str) -> None:
    """Delete a file, and its documents in every collection. Raises NotFound."""
    kept = upload_of(house, id)
    shelf = house.library.shelf
    for collection in shelf.collections():
        document = shelf.document(collection, id)
        if document is not None:
            shelf.remove(collection, document)
    with house.database.begin() as connection:
        connection.execute(files.delete().where(files.c.id == id))
    (house.home / kept.path).unlink(missing_ok=True)


def attach(house: House, collection: Collection, id: str, attributes: dict[str, object]) -> Generator[Progress | Added]:
    """Take a file into a collection. Raises NotFound."""
    kept = upload_of(house, id)
    details: dict[str, object] = {"file": kept.id, "filename": kept.name, "attributes": attributes}
    source = Source(house.home / kept.path, kept.id, kept.name, details)
    yield from house.library.add([source], collection)
