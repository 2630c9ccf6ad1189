"""Adapters and their bases: which process answers for which model."""

from castalia.core.errors import Conflict, NotFound
from castalia.core.models import Model
from castalia.serving.pool import Hosted
from castalia.store.registry import Registry

ADAPTER_OF, BASE_DIGEST = "adapter_of", "base_sha256"
"""In an adapter's details: the name of its base, and the SHA-256 of the weights that it was trained on."""
ENGINE = "llamacpp"
"""The engine that holds adapters beside weights."""


def is_adapter(model: Model) -> bool:
    """Whether a model is an adapter, which runs beside its base only."""
    return ADAPTER_OF in model.details


def adapters_of(registry: Registry, base: Model) -> list[Model]:
    """The adapters of a model."""
    return [model for model in registry.list() if model.details.get(ADAPTER_OF) == base.name]


def base_of(registry: Registry, adapter: Model) -> Model:
    """The model that an adapter belongs to. Raises NotFound, and Conflict when its weights have changed since."""
    name = str(adapter.details[ADAPTER_OF])
    try:
        base = registry.get(name)
    except NotFound:
        raise NotFound(
            f"{adapter.name} is an adapter of {name}, which is not here.", hint=f"Pull {name} again under that name."
        ) from None
    if not _fits(adapter, base):
        raise Conflict(
            f"{adapter.name} was trained on other weights than those that {name} has now.",
            hint=f"Pull the former {name} again, or fine-tune anew.",
        )
    return base


def hosted(registry: Registry, model: Model, engine: str) -> Hosted:
    """Whose process runs a model on an engine, and which adapters it is loaded with. Raises NotFound, Conflict."""
    if engine != ENGINE:
        return Hosted(model)
    base = base_of(registry, model) if is_adapter(model) else model
    beside = [one for one in adapters_of(registry, base) if _fits(one, base)]
    return Hosted(
        base,
        {one.name: str(one.folder / str(one.details["gguf"])) for one in beside},
        frozenset(_mark(one) for one in beside),
        _mark(model) if is_adapter(model) else "",
    )


def _fits(adapter: Model, base: Model) -> bool:
    return any(file.sha256 == adapter.details.get(BASE_DIGEST) for file in base.files)


def _mark(adapter: Model) -> str:
    return f"{adapter.name} {adapter.created.isoformat()}"
