"""What `castalia doctor` looks at."""

import os
import platform
import shutil
from collections.abc import Iterator
from typing import Literal

import psutil
from pydantic import BaseModel

from castalia.core.machine import usable_cores
from castalia.core.plugins import Catalogue, engines, families, modalities
from castalia.core.specs import Spec
from castalia.serving.house import House

LOW_DISK = 2e9
"""Bytes: less than this and neither a pull nor a training is likely to end well."""


class Finding(BaseModel):
    """One thing looked at; ``hint`` is what to do about it."""

    subject: str
    state: Literal["good", "note", "bad"]
    text: str
    hint: str = ""


def examine(house: House) -> list[Finding]:
    """Machine, home folder, plug-ins, models and unfinished work. Raises StorageError for a damaged database."""
    return [*_machine(house), *_plugins(), *_models(house), *_leftovers(house)]


def _machine(house: House) -> Iterator[Finding]:
    cores, memory = usable_cores(), psutil.virtual_memory().total / 1e9
    yield Finding(
        subject="machine", state="good", text=f"Python {platform.python_version()}, {cores} cores, {memory:.0f} GB"
    )
    free = shutil.disk_usage(house.home).free
    low = free < LOW_DISK
    yield Finding(
        subject="disk",
        state="bad" if low else "good",
        text=f"{free / 1e9:.1f} GB free in {house.home}",
        hint="Free some space, or set CASTALIA_HOME to a larger disk." if low else "",
    )


def _plugins() -> Iterator[Finding]:
    catalogues: list[Catalogue[Spec]] = [engines(), families(), modalities()]  # pyright: ignore[reportAssignmentType]
    for catalogue in catalogues:
        for name, spec in catalogue.specs().items():
            missing = catalogue.missing(name)
            subject = f"{catalogue.kind} {name}"
            if missing:
                wanted = f"castalia[{spec.extra}]" if spec.extra else " ".join(missing)
                text = f"not installed: {', '.join(missing)}"
                yield Finding(subject=subject, state="note", text=text, hint=f"pip install '{wanted}'")
            else:
                yield Finding(subject=subject, state="good", text=spec.summary)


def _models(house: House) -> Iterator[Finding]:
    models = house.registry.list()
    if not models:
        yield Finding(subject="models", state="note", text="there are none yet", hint="castalia pull starter")
    for model in models:
        lost = [file.path for file in model.files if not _has_size(model.folder / file.path, file.size)]
        if lost:
            text = f"missing or changed files: {', '.join(lost)}"
            hint = f"castalia rm {model.name}, then get it again"
            yield Finding(subject=f"model {model.name}", state="bad", text=text, hint=hint)
        else:
            yield Finding(
                subject=f"model {model.name}", state="good", text=f"{model.size / 1e6:.1f} MB, {model.engine}"
            )


def _has_size(path: os.PathLike[str], size: int) -> bool:
    try:
        return os.stat(path).st_size == size  # noqa: PTH116 - one call answers both questions
    except FileNotFoundError:
        return False


def _leftovers(house: House) -> Iterator[Finding]:
    for run in house.runs.list():
        if run.state != "done":
            text = f"{run.state}, of {run.plan.get('source')}"
            yield Finding(subject=f"run {run.id}", state="note", text=text, hint=f"castalia train --resume {run.id}")
    known = house.registry.folders()
    folders = house.models_folder.iterdir() if house.models_folder.is_dir() else iter(())
    for folder in folders:
        if folder not in known and not folder.name.startswith("."):
            hint = "It can be deleted."
            yield Finding(subject="models folder", state="note", text=f"{folder.name} belongs to no model", hint=hint)
