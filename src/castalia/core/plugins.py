"""Plug-in discovery: built-in folders by scanning, outside packages by entry points.

A built-in plug-in is a folder with a ``spec.py`` that holds ``SPEC``. An outside package names the same thing in its
metadata, group ``castalia.engines``, ``castalia.families`` or ``castalia.modalities``, value ``package.spec:SPEC``.
Only ``spec.py`` is imported until an implementation is asked for.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Generic, TypeVar, cast

from castalia.core.errors import BadRequest, ConfigError, MissingExtra, NotFound
from castalia.core.specs import EngineSpec, FamilySpec, ModalitySpec, Spec

SpecT = TypeVar("SpecT", bound=Spec)


def resolve(import_string: str) -> object:
    """The object that ``"package.module:Name"`` names."""
    module, _, name = import_string.partition(":")
    return getattr(importlib.import_module(module), name)


class Catalogue(Generic[SpecT]):
    """All specs of one kind, by name."""

    def __init__(self, kind: str, package: str, spec_type: type[SpecT]) -> None:
        self.kind = kind
        self.package = package
        self.spec_type = spec_type
        self._specs: dict[str, SpecT] | None = None

    def specs(self) -> dict[str, SpecT]:
        """Every spec found, by name. Raises ConfigError when two claim one name."""
        if self._specs is None:
            found: dict[str, SpecT] = {}
            for spec in [*self._scanned(), *self._declared()]:
                if spec.name in found:
                    raise ConfigError(
                        f"Two {self.kind} plug-ins are named {spec.name!r}.", hint="Uninstall one of them."
                    )
                found[spec.name] = spec
            self._specs = dict(sorted(found.items()))
        return self._specs

    def spec(self, name: str) -> SpecT:
        """The spec of that name. Raises NotFound with the names there are."""
        specs = self.specs()
        if name not in specs:
            raise NotFound(f"There is no {self.kind} {name!r}.", hint=f"There are: {', '.join(specs)}.")
        return specs[name]

    def missing(self, name: str) -> list[str]:
        """The modules that a plug-in needs and that are not installed."""
        return [module for module in self.spec(name).requires if find_spec(module) is None]

    def implementation(self, name: str) -> type:
        """The class behind a spec, imported now. Raises MissingExtra with the pip command."""
        spec = self.spec(name)
        if not spec.implementation:
            raise BadRequest(f"The {self.kind} {name!r} cannot be trained.", hint="Choose another one.")
        missing = self.missing(name)
        if missing:
            wanted = f"castalia[{spec.extra}]" if spec.extra else " ".join(missing)
            raise MissingExtra(
                f"The {self.kind} {name!r} needs {', '.join(missing)}, which is not installed.",
                hint=f"pip install '{wanted}'",
            )
        return cast(type, resolve(spec.implementation))

    def forget(self) -> None:
        """Look again at the next use: for tests that install a plug-in while running."""
        self._specs = None

    def _scanned(self) -> list[SpecT]:
        package = importlib.import_module(self.package)
        names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg]
        folders = [f"{self.package}.{name}" for name in names if find_spec(f"{self.package}.{name}.spec")]
        return [self._checked(f"{folder}.spec:SPEC") for folder in folders]

    def _declared(self) -> list[SpecT]:
        return [self._checked(point.value) for point in entry_points(group=self.package)]

    def _checked(self, import_string: str) -> SpecT:
        spec = resolve(import_string)
        if not isinstance(spec, self.spec_type):
            raise ConfigError(
                f"{import_string} is not a {self.spec_type.__name__}.", hint=f"Correct or uninstall that {self.kind}."
            )
        return spec


@cache
def engines() -> Catalogue[EngineSpec]:
    """The catalogue of engines."""
    return Catalogue("engine", "castalia.engines", EngineSpec)


@cache
def families() -> Catalogue[FamilySpec]:
    """The catalogue of families."""
    return Catalogue("family", "castalia.families", FamilySpec)


@cache
def modalities() -> Catalogue[ModalitySpec]:
    """The catalogue of modalities."""
    return Catalogue("modality", "castalia.modalities", ModalitySpec)
