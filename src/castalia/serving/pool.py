"""The pool of loaded models: loaded at first use, kept warm, unloaded when idle or when memory is short."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil

from castalia.core.config import EngineSettings
from castalia.core.contracts import Engine
from castalia.core.errors import NotFound
from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.engines.host import HostedEngine, open_engine
from castalia.serving.presence import announce, resident_bytes

Key = tuple[str, str, datetime, frozenset[str]]
"""Model name, engine name, when the model was made (another one may have got its name since), and the adapters that
were loaded beside it."""


@dataclass(frozen=True)
class Hosted:
    """Whose process answers for a model: its own, or for an adapter its base's.

    ``adapters`` are the files of all that the base is to be loaded with, by name; ``marks`` name each with the time
    when it was made, and ``mark`` is that of the model itself, empty for one that is no adapter.
    """

    model: Model
    adapters: dict[str, str] = field(default_factory=dict[str, str])
    marks: frozenset[str] = frozenset()
    mark: str = ""


Hosting = Callable[[Model, str], Hosted]


def _alone(model: Model, engine: str) -> Hosted:  # noqa: ARG001 - the signature of Hosting
    return Hosted(model)


@dataclass
class Slot:
    """A place for one loaded model; ``users`` counts the generations that run on it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    engine: Engine | None = None
    presence: Path | None = None
    users: int = 0
    used: float = field(default_factory=time.monotonic)
    load_seconds: float = 0.0


class Pool:
    """Loaded models by name and engine.

    A model in use is never unloaded. A model whose process has died is loaded anew by the next request. ``hosting``
    tells which models share a process: adapters are answered by their base's. One that was made after the base was
    loaded starts the base anew, once, with all adapters there are; answers under way end with the old one.
    """

    def __init__(
        self,
        settings: EngineSettings,
        home: Path,
        assets: Callable[[], dict[str, Path]] = dict,
        hosting: Hosting = _alone,
    ) -> None:
        self.settings = settings
        self.hosting = hosting
        self.assets = assets
        self.run_folder = home / "run"
        self.cache = home / "cache"
        self._slots: dict[Key, Slot] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lease(self, model: Model, engine: str, loaded: Callable[[float], None] | None = None) -> Generator[Engine]:
        """The engine with that model loaded, for the length of the ``with``.

        ``loaded`` is told the seconds that loading took, 0 when it was warm.
        """
        hosted = self.hosting(model, engine)
        with self._lock:
            key = self._key(hosted, engine)
            slot = self._slots.setdefault(key, Slot())
            slot.users += 1
            replaced = [other for other in self._slots if other[:2] == key[:2] and other != key]
        for other in replaced:
            self._unload_if_idle(other)
        try:
            with slot.lock:
                warm = slot.engine is not None and _alive(slot.engine)
                if not warm:
                    self._unload(slot)
                    self._load(slot, hosted, engine)
                ready = slot.engine
            assert ready is not None  # noqa: S101 - loaded above, and a slot in use is never unloaded
            if loaded is not None:
                loaded(0.0 if warm else slot.load_seconds)
            yield ready
        finally:
            with self._lock:
                slot.users -= 1
                slot.used = time.monotonic()

    def loaded(self) -> list[tuple[str, str]]:
        """Name and engine of each model that is in memory now."""
        with self._lock:
            return [key[:2] for key, slot in self._slots.items() if slot.engine is not None and _alive(slot.engine)]

    def in_use(self, name: str) -> bool:
        """Whether a generation runs on that model."""
        with self._lock:
            return any(slot.users > 0 for key, slot in self._slots.items() if key[0] == name)

    def unload(self, name: str) -> None:
        """Free a model that nobody uses. Raises NotFound when it is not loaded or is in use."""
        with self._lock:
            keys = [key for key, slot in self._slots.items() if key[0] == name and slot.engine is not None]
        unloaded = [self._unload_if_idle(key) for key in keys]
        if not any(unloaded):
            raise NotFound(f"{name!r} is not loaded, or is in use.", hint="castalia ps lists what is loaded.")

    def sweep(self) -> None:
        """Unload what has been idle for longer than the settings allow."""
        limit = time.monotonic() - self.settings.idle_minutes * 60
        with self._lock:
            idle = [key for key, slot in self._slots.items() if slot.users == 0 and slot.used < limit]
        for key in idle:
            self._unload_if_idle(key)

    def close(self) -> None:
        """Unload everything."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            with slot.lock:
                self._unload(slot)

    def _key(self, hosted: Hosted, engine: str) -> Key:
        """The newest place where the model and, for an adapter, this one are loaded; else a place with all adapters."""
        model = hosted.model
        for key in reversed(self._slots):
            if key[:3] == (model.name, engine, model.created) and (not hosted.mark or hosted.mark in key[3]):
                return key
        return (model.name, engine, model.created, hosted.marks)

    def _load(self, slot: Slot, hosted: Hosted, engine: str) -> None:
        model = hosted.model
        self._make_room(model)
        options: dict[str, object] = {
            "threads": self.settings.threads,
            "context": self.settings.context,
            "slots": self.settings.slots,
            "cache": str(self.cache / "converted"),
            "assets": {name: str(folder) for name, folder in self.assets().items()},
            "adapters": hosted.adapters,
        }
        started = time.monotonic()
        slot.engine = open_engine(engines().spec(engine), model, options, self.settings.start_timeout)
        slot.load_seconds = time.monotonic() - started
        if isinstance(slot.engine, HostedEngine):
            slot.presence = announce(self.run_folder, slot.engine.pid, model.name, engine)

    def _unload(self, slot: Slot) -> None:
        if slot.engine is not None:
            slot.engine.close()
            slot.engine = None
        if slot.presence is not None:
            slot.presence.unlink(missing_ok=True)
            slot.presence = None

    def _unload_if_idle(self, key: Key) -> bool:
        with self._lock:
            slot = self._slots.get(key)
            if slot is None or slot.users > 0:
                return False
            del self._slots[key]
        with slot.lock:
            self._unload(slot)
        return True

    def _make_room(self, model: Model) -> None:
        budget = self.settings.memory_gb * 1e9 or psutil.virtual_memory().total * 0.75
        # a loaded model takes its file and about as much again for caches and buffers
        wanted = 2 * model.size
        while self._memory() + wanted > budget:
            with self._lock:
                idle = [key for key, slot in self._slots.items() if slot.users == 0 and slot.engine is not None]
                oldest = min(idle, key=lambda key: self._slots[key].used, default=None)
            if oldest is None or not self._unload_if_idle(oldest):
                return  # all others are at work: the machine's memory decides

    def _memory(self) -> int:
        with self._lock:
            loaded = [slot.engine for slot in self._slots.values()]
        return sum(resident_bytes(engine.pid) or 0 for engine in loaded if isinstance(engine, HostedEngine))


def _alive(engine: Engine) -> bool:
    return engine.alive if isinstance(engine, HostedEngine) else True
