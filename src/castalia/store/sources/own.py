"""Starter models that were trained here: in the package ``castalia-starter``, or in a checkout beside our source."""

import importlib.util
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from castalia.core.events import Progress
from castalia.store.sources import local
from castalia.store.sources.staging import Fetched, digest_of, sha256_of

PACKAGE = "castalia_starter"
CHECKOUT = Path(__file__).parents[4] / "starter" / "src" / PACKAGE
FACTS = "starter.json"
"""Beside each artifact: its aliases, description, licence and recommended options."""


@dataclass(frozen=True)
class OwnModel:
    """One artifact of the package."""

    name: str
    folder: Path
    aliases: tuple[str, ...]
    description: str
    licence: str
    options: dict[str, object]

    @property
    def source(self) -> str:
        """Its origin, in words that can be pulled again."""
        return f"starter:{self.name}"

    @property
    def digest(self) -> str:
        """What `Fetched.digest` will be."""
        return digest_of({name: sha256_of(path) for name, path in local.files_of(self.folder).items()})


def own_models() -> tuple[OwnModel, ...]:
    """All of them, sorted by name; none when neither package nor checkout has any."""
    root = models_folder()
    return tuple(_read(path.parent) for path in sorted(root.glob(f"*/{FACTS}"))) if root is not None else ()


def is_there() -> bool:
    """Whether there is a package or a checkout at all."""
    return importlib.util.find_spec(PACKAGE) is not None or CHECKOUT.is_dir()


def models_folder() -> Path | None:
    """Where they lie: the installed package first."""
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [Path(place) / "models" for place in (*places, CHECKOUT)]
    return next((place for place in found if place.is_dir()), None)


def fetch(model: OwnModel, target: Path) -> Generator[Progress, None, Fetched]:
    """Copy it. Raises StorageError when the disk is full."""
    copied = yield from local.fetch(model.folder, target)
    return Fetched(target, model.source, model.licence, model.description, copied.files)


def _read(folder: Path) -> OwnModel:
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    return OwnModel(
        name=folder.name,
        folder=folder,
        aliases=tuple(facts["aliases"]),
        description=facts["description"],
        licence=facts["licence"],
        options=facts.get("options", {}),
    )
