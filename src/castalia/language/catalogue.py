"""Every task there is, by name: the modules of `castalia.language.tasks` that hold ``TASK``."""

import importlib
import pkgutil
from functools import cache

from castalia.core.errors import ConfigError, NotFound
from castalia.language import tasks as folder
from castalia.language.task import Task


@cache
def tasks() -> dict[str, Task]:
    """All tasks, by name. Raises ConfigError for a module without a ``TASK`` of its own name."""
    found: dict[str, Task] = {}
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda module: module.name):
        task = getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "TASK", None)
        if not isinstance(task, Task) or task.name != module.name:
            raise ConfigError(f"{module.name}.py holds no TASK of that name.", hint="Correct or remove that file.")
        found[task.name] = task
    return found


def task_named(name: str) -> Task:
    """The task of that name. Raises NotFound with the names there are."""
    if name not in tasks():
        raise NotFound(f"There is no task {name!r}.", hint=f"There are: {', '.join(tasks())}.")
    return tasks()[name]
